package org.internvl4j.models.nn;

import org.internvl4j.loader.Weights;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Places;
import org.internvl4j.runtime.Tensor;

/// A normalisation over the innermost dimension.
public sealed interface Norm {
  /// @param x `[…, C]`
  /// @return `[…, C]`
  Tensor forward(Tensor x);

  /// LayerNorm with weight and bias (Ba et al. 2016).
  static Layer layer(Weights w, int channels, float eps) {
    return new Layer(w.get("weight", channels), w.get("bias", channels), eps);
  }

  /// RMSNorm with a weight (Zhang & Sennrich 2019).
  static Rms rms(Weights w, int channels, float eps) {
    return new Rms(w.get("weight", channels), eps);
  }

  record Layer(Tensor weight, Tensor bias, float eps) implements Norm {
    @Override
    public Tensor forward(Tensor x) {
      return x.layerNorm(weight, bias, eps);
    }
  }

  record Rms(Tensor weight, float eps) implements Norm {
    @Override
    public Tensor forward(Tensor x) {
      return x.rmsNorm(weight, eps);
    }

    /// `norm(x) Wᵀ + b`.
    ///
    /// @param x `[…, C]`
    /// @return `[…, out]`
    public Tensor forward(Tensor x, Linear next) {
      return next.beside() == null
          ? x.rmsNormMatMul(weight, eps, next.weight(), next.bias())
          : next.forward(forward(x));
    }

    /// Queries of `norm(x) Wᵀ + b`, rotated; its keys and values are written to pages.
    ///
    /// @param x `[T, C]`
    /// @param qkv from C to `(H + 2K)·D`: all queries, then all keys, then all values; nothing
    ///   beside it
    /// @return `[T, H, D]`
    public Tensor forward(Tensor x, Linear qkv, Pages past, Places places) {
      return x.rmsNormMatMulRopeAppend(weight, eps, qkv.weight(), qkv.bias(), past, places);
    }

    /// `silu(gate · norm(x)) · (up · norm(x))`.
    ///
    /// @param x `[…, C]`
    /// @param gate `[F, C]`
    /// @param up `[F, C]`
    /// @return `[…, F]`
    public Tensor forwardSwiGlu(Tensor x, Tensor gate, Tensor up) {
      return x.rmsNormMatMulSwiGlu(weight, eps, gate, up);
    }
  }
}
