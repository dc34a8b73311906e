package org.internvl4j.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Groups of what is nearly the same.
class DuplicatesTest {
  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({"50, 8, 0.9", "2500, 24, 0.97", "1025, 24, 0.5", "1, 4, 0.5"})
  void findsTheGroupsThatALoopFinds(int count, int dimension, double threshold) throws IOException {
    float[][] vectors = Drawn.clusters(5, count, dimension, Math.max(1, count / 3), 0.15);
    String[] names = IntStream.range(0, count).mapToObj("%06d"::formatted).toArray(String[]::new);
    Drawn.index(temp, names, vectors);
    List<Double> parts = new ArrayList<>();
    try (Index index = Index.open(temp)) {
      List<List<Hit>> groups = index.duplicates(threshold, parts::add);
      assertThat(paths(groups)).isEqualTo(byLoop(index, names, threshold));
      assertThat(groups.stream().flatMap(List::stream))
          .allMatch(hit -> hit.cosine() >= threshold - 1e-6 && hit.cosine() <= 1);
    }
    assertThat(parts).isSorted().endsWith(1.0);
  }

  /// Every row takes the number of the first that it is connected with, until nothing changes.
  private static List<List<String>> byLoop(Index index, String[] names, double threshold) {
    int count = names.length;
    List<int[]> pairs = new ArrayList<>();
    for (int a = 0; a < count; a++) {
      for (int b = a + 1; b < count; b++) {
        if (Cosine.of(index.rows(), a, b) >= threshold) {
          pairs.add(new int[] {a, b});
        }
      }
    }
    int[] group = IntStream.range(0, count).toArray();
    boolean changes = true;
    while (changes) {
      changes = false;
      for (int[] pair : pairs) {
        int first = Math.min(group[pair[0]], group[pair[1]]);
        changes |= group[pair[0]] != first || group[pair[1]] != first;
        group[pair[0]] = first;
        group[pair[1]] = first;
      }
    }
    TreeMap<Integer, List<String>> groups = new TreeMap<>();
    for (int row = 0; row < count; row++) {
      groups.computeIfAbsent(group[row], _ -> new ArrayList<>()).add(names[row]);
    }
    return groups.values().stream().filter(g -> g.size() > 1).toList();
  }

  private static List<List<String>> paths(List<List<Hit>> groups) {
    return groups.stream().map(group -> group.stream().map(Hit::path).toList()).toList();
  }

  @Test
  void copiesAndWhatIsNearAreTogether() throws IOException {
    Path photos = Drawn.folder(temp.resolve("photos"), 6);
    Files.copy(photos.resolve("0002.png"), photos.resolve("copy.png"));
    Path folder = temp.resolve("index");
    Drawn.Model model = new Drawn.Model();
    Drawn.index(folder, model, photos);
    try (Indexer indexer = Indexer.open(folder, model, IndexOptions.DEFAULT, IndexListener.NONE)) {
      indexer.extendGraph(part -> {});
    }
    try (Index index = Index.open(folder);
        Graph graph = Graph.open(index)) {
      List<List<Hit>> groups = index.duplicates(1, part -> {});
      assertThat(groups)
          .containsExactly(
              List.of(
                  new Hit(photos.resolve("0002.png").toString(), 1),
                  new Hit(photos.resolve("copy.png").toString(), 1)));
      assertThat(graph.duplicates(1, part -> {})).isEqualTo(groups);
      assertThat(index.duplicates(0.2, part -> {}).getFirst()).hasSizeGreaterThan(2);
      assertThat(paths(graph.duplicates(0.2, part -> {})))
          .isEqualTo(paths(index.duplicates(0.2, part -> {})));
    }
  }
}
