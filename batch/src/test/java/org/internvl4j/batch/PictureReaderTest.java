package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.internvl4j.media.DecodingMemory;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// No row takes the memory of the others, or of the batch.
class PictureReaderTest {
  private static final int SIDE = 300; // 1,080,000 bytes while it is decoded
  private static final long ENOUGH = 1_500_000;

  @TempDir private Path temp;

  private Row.Item squares(int side, int count) {
    byte[] png = Pictures.png(Picture.ofRgb(side, side, new byte[3 * side * side]));
    PictureSource square = new PictureSource.OfBytes("square", png);
    return new Row.Item("row", Collections.nCopies(count, square), null);
  }

  private static PictureReader reader(long bytes) {
    return new PictureReader(PictureOptions.DEFAULT, new DecodingMemory(bytes));
  }

  @Test
  void rowsWaitForTheMemoryOfOthers() throws Exception {
    PictureReader reader = reader(ENOUGH);
    AtomicInteger reading = new AtomicInteger();
    List<Future<Integer>> rows = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 32; i++) {
        rows.add(
            threads.submit(() ->
                reader.read(
                    squares(SIDE, 1),
                    pictures -> {
                      int together = reading.incrementAndGet();
                      Tiling.squeeze(448).cut(pictures.getFirst());
                      reading.decrementAndGet();
                      return together;
                    })));
      }
    }
    for (Future<Integer> row : rows) {
      assertThat(row.get()).isEqualTo(1);
    }
  }

  @Test
  void whatNeedsMoreThanThereIsFails() throws Exception {
    PictureReader reader = reader(ENOUGH);
    assertThatThrownBy(() -> reader.read(squares(2 * SIDE, 1), List::size))
        .isInstanceOf(PictureException.class)
        .hasMessageStartingWith("row: needs 5 MiB of memory to be decoded, and there are 1 MiB");
    assertThatThrownBy(() -> reader.read(squares(SIDE, 9), List::size))
        .isInstanceOf(PictureException.class);
    assertThat(reader.<Integer>read(squares(SIDE, 1), List::size))
        .isEqualTo(1); // all was given back
  }

  @Test
  void anErrorOfMemoryIsTheRows() throws Exception {
    PictureReader reader = reader(ENOUGH);
    for (int i = 0; i < 9; i++) {
      assertThatThrownBy(() ->
              reader.read(
                  squares(SIDE, 1),
                  _ -> {
                    throw new OutOfMemoryError("Java heap space");
                  }))
          .isInstanceOf(PicturesException.class)
          .hasMessageContaining("not enough memory for its pictures (Java heap space)");
    }
    assertThat(reader.<Integer>read(squares(SIDE, 1), List::size)).isEqualTo(1);
  }

  @Test
  void picturesOfARowHaveALimitTogether() throws Exception {
    Path big = temp.resolve("big.png");
    Files.write(big, HostileFolderTest.png(9_990, 9_990));
    List<PictureSource> twenty = Collections.nCopies(20, new PictureSource.OfFile(big));
    assertThatThrownBy(
            () -> reader(Long.MAX_VALUE).read(new Row.Item("row", twenty, null), List::size))
        .isInstanceOf(PicturesException.class)
        .hasMessage(
            "row: its 20 pictures have more than 100000000 pixels together; shrink them or name fewer");
    Outcome.Failed failed = Failures.of(new PicturesException("row: …"));
    assertThat(failed).isEqualTo(Outcome.Failed.picture("row: …"));
  }

  @Test
  void whatFailedBesideOthersIsTriedAlone() throws Exception {
    PictureReader reader = reader(ENOUGH);
    AtomicInteger times = new AtomicInteger();
    int pictures =
        reader.<Integer>read(
            squares(SIDE, 1),
            read -> {
              if (times.incrementAndGet() == 1) {
                throw new OutOfMemoryError("Java heap space");
              }
              return read.size();
            });
    assertThat(pictures).isEqualTo(1);
    assertThat(times).hasValue(2);
  }
}
