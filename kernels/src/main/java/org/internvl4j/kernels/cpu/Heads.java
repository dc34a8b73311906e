package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// The operands of one attention call: where each head of each token lies. Keys and values are
/// rows, or in pages.
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

  /// Bytes from a key, or value, to the next token's; in pages, within one.
  final long kStride;

  final long vStride;

  private final Tensor yt;
  private final Tensor qt;
  private final Tensor kt;
  private final Tensor vt;
  private final @Nullable PageRows keyPages;
  private final @Nullable PageRows valuePages;

  Heads(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    this(y, q, k, v, k.dim(1), null, null, mask, scale);
  }

  /// @param y `[T, H, D]`
  /// @param q `[T, H, D]`
  static Heads paged(Tensor y, Tensor q, Pages past, Mask mask, float scale) {
    Tensor k = past.keys();
    Tensor v = past.values();
    return new Heads(
        batch(y),
        batch(q),
        k.transpose(1, 2),
        v.transpose(1, 2),
        past.capacity(),
        new PageRows(k, past.table()),
        new PageRows(v, past.table()),
        mask,
        scale);
  }

  private static Tensor batch(Tensor x) {
    return x.view(1, x.dim(0), x.dim(1), x.dim(2));
  }

  private Heads(
      Tensor y,
      Tensor q,
      Tensor k,
      Tensor v,
      int keys,
      @Nullable PageRows keyPages,
      @Nullable PageRows valuePages,
      Mask mask,
      float scale) {
    this.yt = y;
    this.qt = q;
    this.kt = k;
    this.vt = v;
    this.keyPages = keyPages;
    this.valuePages = valuePages;
    this.y = y.segment();
    this.q = q.segment();
    this.k = k.segment();
    this.v = v.segment();
    this.mask = mask;
    this.scale = scale;
    this.batch = q.dim(0);
    this.queries = q.dim(1);
    this.keys = keys;
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
    return keyPages == null ? at(kt, n, t, h) : keyPages.at(t, h);
  }

  long vAt(int n, int t, int h) {
    return valuePages == null ? at(vt, n, t, h) : valuePages.at(t, h);
  }

  /// How many of the keys, and values, `from … from + count − 1` lie a stride apart.
  int run(int from, int count) {
    return keyPages == null ? count : keyPages.run(from, count);
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
