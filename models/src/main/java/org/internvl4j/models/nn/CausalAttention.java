package org.internvl4j.models.nn;

import org.internvl4j.loader.Weights;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// Self-attention of a decoder: grouped queries, rotary positions, a KV cache.
///
/// @param heads H
/// @param kvHeads K
/// @param qkv from C to `(H + 2K)·D`: all queries, then all keys, then all values
/// @param norm of queries and of keys, if the family has it
/// @param out from `H·D` to C
public record CausalAttention(
    int heads, int kvHeads, Linear qkv, @Nullable HeadNorm norm, Linear out) {
  public CausalAttention(LanguageConfig c, Linear qkv, Linear out) {
    this(c.numAttentionHeads(), c.numKeyValueHeads(), qkv, null, out);
  }

  /// RMSNorm of each head before it is rotated.
  ///
  /// @param q `[D]`
  /// @param k `[D]`
  public record HeadNorm(Tensor q, Tensor k, float eps) {
    /// @param w the path of the attention
    public HeadNorm(LanguageConfig c, Weights w) {
      this(
          w.get("q_norm.weight", c.headDim()), w.get("k_norm.weight", c.headDim()), c.rmsNormEps());
    }
  }

  /// The same attention with heads normalised.
  public CausalAttention with(HeadNorm norm) {
    return new CausalAttention(heads, kvHeads, qkv, norm, out);
  }

  /// `x += attention(norm(x))`.
  ///
  /// @param x `[T, C]`, overwritten
  /// @param layer decoder layer, from 0
  /// @return `x`
  public Tensor addTo(Tensor x, Norm.Rms before, int layer, Step step) {
    Tensor y =
        step.isOneSequence() && norm == null && qkv.beside() == null
            ? step.attend(layer, x, before, qkv)
            : stepwise(x, before, layer, step);
    return out.addTo(x, y.view(x.dim(0), heads * y.dim(2)));
  }

  /// The product of all sequences first, then what goes on with heads.
  private Tensor stepwise(Tensor x, Norm.Rms before, int layer, Step step) {
    int all = heads + 2 * kvHeads;
    Tensor h = before.forward(x, qkv).view(x.dim(0), all, qkv.out() / all);
    Tensor q = h.narrow(1, 0, heads);
    Tensor k = h.narrow(1, heads, kvHeads);
    Tensor v = h.narrow(1, heads + kvHeads, kvHeads);
    if (norm != null) {
      q = q.rmsNorm(norm.q(), norm.eps());
      k = k.rmsNorm(norm.k(), norm.eps());
    }
    return step.attend(layer, q, k, v);
  }
}
