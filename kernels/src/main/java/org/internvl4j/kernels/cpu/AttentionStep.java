package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.internvl4j.kernels.emitted.AttentionRow;
import org.internvl4j.kernels.emitted.Products;

/// [Attention] for few queries, as in decoding: bound by reading keys and values, as they lie.
///
/// A unit is one head of one query. A worker takes all its units of one kv head over a block of
/// keys before it reads the next block.
final class AttentionStep {
  private static final int KEYS = 128;

  // scratch: weights of a block, values of short pages, then of each unit the maximum, the sum of
  // weights, and what the last block multiplied both sums by
  private static final long ROWS = 4L * KEYS;
  private static final long STATE = 12;
  private final long states;

  private final Heads h;

  private AttentionStep(Heads h) {
    this.h = h;
    this.states = ROWS + (h.run(0, KEYS) < KEYS ? 4L * KEYS * h.width : 0);
  }

  static void run(Pool pool, Heads heads) {
    AttentionStep step = new AttentionStep(heads);
    int perGroup = heads.group() * heads.queries;
    int units = heads.batch * heads.heads * heads.queries;
    pool.run(
        heads.cost(),
        share -> {
          int to = share.to(units);
          for (int u = share.from(units); u < to; ) {
            int end = Math.min(to, u / perGroup * perGroup + perGroup);
            step.group(share.scratch(step.states + STATE * (end - u)), u, end);
            u = end;
          }
        });
  }

  private void group(MemorySegment scratch, int from, int to) {
    int keys = h.seen();
    for (int u = from; u < to; u++) {
      long state = states + STATE * (u - from);
      scratch.set(JAVA_FLOAT_UNALIGNED, state, Float.NEGATIVE_INFINITY);
      scratch.set(JAVA_FLOAT_UNALIGNED, state + 4, 0);
      int head = u / h.queries;
      long y = h.yAt(head / h.heads, u % h.queries, head % h.heads);
      for (int d = 0; d < h.width; d++) {
        h.y.set(JAVA_FLOAT_UNALIGNED, y + 4L * d, 0);
      }
    }
    for (int key = 0; key < keys; key += KEYS) {
      for (int u = from; u < to; u++) {
        int head = u / h.queries;
        int visible = h.visible(u % h.queries, key, Math.min(KEYS, keys - key));
        if (visible > 0) {
          unit(
              scratch,
              head / h.heads,
              head % h.heads,
              u % h.queries,
              key,
              visible,
              states + STATE * (u - from));
        }
      }
    }
    for (int u = from; u < to; u++) {
      int head = u / h.queries;
      float sum = scratch.get(JAVA_FLOAT_UNALIGNED, states + STATE * (u - from) + 4);
      long y = h.yAt(head / h.heads, u % h.queries, head % h.heads);
      values(y, 1 / sum, scratch, scratch, 0, 0, 0);
    }
  }

  private void unit(
      MemorySegment scratch, int n, int head, int t, int key, int visible, long state) {
    int kvHead = head / h.group();
    long y = h.yAt(n, t, head);
    int run = h.run(key, visible);
    for (int j = 0; j < visible; j += run) {
      long k = h.kAt(n, key + j, kvHead);
      scores(scratch, 4L * j, h.qAt(n, t, head), k, Math.min(run, visible - j));
    }
    softmax(scratch, visible, state);
    float shrink = scratch.get(JAVA_FLOAT_UNALIGNED, state + 8);
    if (run < visible) {
      gather(scratch, n, kvHead, key, visible);
      values(y, shrink, scratch, scratch, ROWS, 4L * h.width, visible);
    } else {
      values(y, shrink, scratch, h.v, h.vAt(n, key, kvHead), h.vStride, visible);
    }
  }

  /// `score[j] = q · k[j]`
  private void scores(MemorySegment scratch, long at, long q, long k, int count) {
    if (Elementwise.EMITTED && Products.hasDots(h.width)) {
      Products.dots(count, h.width, h.k, k, h.kStride, h.q, q, scratch, at, 4);
      return;
    }
    for (int j = 0; j < count; j++) {
      float score = Dot.dot(h.k, k + j * h.kStride, h.q, q, h.width);
      scratch.set(JAVA_FLOAT_UNALIGNED, at + 4L * j, score);
    }
  }

  /// Turns scores into weights relative to the highest one so far.
  private void softmax(MemorySegment s, int count, long state) {
    if (Elementwise.EMITTED) {
      AttentionRow.softmax(s, count, 0, state, h.scale);
      return;
    }
    float old = s.get(JAVA_FLOAT_UNALIGNED, state);
    float max = Math.max(Softmax.max(s, 0, count, h.scale), old);
    float shrink = Lanes.exp(Lanes.all(old - max)).lane(0);
    float sum = shrink * s.get(JAVA_FLOAT_UNALIGNED, state + 4);
    sum += Softmax.exp(s, 0, s, 0, count, h.scale, max);
    s.set(JAVA_FLOAT_UNALIGNED, state, max);
    s.set(JAVA_FLOAT_UNALIGNED, state + 4, sum);
    s.set(JAVA_FLOAT_UNALIGNED, state + 8, shrink);
  }

  /// `y = factor · y + Σ_j weight[j] · v[j]`
  private void values(
      long y,
      float factor,
      MemorySegment weights,
      MemorySegment v,
      long vAt,
      long stride,
      int count) {
    if (Elementwise.EMITTED) {
      AttentionRow.add(h.width, count, h.y, y, factor, weights, 0, v, vAt, stride);
      return;
    }
    int d = 0;
    for (; d <= h.width - Lanes.N; d += Lanes.N) {
      values(h.y, y + 4L * d, factor, weights, v, vAt + 4L * d, stride, count);
    }
    if (d < h.width) {
      lastValues(h.y, y + 4L * d, factor, weights, v, vAt + 4L * d, stride, count, h.width - d);
    }
  }

  /// Lays values of pages that are shorter than a block of keys side by side.
  private void gather(MemorySegment scratch, int n, int kvHead, int key, int count) {
    for (int j = 0; j < count; j++) {
      long from = h.vAt(n, key + j, kvHead);
      MemorySegment.copy(h.v, from, scratch, ROWS + 4L * h.width * j, 4L * h.width);
    }
  }

  /// The same for one vector of channels. Two chains, of even and odd keys.
  private static void values(
      MemorySegment y,
      long yAt,
      float factor,
      MemorySegment weight,
      MemorySegment v,
      long vAt,
      long stride,
      int count) {
    FloatVector a = FloatVector.fromMemorySegment(F, y, yAt, LE).mul(factor);
    FloatVector b = FloatVector.zero(F);
    int j = 0;
    for (; j <= count - 2; j += 2) {
      long at = vAt + j * stride;
      a =
          FloatVector.broadcast(F, weight.get(JAVA_FLOAT_UNALIGNED, 4L * j))
              .fma(FloatVector.fromMemorySegment(F, v, at, LE), a);
      b =
          FloatVector.broadcast(F, weight.get(JAVA_FLOAT_UNALIGNED, 4L * j + 4))
              .fma(FloatVector.fromMemorySegment(F, v, at + stride, LE), b);
    }
    if (j < count) {
      long at = vAt + j * stride;
      a =
          FloatVector.broadcast(F, weight.get(JAVA_FLOAT_UNALIGNED, 4L * j))
              .fma(FloatVector.fromMemorySegment(F, v, at, LE), a);
    }
    a.add(b).intoMemorySegment(y, yAt, LE);
  }

  /// The same for the last channels, fewer than a vector.
  private static void lastValues(
      MemorySegment y,
      long yAt,
      float factor,
      MemorySegment weight,
      MemorySegment v,
      long vAt,
      long stride,
      int count,
      int width) {
    FloatVector a = Lanes.load(y, yAt, width).mul(factor);
    FloatVector b = FloatVector.zero(F);
    for (int j = 0; j < count; j++) {
      FloatVector w = FloatVector.broadcast(F, weight.get(JAVA_FLOAT_UNALIGNED, 4L * j));
      FloatVector x = Lanes.load(v, vAt + j * stride, width);
      if (j % 2 == 0) {
        a = w.fma(x, a);
      } else {
        b = w.fma(x, b);
      }
    }
    Lanes.store(a.add(b), y, yAt, width);
  }
}
