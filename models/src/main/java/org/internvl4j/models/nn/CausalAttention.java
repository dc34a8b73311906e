package org.internvl4j.models.nn;

import org.internvl4j.runtime.Tensor;

/// Self-attention of a decoder: grouped queries, rotary positions, a KV cache.
///
/// @param qkv from `[T, C]` to queries, keys and values
/// @param out `[C, H·D]`
public record CausalAttention(Projection qkv, Linear out) {
  /// Makes queries, keys and values: each family stores these weights in its own way.
  @FunctionalInterface
  public interface Projection {
    Qkv forward(Tensor x);
  }

  /// @param q `[T, H, D]`
  /// @param k `[T, K, D]`
  /// @param v `[T, K, D]`
  public record Qkv(Tensor q, Tensor k, Tensor v) {
    /// Cuts rows `[T, heads·D]` into heads.
    public static Qkv ofHeads(Tensor q, Tensor k, Tensor v, int headDim) {
      return new Qkv(heads(q, headDim), heads(k, headDim), heads(v, headDim));
    }

    private static Tensor heads(Tensor x, int headDim) {
      return x.view(x.dim(0), x.dim(1) / headDim, headDim);
    }
  }

  /// @param residual `[T, C]`
  /// @param x `[T, C]`
  /// @param layer decoder layer, from 0
  /// @return `residual` and what attention makes of `x`, `[T, C]`
  public Tensor addTo(Tensor residual, Tensor x, int layer, Step step) {
    Qkv h = qkv.forward(x);
    Tensor y = step.attend(layer, h.q(), h.k(), h.v());
    return out.addTo(residual, y.view(y.dim(0), y.dim(1) * y.dim(2)));
  }
}
