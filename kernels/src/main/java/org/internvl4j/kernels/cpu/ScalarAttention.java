package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Attention as plain loops over arrays: some queries of all heads that share a kv head, whose keys
/// and values pass by in blocks.
final class ScalarAttention implements Pool.Job {
  private static final int QUERIES = 8;
  private static final int KEYS = 128;

  private final Heads h;
  private final int width;
  private final int blocks; // of queries

  private ScalarAttention(Heads h) {
    this.h = h;
    this.width = h.width;
    this.blocks = (h.queries + QUERIES - 1) / QUERIES;
  }

  static void run(Pool pool, Heads h) {
    pool.run(h.cost(), new ScalarAttention(h));
  }

  @Override
  public void run(Share share) {
    int rows = Math.min(QUERIES, h.queries) * h.group();
    float[] q = share.floats(rows * width);
    float[] block = share.lines(KEYS * width);
    float[] scores = share.scores(rows * h.keys);
    int units = h.batch * blocks * h.kvHeads;
    int to = share.to(units);
    for (int u = share.from(units); u < to; u++) {
      int t = u / h.kvHeads % blocks * QUERIES;
      unit(u / h.kvHeads / blocks, t, u % h.kvHeads, q, block, scores);
    }
  }

  /// @param q for `[rows][width]`: queries, then outputs
  /// @param block for `[KEYS][width]`: keys, then values
  /// @param scores for `[rows][keys]`
  private void unit(int n, int t, int kvHead, float[] q, float[] block, float[] scores) {
    int rows = Math.min(QUERIES, h.queries - t) * h.group();
    int seen = h.visible(t + rows / h.group() - 1, 0, h.keys);
    for (int i = 0; i < rows; i++) {
      long at = h.qAt(n, t + i / h.group(), head(kvHead, i));
      MemorySegment.copy(h.q, JAVA_FLOAT_UNALIGNED, at, q, width * i, width);
    }
    for (int j = 0; j < seen; j += KEYS) {
      int count = Math.min(KEYS, seen - j);
      for (int i = 0; i < count; i += h.run(j + i, count - i)) {
        int run = h.run(j + i, count - i);
        load(h.k, h.kAt(n, j + i, kvHead), h.kStride, run, block, i);
      }
      for (int i = 0; i < rows; i++) {
        scores(q, width * i, block, width, h.scale, scores, h.keys * i + j, count);
      }
    }
    for (int i = 0; i < rows; i++) {
      ScalarKernels.softmax(scores, h.keys * i, h.visible(t + i / h.group(), 0, seen));
    }
    Arrays.fill(q, 0, width * rows, 0);
    for (int j = 0; j < seen; j += KEYS) {
      int count = Math.min(KEYS, seen - j);
      for (int i = 0; i < count; i += h.run(j + i, count - i)) {
        int run = h.run(j + i, count - i);
        load(h.v, h.vAt(n, j + i, kvHead), h.vStride, run, block, i);
      }
      for (int i = 0; i < rows; i++) {
        int visible = h.visible(t + i / h.group(), j, count);
        addValues(q, width * i, block, width, scores, h.keys * i + j, visible);
      }
    }
    for (int i = 0; i < rows; i++) {
      long at = h.yAt(n, t + i / h.group(), head(kvHead, i));
      MemorySegment.copy(q, width * i, h.y, JAVA_FLOAT_UNALIGNED, at, width);
    }
  }

  private int head(int kvHead, int row) {
    return kvHead * h.group() + row % h.group();
  }

  private void load(MemorySegment from, long at, long stride, int count, float[] block, int first) {
    for (int j = 0; j < count; j++) {
      int to = width * (first + j);
      MemorySegment.copy(from, JAVA_FLOAT_UNALIGNED, at + j * stride, block, to, width);
    }
  }

  /// One query times keys; four chains, so that they overlap.
  private static void scores(
      float[] q, int at, float[] keys, int width, float scale, float[] to, int first, int count) {
    for (int j = 0; j < count; j++) {
      int o = width * j;
      float s0 = 0;
      float s1 = 0;
      float s2 = 0;
      float s3 = 0;
      int c = 0;
      for (; c <= width - 4; c += 4) {
        s0 += q[at + c] * keys[o + c];
        s1 += q[at + c + 1] * keys[o + c + 1];
        s2 += q[at + c + 2] * keys[o + c + 2];
        s3 += q[at + c + 3] * keys[o + c + 3];
      }
      for (; c < width; c++) {
        s0 += q[at + c] * keys[o + c];
      }
      to[first + j] = scale * (s0 + s1 + (s2 + s3));
    }
  }

  private static void addValues(
      float[] y, int at, float[] values, int width, float[] scores, int first, int count) {
    for (int j = 0; j < count; j++) {
      float p = scores[first + j];
      int o = width * j;
      for (int c = 0; c < width; c++) {
        y[at + c] += p * values[o + c];
      }
    }
  }
}
