package org.internvl4j.models.nn;

import org.internvl4j.runtime.Tensor;

/// Self-attention of a decoder: grouped queries, rotary positions, a KV cache.
///
/// @param heads H
/// @param kvHeads K
/// @param qkv from C to `(H + 2K)·D`: all queries, then all keys, then all values
/// @param out from `H·D` to C
public record CausalAttention(int heads, int kvHeads, Linear qkv, Linear out) {
  public CausalAttention(LanguageConfig c, Linear qkv, Linear out) {
    this(c.numAttentionHeads(), c.numKeyValueHeads(), qkv, out);
  }

  /// `x += attention(norm(x))`.
  ///
  /// @param x `[T, C]`, overwritten
  /// @param layer decoder layer, from 0
  /// @return `x`
  public Tensor addTo(Tensor x, Norm.Rms norm, int layer, Step step) {
    Tensor y =
        step.isOneSequence() ? step.attend(layer, x, norm, qkv) : together(x, norm, layer, step);
    return out.addTo(x, y.view(x.dim(0), heads * y.dim(2)));
  }

  /// Several sequences by one product.
  private Tensor together(Tensor x, Norm.Rms norm, int layer, Step step) {
    int all = heads + 2 * kvHeads;
    Tensor h = norm.forward(x, qkv).view(x.dim(0), all, qkv.out() / all);
    Tensor q = h.narrow(1, 0, heads);
    Tensor k = h.narrow(1, heads, kvHeads);
    Tensor v = h.narrow(1, heads + kvHeads, kvHeads);
    return step.attend(layer, q, k, v);
  }
}
