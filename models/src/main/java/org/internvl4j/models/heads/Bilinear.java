package org.internvl4j.models.heads;

import java.util.Arrays;

/// One axis of a bilinear resize as PyTorch does it (`interpolate`, `align_corners=False`):
/// half-pixel centres, no smoothing when it shrinks, in float32. Sample `i` of the result is `(1 -
/// t) · x[low] + t · x[high]`.
final class Bilinear {
  private final int[] low;
  private final int[] high;
  private final float[] t;

  /// @param in samples before
  /// @param out samples after
  Bilinear(int in, int out) {
    low = new int[out];
    high = new int[out];
    t = new float[out];
    float scale = (float) in / out;
    for (int i = 0; i < out; i++) {
      float at = Math.max(0, scale * (i + 0.5f) - 0.5f);
      low[i] = Math.min((int) at, in - 1);
      high[i] = Math.min(low[i] + 1, in - 1);
      t[i] = Math.min(at - low[i], 1);
    }
  }

  /// Sample `i` of `map`'s lines.
  ///
  /// @param map lines of `out.length` values
  /// @param out overwritten
  void line(float[] map, int i, float[] out) {
    Arrays.fill(out, 0);
    add(map, out.length, i, out, 0);
  }

  /// Adds sample `i` of `map`'s groups of `size` values to those of `sums` that begin at `to`.
  void add(float[] map, int size, int i, float[] sums, int to) {
    int a = low[i] * size;
    int b = high[i] * size;
    float v = t[i];
    float u = 1 - v;
    for (int k = 0; k < size; k++) {
      sums[to + k] += u * map[a + k] + v * map[b + k];
    }
  }
}
