package org.internvl4j.models.nn;

import java.util.List;
import org.internvl4j.loader.Weights;
import org.internvl4j.loader.Weights.Part;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// `y = x Wᵀ + b`.
public record Linear(Tensor weight, @Nullable Tensor bias) {
  /// How several layers are read as one: [#joined] or [#joinedWithoutBias].
  @FunctionalInterface
  public interface Maker {
    Linear make(Weights w, int in, List<Part> parts);
  }

  /// With a bias.
  public static Linear of(Weights w, int out, int in) {
    return new Linear(w.matrix("weight", out, in), w.get("bias", out));
  }

  /// Without a bias.
  public static Linear withoutBias(Weights w, int out, int in) {
    return new Linear(w.matrix("weight", out, in), null);
  }

  /// How many numbers come out for each that goes in.
  public int out() {
    return weight.dim(0);
  }

  /// Several layers of the same input as one, with biases: its output is theirs side by side.
  public static Linear joined(Weights w, int in, List<Part> parts) {
    return new Linear(w.matrix("weight", in, parts), w.get("bias", parts));
  }

  /// Several layers of the same input as one, without biases.
  public static Linear joinedWithoutBias(Weights w, int in, List<Part> parts) {
    return new Linear(w.matrix("weight", in, parts), null);
  }

  /// @param x `[…, in]`
  /// @return `[…, out]`
  public Tensor forward(Tensor x) {
    return x.matMul(weight, bias);
  }

  /// `gelu(x Wᵀ + b)`.
  ///
  /// @param x `[…, in]`
  /// @return `[…, out]`
  public Tensor forwardGelu(Tensor x) {
    return x.matMulGelu(weight, bias);
  }

  /// `residual += x Wᵀ + b`: the end of a residual branch.
  ///
  /// @param residual `[…, out]`, overwritten
  /// @param x `[…, in]`
  /// @return `residual`
  public Tensor addTo(Tensor residual, Tensor x) {
    return residual.addMatMul(x, weight, bias, null);
  }

  /// `residual += scale · (x Wᵀ + b)`: the same with a LayerScale.
  ///
  /// @param residual `[…, out]`, overwritten
  /// @param scale `[out]`
  /// @param x `[…, in]`
  /// @return `residual`
  public Tensor addTo(Tensor residual, Tensor scale, Tensor x) {
    return residual.addMatMul(x, weight, bias, scale);
  }
}
