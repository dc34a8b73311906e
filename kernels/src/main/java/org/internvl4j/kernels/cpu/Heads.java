package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;

/// The operands of one attention call: where each head of each token lies.
final class Heads {
  final MemorySegment y;
  final MemorySegment q;
  final MemorySegment k;
  final MemorySegment v;
  final Mask mask;
  final float scale;

  final int batch;
  final int queries;
  final int keys;
  final int heads;
  final int kvHeads;
  final int width;

  /// Bytes from a key, or value, to the next token's.
  final long kStride;

  final long vStride;

  private final Tensor yt;
  private final Tensor qt;
  private final Tensor kt;
  private final Tensor vt;

  Heads(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    this.yt = y;
    this.qt = q;
    this.kt = k;
    this.vt = v;
    this.y = y.segment();
    this.q = q.segment();
    this.k = k.segment();
    this.v = v.segment();
    this.mask = mask;
    this.scale = scale;
    this.batch = q.dim(0);
    this.queries = q.dim(1);
    this.keys = k.dim(1);
    this.heads = q.dim(2);
    this.kvHeads = k.dim(2);
    this.width = q.dim(3);
    this.kStride = 4 * k.stride(1);
    this.vStride = 4 * v.stride(1);
  }

  /// Query heads that read one kv head.
  int group() {
    return heads / kvHeads;
  }

  long yAt(int n, int t, int h) {
    return at(yt, n, t, h);
  }

  long qAt(int n, int t, int h) {
    return at(qt, n, t, h);
  }

  long kAt(int n, int t, int h) {
    return at(kt, n, t, h);
  }

  long vAt(int n, int t, int h) {
    return at(vt, n, t, h);
  }

  private static long at(Tensor x, int n, int t, int h) {
    return x.byteOffset() + 4 * (n * x.stride(0) + t * x.stride(1) + h * x.stride(2));
  }

  /// How many of the keys `from … from + count − 1` query `t` sees.
  int visible(int t, int from, int count) {
    return Math.clamp((long) mask.visible(t, keys) - from, 0, count);
  }

  /// How many keys any query sees: the last one sees the most, and nothing behind them is read. A
  /// mask may say more each time a recorded call runs.
  int seen() {
    return queries == 0 ? 0 : Math.clamp(mask.visible(queries - 1, keys), 0, keys);
  }

  /// Multiply-adds of the whole call, were all keys seen.
  long cost() {
    return 2L * batch * queries * heads * keys * width;
  }
}
