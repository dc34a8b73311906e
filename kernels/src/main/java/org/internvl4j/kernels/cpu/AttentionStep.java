package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// [Attention] for few queries, as in decoding: bound by reading keys and values, as they lie.
///
/// A unit is one head of one query. A worker takes all its units of one kv head over a block of
/// keys before it reads the next block.
final class AttentionStep {
  private static final int KEYS = 128;

  // scratch: weights of a block, values of short pages, then (max, sum) a unit
  private static final long ROWS = 4L * KEYS;
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
            step.group(share.scratch(step.states + 8L * (end - u)), u, end);
            u = end;
          }
        });
  }

  private void group(MemorySegment scratch, int from, int to) {
    int keys = h.seen();
    for (int u = from; u < to; u++) {
      long state = states + 8L * (u - from);
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
              states + 8L * (u - from));
        }
      }
    }
    for (int u = from; u < to; u++) {
      int head = u / h.queries;
      float sum = scratch.get(JAVA_FLOAT_UNALIGNED, states + 8L * (u - from) + 4);
      long y = h.yAt(head / h.heads, u % h.queries, head % h.heads);
      Softmax.scale(h.y, y, h.width, 1 / sum);
    }
  }

  private void unit(
      MemorySegment scratch, int n, int head, int t, int key, int visible, long state) {
    int kvHead = head / h.group();
    long y = h.yAt(n, t, head);
    int run = h.run(key, visible);
    for (int j = 0; j < visible; j += run) {
      long k = h.kAt(n, key + j, kvHead);
      int some = Math.min(run, visible - j);
      scores(scratch, 4L * j, h.q, h.qAt(n, t, head), h.k, k, h.kStride, some, h.width);
    }
    float old = scratch.get(JAVA_FLOAT_UNALIGNED, state);
    float max = Math.max(Softmax.max(scratch, 0, visible, h.scale), old);
    float shrink = (float) Math.exp(old - max);
    float sum = shrink * scratch.get(JAVA_FLOAT_UNALIGNED, state + 4);
    Softmax.scale(h.y, y, h.width, shrink);
    sum += Softmax.exp(scratch, 0, scratch, 0, visible, h.scale, max);
    scratch.set(JAVA_FLOAT_UNALIGNED, state, max);
    scratch.set(JAVA_FLOAT_UNALIGNED, state + 4, sum);
    if (run < visible) {
      gather(scratch, n, kvHead, key, visible);
      values(y, scratch, scratch, ROWS, 4L * h.width, visible);
    } else {
      values(y, scratch, h.v, h.vAt(n, key, kvHead), h.vStride, visible);
    }
  }

  private void values(
      long y, MemorySegment scratch, MemorySegment v, long vAt, long stride, int count) {
    int d = 0;
    for (; d <= h.width - Lanes.N; d += Lanes.N) {
      values(h.y, y + 4L * d, scratch, v, vAt + 4L * d, stride, count);
    }
    if (d < h.width) {
      lastValues(h.y, y + 4L * d, scratch, v, vAt + 4L * d, stride, count, h.width - d);
    }
  }

  /// Lays values of pages that are shorter than a block of keys side by side.
  private void gather(MemorySegment scratch, int n, int kvHead, int key, int count) {
    for (int j = 0; j < count; j++) {
      long from = h.vAt(n, key + j, kvHead);
      MemorySegment.copy(h.v, from, scratch, ROWS + 4L * h.width * j, 4L * h.width);
    }
  }

  /// `score[j] = q · k[j]`, four keys side by side.
  private static void scores(
      MemorySegment score,
      long scoreAt,
      MemorySegment q,
      long qAt,
      MemorySegment k,
      long kAt,
      long stride,
      int count,
      int width) {
    for (int j = 0; j < count; j += 4) {
      long k0 = kAt + j * stride;
      long k1 = kAt + Math.min(j + 1, count - 1) * stride;
      long k2 = kAt + Math.min(j + 2, count - 1) * stride;
      long k3 = kAt + Math.min(j + 3, count - 1) * stride;
      FloatVector s0 = FloatVector.zero(F);
      FloatVector s1 = FloatVector.zero(F);
      FloatVector s2 = FloatVector.zero(F);
      FloatVector s3 = FloatVector.zero(F);
      int d = 0;
      for (; d <= width - Lanes.N; d += Lanes.N) {
        long o = 4L * d;
        FloatVector x = FloatVector.fromMemorySegment(F, q, qAt + o, LE);
        s0 = FloatVector.fromMemorySegment(F, k, k0 + o, LE).fma(x, s0);
        s1 = FloatVector.fromMemorySegment(F, k, k1 + o, LE).fma(x, s1);
        s2 = FloatVector.fromMemorySegment(F, k, k2 + o, LE).fma(x, s2);
        s3 = FloatVector.fromMemorySegment(F, k, k3 + o, LE).fma(x, s3);
      }
      if (d < width) {
        int rest = width - d;
        long o = 4L * d;
        FloatVector x = Lanes.load(q, qAt + o, rest);
        s0 = Lanes.load(k, k0 + o, rest).fma(x, s0);
        s1 = Lanes.load(k, k1 + o, rest).fma(x, s1);
        s2 = Lanes.load(k, k2 + o, rest).fma(x, s2);
        s3 = Lanes.load(k, k3 + o, rest).fma(x, s3);
      }
      score.set(JAVA_FLOAT_UNALIGNED, scoreAt + 4L * j, Lanes.sum(s0));
      score.set(JAVA_FLOAT_UNALIGNED, scoreAt + 4L * j + 4, Lanes.sum(s1));
      score.set(JAVA_FLOAT_UNALIGNED, scoreAt + 4L * j + 8, Lanes.sum(s2));
      score.set(JAVA_FLOAT_UNALIGNED, scoreAt + 4L * j + 12, Lanes.sum(s3));
    }
  }

  /// `y += Σ_j weight[j] · v[j]` for one vector of channels. Two chains, of even and odd keys.
  private static void values(
      MemorySegment y,
      long yAt,
      MemorySegment weight,
      MemorySegment v,
      long vAt,
      long stride,
      int count) {
    FloatVector a = FloatVector.fromMemorySegment(F, y, yAt, LE);
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
      MemorySegment weight,
      MemorySegment v,
      long vAt,
      long stride,
      int count,
      int width) {
    FloatVector a = Lanes.load(y, yAt, width);
    for (int j = 0; j < count; j++) {
      FloatVector w = FloatVector.broadcast(F, weight.get(JAVA_FLOAT_UNALIGNED, 4L * j));
      a = w.fma(Lanes.load(v, vAt + j * stride, width), a);
    }
    Lanes.store(a, y, yAt, width);
  }
}
