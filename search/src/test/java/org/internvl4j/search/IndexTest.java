package org.internvl4j.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.assertj.core.data.Offset;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.demo.Scenes;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.OpenOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What is found, in which order, and what files that are not an index say.
class IndexTest {
  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "7, 3, 5", "1000, 33, 10", "70000, 16, 100", "300, 768, 300"})
  void findsWhatALoopFinds(int count, int dimension, int most) throws IOException {
    float[][] vectors = Drawn.clusters(7, count, dimension, 20, 0.5);
    Drawn.index(temp, names(count), vectors);
    float[] query = Drawn.clusters(8, 1, dimension, 1, 1)[0];
    List<Integer> expected = byLoop(vectors, query).subList(0, Math.min(most, count));
    for (int threads : new int[] {1, 3}) {
      try (Index index = Index.open(temp, threads)) {
        List<Hit> hits = index.nearest(query, most);
        assertThat(hits)
            .extracting(Hit::path)
            .containsExactlyElementsOf(expected.stream().map(i -> names(count)[i]).toList());
        for (int i = 0; i < hits.size(); i++) {
          assertThat(hits.get(i).cosine())
              .isCloseTo(cosine(vectors[expected.get(i)], query), within(dimension));
        }
      }
    }
  }

  /// Two unit vectors rounded to f32, and a sum of their products.
  private static Offset<Double> within(int dimension) {
    return Offset.offset(0x1p-24 * (4 + dimension));
  }

  private static String[] names(int count) {
    return IntStream.range(0, count).mapToObj("%07d.png"::formatted).toArray(String[]::new);
  }

  private static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return ab / Math.sqrt(aa * bb);
  }

  private static List<Integer> byLoop(float[][] vectors, float[] query) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, vectors.length).boxed().toList());
    double[] cosines = Arrays.stream(vectors).mapToDouble(v -> cosine(v, query)).toArray();
    order.sort((a, b) -> Double.compare(cosines[b], cosines[a]));
    return order;
  }

  @Test
  void ofEqualOnesTheFirstPathComesFirst() throws IOException {
    float[] same = {1, 2};
    Drawn.index(
        temp,
        new String[] {"e", "b", "far", "d", "a", "c"},
        new float[][] {same, same, {-1, -2}, same, same, same});
    try (Index index = Index.open(temp)) {
      for (int most = 1; most <= 5; most++) {
        assertThat(index.nearest(same, most))
            .extracting(Hit::path)
            .containsExactlyElementsOf(List.of("a", "b", "c", "d", "e").subList(0, most));
      }
      assertThat(index.nearest(same, 6).getLast().path()).isEqualTo("far");
      assertThat(index.nearest(same, 6)).allMatch(hit -> Math.abs(hit.cosine()) <= 1);
      assertThatThrownBy(() -> index.nearest(new float[] {0, 0}, 1))
          .hasMessage("search: a query of 2 numbers without a direction, expected one of 2");
      assertThatThrownBy(() -> index.nearest(new float[] {1}, 1))
          .hasMessage("search: a query of 1 numbers, expected one of 2");
    }
  }

  @Test
  void anEmptyIndexFindsNothing() throws IOException {
    Path none = Files.createDirectories(temp.resolve("none"));
    Path index = temp.resolve("index");
    assertThat(Drawn.index(index, new Drawn.Model(), none).pictures()).isZero();
    try (Index found = Index.open(index)) {
      assertThat(found.nearest(Drawn.pixels(Drawn.picture(1)), 5)).isEmpty();
    }
  }

  /// The demo model sees what is alike.
  @Test
  void findsPicturesByTheTowerOfAChatModel() throws IOException {
    Path photos = Files.createDirectories(temp.resolve("photos"));
    for (int seed = 0; seed < 6; seed++) {
      Pictures.writePng(Scenes.shapes(seed).picture(), photos.resolve(seed + ".png"));
    }
    IndexModel demo = IndexModel.of("demo", DemoModel::checkpoint, OpenOptions.DEFAULT, null);
    Path folder = temp.resolve("index");
    try (Indexer indexer = Indexer.open(folder, demo, IndexOptions.DEFAULT, IndexListener.NONE)) {
      assertThat(indexer.update(List.of(photos)).embedded()).isEqualTo(6);
    }
    try (Index index = Index.open(folder);
        Embedder embedder = demo.open()) {
      index.requireSame(demo, IndexOptions.DEFAULT);
      assertThat(index.kind()).isEqualTo(Kind.VIT);
      float[] query = embedder.picture(Scenes.shapes(5).picture());
      List<Hit> hits = index.nearest(query, 6);
      assertThat(hits.getFirst().path()).endsWith("5.png");
      assertThat(hits.getFirst().cosine()).isGreaterThan(1 - 1e-6);
      assertThat(hits.get(1).cosine()).isLessThan(1 - 1e-6);
      float[] known = index.vector(Files.readAllBytes(photos.resolve("5.png")));
      assertThat(known).containsExactly(Embedder.unit(query));
      assertThat(index.vector(new byte[3])).isNull();
      assertThatThrownBy(() -> embedder.text("a red square"))
          .isInstanceOf(SearchException.class)
          .hasMessageContaining("know pictures alone");
    }
  }

  // ---- files

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "``; no content",
        "{}; format is missing",
        "{\"format\":2}; format is 2, expected 1",
        "[1]; is",
        "{\"format\":1,\"vectors\":\"c\",\"dimension\":0,\"generation\":1}; dimension is 0, expected 1 to 65536",
        "{\"format\":1,\"vectors\":\"c\",\"dimension\":99999999,\"generation\":1}; dimension is 99999999",
        "{\"format\":1,\"vectors\":\"c\",\"dimension\":2,\"generation\":-1}; generation is -1, expected at least 1",
        "{\"format\":1,\"vectors\":\"c\",\"dimension\":2,\"generation\":1}; model is missing",
        "{\"format\":1,\"vectors\":\"d\",\"dimension\":2,\"generation\":1,\"model\":\"\",\"weights\":\"\",\"files\":\"\"}; vectors is \"d\", expected c, g or vit",
      })
  void namesWhatIsWrongInAManifest(String manifest, String what) throws IOException {
    Drawn.index(temp, names(3), Drawn.clusters(1, 3, 2, 1, 1));
    Files.writeString(temp.resolve("index.json"), manifest);
    assertThatThrownBy(() -> Index.open(temp))
        .isInstanceOf(SearchException.class)
        .hasMessageContaining("index.json")
        .hasMessageContaining(what.equals("no content") ? "anew" : what)
        .hasMessageEndingWith("; make the index anew");
  }

  @Test
  void saysWhatIsMissing() throws IOException {
    assertThatThrownBy(() -> Index.open(temp.resolve("none")))
        .hasMessage(
            temp.resolve("none")
                + ": is no index, it has no index.json; 'internvl index' makes one");
    Drawn.index(temp, names(3), Drawn.clusters(1, 3, 2, 1, 1));
    Files.delete(temp.resolve("vectors-1.f32"));
    assertThatThrownBy(() -> Index.open(temp))
        .isInstanceOf(SearchException.class)
        .hasMessage(temp + ": has no vectors-1.f32; make the index anew");
  }

  /// Entries with a right checksum that make no sense: somebody meant harm.
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "5800000000; is of kind 88",
        "4700000000ff; has 1 bytes too many",
        "47ffffffff; has a text of -1 bytes",
        "47ffffff7f; has a text of 2147483647 bytes",
        "4701000000ff; has a text that is not UTF-8",
        "4702000000; has a text of 2 bytes",
        "47; is too short for what it says",
        "500100000061ROW 4; names row 4, expected 0 to 3",
        "500100000061ROW -1; names row -1, expected 0 to 3",
        "500100000061ROW 2147483647; names row 2147483647, expected 0 to 3",
      })
  void refusesEntriesThatMakeNoSense(String hex, String what) throws IOException {
    Drawn.index(temp, names(3), Drawn.clusters(1, 3, 2, 1, 1));
    Path log = temp.resolve("log-1");
    long end = Files.size(log);
    int row = hex.indexOf("ROW");
    ByteBuffer entry = ByteBuffer.allocate(100).order(ByteOrder.LITTLE_ENDIAN);
    entry.put(HexFormat.of().parseHex(row < 0 ? hex : hex.substring(0, row)));
    if (row >= 0) {
      entry.put(new byte[48]).putInt(Integer.parseInt(hex.substring(row + 4))).putInt(0);
    }
    append(log, entry.flip());
    assertThatThrownBy(() -> Index.open(temp))
        .isInstanceOf(SearchException.class)
        .hasMessage(log + ": the entry at byte " + end + " " + what + "; make the index anew");
  }

  private static void append(Path log, ByteBuffer entry) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    CRC32C crc = new CRC32C();
    crc.update(head.putInt(entry.remaining()).duplicate().flip());
    crc.update(entry.duplicate());
    head.putInt((int) crc.getValue());
    byte[] bytes = new byte[entry.remaining()];
    entry.get(bytes);
    try (var out = Files.newOutputStream(log, StandardOpenOption.APPEND)) {
      out.write(head.array());
      out.write(bytes);
    }
  }

  @Test
  void whatIsNoLogIsRefused() throws IOException {
    Drawn.index(temp, names(3), Drawn.clusters(1, 3, 2, 1, 1));
    Files.write(temp.resolve("log-1"), "something else".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> Index.open(temp))
        .hasMessage(temp.resolve("log-1") + ": is not the log of an index; make the index anew");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 7, 8, 12, 16, 50, 90, 120, 200})
  void anyDamagedByteOfTheLogEndsIt(long at) throws IOException {
    Drawn.index(temp, names(3), Drawn.clusters(1, 3, 2, 1, 1));
    Drawn.flip(temp.resolve("log-1"), at);
    if (at < 8) {
      assertThatThrownBy(() -> Index.open(temp)).hasMessageContaining("is not the log");
      return;
    }
    try (Index index = Index.open(temp)) {
      assertThat(index.pictures()).isLessThan(3);
      assertThat(index.remark()).contains(at < 168 ? "is damaged" : "the last entry is not whole");
      assertThat(index.nearest(new float[] {1, 1}, 3)).hasSize(index.pictures());
    }
  }

  @ParameterizedTest
  @CsvSource({"4, 1", "20, 17000"}) // more than is looked at in one piece
  void damageBeforeWholeEntriesIsTold(int before, int behind) throws IOException {
    int count = before + 1 + behind;
    Drawn.index(temp, names(count), Drawn.clusters(1, count, 2, 3, 1));
    Path log = temp.resolve("log-1");
    long at = 8 + before * (Files.size(log) - 8) / count;
    Drawn.flip(log, at + 30);
    String what =
        "the entry at byte %d of log-1 is damaged; %s: %d before it, %s: %d whole ones behind it; ";
    try (Index index = Index.open(temp)) {
      assertThat(index.pictures()).isEqualTo(before);
      assertThat(index.remark())
          .startsWith(temp + ": " + what.formatted(at, "used", before, "not used", behind))
          .contains("run 'internvl index' with the same folders again");
    }
    Told told = new Told();
    Store.open(temp, Manifest.read(temp), Store.Opener.SYSTEM, told).close();
    assertThat(told.lines)
        .containsExactly(
            what.formatted(at, "kept", before, "lost", behind)
                + "their pictures are embedded again as they are found");
    try (Index index = Index.open(temp)) {
      assertThat(index.remark()).isNull();
    }
  }

  /// Whoever is read while somebody writes is not damaged: what was cut off is whole by now.
  @Test
  void anEntryThatIsWholeByNowIsNoDamage() throws IOException {
    Drawn.index(temp, names(3), Drawn.clusters(1, 3, 2, 1, 1));
    Path log = temp.resolve("log-1");
    try (FileChannel file = FileChannel.open(log)) {
      assertThat(Damage.find(log, file, 8, 0)).isNull();
      assertThat(Damage.find(log, file, 9, 0)).isEqualTo(new Damage(log, 9, 0, 2));
    }
  }

  @Test
  void damagedVectorsAreLeftOutAndMadeAgain() throws IOException {
    Path photos = Drawn.folder(temp.resolve("photos"), 5);
    Path index = temp.resolve("index");
    Drawn.Model model = new Drawn.Model();
    Drawn.index(index, model, photos);
    Path vectors = index.resolve("vectors-1.f32");
    Drawn.flip(vectors, 4L * Drawn.DIMENSION * 2 + 5);
    byte[] bytes = Files.readAllBytes(vectors);
    Files.write(vectors, Arrays.copyOf(bytes, bytes.length - 3));
    try (Index found = Index.open(index)) {
      assertThat(found.pictures()).isEqualTo(4); // the last vector is not whole
      assertThat(found.nearest(Drawn.pixels(Drawn.picture(2)), 5))
          .hasSize(3)
          .noneMatch(hit -> hit.path().endsWith("0002.png"));
      assertThat(found.remark()).contains("2 vectors are damaged and left out");
      assertThat(found.vector(Files.readAllBytes(photos.resolve("0002.png")))).isNull();
    }
    assertThat(Drawn.index(index, model, photos)).isEqualTo(new Indexed(5, 2, 0, 3, 0, 0));
    assertThat(model.embedded).isEqualTo(7);
    try (Index found = Index.open(index)) {
      assertThat(found.remark()).isNull();
      assertThat(found.nearest(Drawn.pixels(Drawn.picture(2)), 1).getFirst().cosine()).isEqualTo(1);
    }
  }
}
