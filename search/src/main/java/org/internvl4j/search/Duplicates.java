package org.internvl4j.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.DoubleConsumer;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Groups of pictures that look nearly the same: whoever is near enough to one of a group belongs
/// to it.
final class Duplicates {
  private static final int BLOCK = 1024; // rows, whose products with as many take 4 MiB
  private static final double ROUNDING = 1e-4; // more than a cosine of f32 is off by

  private final RowPaths paths;
  private final double threshold;
  private final int[] above; // of each row another one of its group, or itself
  private final float[] nearest; // of each row the highest cosine with another

  Duplicates(RowPaths paths, int rows, double threshold) {
    this.paths = paths;
    this.threshold = threshold;
    above = new int[rows];
    Arrays.setAll(above, i -> i);
    nearest = new float[rows];
    Arrays.fill(nearest, -1);
  }

  private int top(int row) {
    int at = row;
    while (above[at] != at) {
      above[at] = above[above[at]];
      at = above[at];
    }
    return at;
  }

  /// Puts two rows into one group.
  void join(int a, int b, double cosine) {
    float c = (float) Math.min(1, cosine);
    nearest[a] = Math.max(nearest[a], c);
    nearest[b] = Math.max(nearest[b], c);
    int topA = top(a);
    int topB = top(b);
    above[Math.max(topA, topB)] = Math.min(topA, topB);
  }

  /// Compares every row with every other: products of blocks.
  ///
  /// @param rows `[R, C]`, f32, in memory of the host
  /// @param progress hears which part is done, 0 … 1
  void compareAll(Tensor rows, BitSet living, DoubleConsumer progress) {
    int count = rows.dim(0);
    float[] products = new float[BLOCK * BLOCK];
    double all = Math.max(1, (double) count * count / 2);
    try (Workspace packed = new Workspace(rows.device(), "duplicates");
        Workspace steps = new Workspace(rows.device(), "duplicates")) {
      for (int b = 0; b < count; b += BLOCK) {
        packed.reset();
        Tensor right = rows.narrow(0, b, Math.min(BLOCK, count - b));
        Tensor matrix = rows.device().prepare(right, Device.Role.MATRIX, packed);
        for (int a = 0; a <= b; a += BLOCK) {
          steps.reset();
          Tensor left = rows.narrow(0, a, Math.min(BLOCK, count - a)).in(steps);
          left.matMul(matrix, null).toFloats(products);
          join(rows, a, left.dim(0), b, right.dim(0), products, living);
        }
        progress.accept(Math.min(1, ((double) b + BLOCK) * (b + BLOCK) / 2 / all));
      }
    }
  }

  private void join(
      Tensor rows, int a, int aCount, int b, int bCount, float[] products, BitSet living) {
    float bar = (float) (threshold - ROUNDING);
    for (int i = 0; i < aCount; i++) {
      if (!living.get(a + i)) {
        continue;
      }
      for (int j = a == b ? i + 1 : 0; j < bCount; j++) {
        float cosine = products[i * bCount + j];
        if (cosine >= bar && living.get(b + j)) {
          joinIfNear(rows, a + i, b + j, cosine);
        }
      }
    }
  }

  /// @param cosine in f32; computed again where rounding might decide
  private void joinIfNear(Tensor rows, int a, int b, float cosine) {
    if (cosine >= threshold + ROUNDING && cosine < 1 - ROUNDING) {
      join(a, b, cosine);
      return;
    }
    double exact = Cosine.of(rows, a, b);
    if (exact >= threshold) {
      join(a, b, exact);
    }
  }

  /// Groups of at least two paths, each sorted, in the order of their first; with each path its
  /// highest cosine with another.
  List<List<Hit>> groups(BitSet living) {
    TreeMap<Integer, List<Hit>> byTop = new TreeMap<>();
    for (int row = living.nextSetBit(0); row >= 0; row = living.nextSetBit(row + 1)) {
      List<String> own = paths.of(row);
      int top = top(row);
      if (own.size() > 1 || nearest[row] >= threshold - ROUNDING) {
        float cosine = own.size() > 1 ? 1 : nearest[row];
        List<Hit> group = byTop.computeIfAbsent(top, _ -> new ArrayList<>());
        own.forEach(path -> group.add(new Hit(path, cosine)));
      }
    }
    List<List<Hit>> groups = new ArrayList<>(byTop.values());
    groups.forEach(group -> group.sort(Comparator.comparing(Hit::path)));
    groups.sort(Comparator.comparing(group -> group.getFirst().path()));
    return groups;
  }
}
