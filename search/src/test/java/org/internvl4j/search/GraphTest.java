package org.internvl4j.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.internvl4j.testkit.Effort;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the graph finds beside what there is.
class GraphTest {
  private static final int NEAREST = 10;

  @TempDir Path temp;

  /// 100,000 vectors around 1,000 directions with `-Psweep`, fewer otherwise.
  @Test
  void findsNearlyAllOfTheTenNearest() throws IOException {
    int count = Effort.isWhole() ? 100_000 : 5_000;
    int dimension = Effort.isWhole() ? 768 : 64;
    int queries = Effort.isWhole() ? 1000 : 200;
    float[][] all = Drawn.clusters(3, count + queries, dimension, count / 100, 1);
    float[][] vectors = Arrays.copyOf(all, count);
    String[] names = IntStream.range(0, count).mapToObj("%06d"::formatted).toArray(String[]::new);
    Drawn.index(temp, names, vectors);
    long begin = System.nanoTime();
    extend();
    long built = System.nanoTime();
    int found = 0;
    long exactly = 0;
    long byGraph = 0;
    try (Index index = Index.open(temp);
        Graph graph = Graph.open(index)) {
      for (int q = count; q < count + queries; q++) {
        long start = System.nanoTime();
        List<Hit> exact = index.nearest(all[q], NEAREST);
        long middle = System.nanoTime();
        List<Hit> near = graph.nearest(all[q], NEAREST);
        byGraph += System.nanoTime() - middle;
        exactly += middle - start;
        Set<Hit> hits = new HashSet<>(near);
        assertThat(hits).hasSize(NEAREST);
        hits.retainAll(exact); // with their cosines, bit for bit
        found += hits.size();
      }
    }
    double recall = found / (double) (NEAREST * queries);
    System.out.printf(
        "graph: recall at %d is %.4f of %,d × %d; built in %.1f s; %.2f ms a query, a scan %.2f ms%n",
        NEAREST,
        recall,
        count,
        dimension,
        (built - begin) / 1e9,
        byGraph / 1e6 / queries,
        exactly / 1e6 / queries);
    assertThat(recall).isGreaterThanOrEqualTo(0.98);
  }

  private void extend() throws IOException {
    Manifest manifest = Manifest.read(temp);
    try (Store store = Store.open(temp, manifest, Store.Opener.SYSTEM, IndexListener.NONE)) {
      store.extendGraph(IndexListener.NONE, part -> assertThat(part).isBetween(0.0, 1.0));
    }
  }

  @Test
  void growsWithTheIndexAndScansWhatItDoesNotHoldYet() throws IOException {
    Path photos = Drawn.folder(temp.resolve("photos"), 300);
    Path folder = temp.resolve("index");
    Drawn.Model model = new Drawn.Model();
    Drawn.index(folder, model, photos);
    try (Index index = Index.open(folder)) {
      assertThat(index.hasGraph()).isFalse();
      assertThatThrownBy(() -> Graph.open(index))
          .isInstanceOf(SearchException.class)
          .hasMessage(folder + ": has no graph; 'internvl index --graph' makes one");
    }
    extend(folder, model);
    Drawn.folder(photos, 350);
    Drawn.index(folder, model, photos);
    same(folder, 350); // 50 are not in the graph
    extend(folder, model);
    same(folder, 350);
    for (int seed = 0; seed < 200; seed++) {
      Files.delete(photos.resolve("%04d.png".formatted(seed)));
    }
    Drawn.index(folder, model, photos);
    same(folder, 350); // more dead than living
    try (Indexer indexer = Indexer.open(folder, model, IndexOptions.DEFAULT, IndexListener.NONE)) {
      indexer.compact();
      assertThat(indexer.hasGraph()).isFalse(); // its rows had other numbers
    }
    assertThat(Drawn.bytes(folder)).containsOnlyKeys("index.json", "log-2", "vectors-2.f32");
  }

  private static void extend(Path folder, IndexModel model) throws IOException {
    try (Indexer indexer = Indexer.open(folder, model, IndexOptions.DEFAULT, IndexListener.NONE)) {
      indexer.extendGraph(part -> {});
    }
  }

  private static void same(Path folder, int seeds) throws IOException {
    try (Index index = Index.open(folder);
        Graph graph = Graph.open(index)) {
      for (int seed = 0; seed < seeds; seed += 7) {
        float[] query = Drawn.pixels(Drawn.picture(seed));
        assertThat(graph.nearest(query, 5)).isEqualTo(index.nearest(query, 5));
      }
    }
  }

  @Test
  void aDamagedGraphIsToldInASentence() throws IOException {
    Drawn.index(temp, new String[] {"a"}, new float[][] {{1, 2}});
    Files.createDirectories(temp.resolve("graph-1"));
    try (Index index = Index.open(temp)) {
      assertThatThrownBy(() -> Graph.open(index))
          .isInstanceOf(SearchException.class)
          .hasMessageContaining(
              "graph-1: is no graph that can be read; 'internvl index' builds it");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"_.*", ".*\\.vec", ".*\\.vex", ".*\\.si"})
  void aDamagedGraphIsBuiltAnew(String missing) throws IOException {
    Path photos = Drawn.folder(temp.resolve("photos"), 30);
    Path folder = temp.resolve("index");
    Drawn.Model model = new Drawn.Model();
    Drawn.index(folder, model, photos);
    extend(folder, model);
    Path graph = folder.resolve("graph-1");
    try (Stream<Path> files = Files.list(graph)) {
      for (Path file : files.toList()) {
        if (file.getFileName().toString().matches(missing)) {
          Files.delete(file);
        }
      }
    }
    Told told = new Told();
    try (Indexer indexer = Indexer.open(folder, model, IndexOptions.DEFAULT, told)) {
      indexer.extendGraph(part -> {});
      assertThat(told.lines).containsExactly(graph + ": the graph is damaged and is built anew");
      indexer.extendGraph(part -> {});
      assertThat(told.lines).hasSize(1);
    }
    same(folder, 30);
  }

  /// Rows behind the damage get other pictures than the graph has them for.
  @Test
  void aDamagedLogHasTheGraphBuiltAnew() throws IOException {
    Path photos = Drawn.folder(temp.resolve("photos"), 300);
    Path folder = temp.resolve("index");
    Drawn.Model model = new Drawn.Model();
    Drawn.index(folder, model, photos);
    extend(folder, model);
    Drawn.flip(folder.resolve("log-1"), 20);
    Files.delete(photos.resolve("0000.png")); // all others move up by a row
    Drawn.index(folder, model, photos);
    try (Index index = Index.open(folder)) {
      assertThat(index.pictures()).isEqualTo(299);
    }
    extend(folder, model);
    same(folder, 300);
  }
}
