package org.internvl4j.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.internvl4j.models.image.Picture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Stopped wherever it is, indexing goes on to the very bytes of a run that nobody disturbed.
class CutOffTest {
  private static final int KILLS = 20;
  private static final int PICTURES = 300;

  @TempDir Path temp;
  private Path index;

  @BeforeEach
  void name() {
    index = temp.resolve("index");
  }

  private Map<String, byte[]> undisturbed(Path photos) throws IOException {
    Path other = temp.resolve("undisturbed");
    Drawn.index(other, new Drawn.Model(), photos);
    return Drawn.bytes(other);
  }

  @Test
  void goesOnBehindEveryByteOfTheLog() throws IOException {
    Path photos = Drawn.folder(temp.resolve("photos"), 4);
    Map<String, byte[]> whole = undisturbed(photos);
    byte[] log = whole.get("log-1");
    byte[] vectors = whole.get("vectors-1.f32");
    SplittableRandom random = new SplittableRandom(1);
    for (int end = 0; end <= log.length; end++) {
      Files.createDirectories(index);
      Files.write(index.resolve("index.json"), whole.get("index.json"));
      Files.write(index.resolve("log-1"), Arrays.copyOf(log, end));
      byte[] more = Arrays.copyOf(vectors, random.nextInt(vectors.length, vectors.length + 99));
      Files.write(index.resolve("vectors-1.f32"), more); // vectors may be there without an entry
      Drawn.index(index, new Drawn.Model(), photos);
      assertThat(Drawn.bytes(index))
          .as("cut at %d", end)
          .usingRecursiveComparison()
          .isEqualTo(whole);
    }
  }

  @Test
  void survivesSigkillAtRandomPoints() throws Exception {
    Path photos = Drawn.folder(temp.resolve("photos"), PICTURES);
    Map<String, byte[]> whole = undisturbed(photos);
    int[] points =
        new SplittableRandom(20)
            .ints(KILLS, 0, whole.get("log-1").length * 9 / 10)
            .sorted()
            .toArray();
    Path log = index.resolve("log-1");
    int kills = 0;
    for (int point : points) {
      Process process = start(photos);
      while (process.isAlive() && (!Files.exists(log) || Files.size(log) <= point)) {
        Thread.sleep(1);
      }
      kills += process.isAlive() ? 1 : 0;
      process.destroyForcibly().waitFor();
    }
    assertThat(kills).isEqualTo(KILLS);
    assertThat(Files.size(log)).isLessThan(whole.get("log-1").length);
    Process last = start(photos);
    assertThat(last.waitFor()).isZero();
    assertThat(Drawn.bytes(index)).usingRecursiveComparison().isEqualTo(whole);
  }

  private Process start(Path photos) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            Slow.class.getName(),
            index.toString(),
            photos.toString())
        .inheritIO()
        .start();
  }

  /// Indexes at a pace that somebody can follow.
  static final class Slow {
    public static void main(String[] arguments) throws IOException {
      Drawn.Model model =
          new Drawn.Model() {
            @Override
            float[] vector(Picture picture) {
              try {
                TimeUnit.MILLISECONDS.sleep(2);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return super.vector(picture);
            }
          };
      Drawn.index(Path.of(arguments[0]), model, Path.of(arguments[1]));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 8, 300, 700, 701, 702, 703, 1300, 1500})
  void aFullDiskIsToldAndItGoesOnOnceThereIsRoom(int room) throws IOException {
    Path photos = Drawn.folder(temp.resolve("photos"), 20);
    Map<String, byte[]> whole = undisturbed(photos);
    int[] left = {room};
    Store.Opener full = (path, options) -> new FullDisk(FileChannel.open(path, options), left);
    List<String> told = new ArrayList<>();
    try (Indexer indexer =
        Indexer.open(index, new Drawn.Model(), IndexOptions.DEFAULT, IndexListener.NONE, full)) {
      assertThatThrownBy(() -> indexer.update(List.of(photos)))
          .isInstanceOf(IOException.class)
          .hasMessage(
              index
                  + ": cannot be written: No space left on device; what was indexed stays, run it"
                  + " again once that is mended");
      left[0] = room; // somebody made some, not enough
      assertThatThrownBy(() -> indexer.update(List.of(photos))).isInstanceOf(IOException.class);
    }
    assertThat(told).isEmpty();
    if (Files.size(index.resolve("log-1")) > 0) {
      try (Index found = Index.open(index)) {
        assertThat(found.pictures()).isLessThan(20);
      }
    }
    Drawn.Model model = new Drawn.Model();
    Indexed after = Drawn.index(index, model, photos);
    assertThat(after.pictures()).isEqualTo(20);
    assertThat(after.unchanged() + model.embedded).isEqualTo(20);
    assertThat(Drawn.bytes(index)).usingRecursiveComparison().isEqualTo(whole);
  }

  @Test
  void aFullDiskWhileCompactingLeavesTheOldIndex() throws IOException {
    Path photos = Drawn.folder(temp.resolve("photos"), 20);
    Map<String, byte[]> whole = undisturbed(photos);
    int[] left = {Integer.MAX_VALUE};
    try (Indexer indexer =
        Indexer.open(
            index,
            new Drawn.Model(),
            IndexOptions.DEFAULT,
            IndexListener.NONE,
            (path, options) -> new FullDisk(FileChannel.open(path, options), left))) {
      indexer.update(List.of(photos));
      left[0] = 900;
      assertThatThrownBy(indexer::compact).hasMessage("No space left on device");
      assertThat(Drawn.bytes(index)).usingRecursiveComparison().isEqualTo(whole);
      left[0] = Integer.MAX_VALUE;
      assertThat(indexer.update(List.of(photos)).unchanged()).isEqualTo(20);
    }
  }
}
