package org.internvl4j.models.nn;

import java.util.List;
import org.internvl4j.loader.Beside;
import org.internvl4j.loader.Weights;
import org.internvl4j.loader.Weights.Part;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// `y = x Wᵀ + b`.
///
/// @param beside what adapters add, `(x Aᵀ) Bᵀ`, where W does not hold it
public record Linear(Tensor weight, @Nullable Tensor bias, @Nullable Beside beside) {
  /// One that no adapter changes.
  public Linear(Tensor weight, @Nullable Tensor bias) {
    this(weight, bias, null);
  }

  /// How several layers are read as one: [#joined] or [#joinedWithoutBias].
  @FunctionalInterface
  public interface Maker {
    Linear make(Weights w, int in, List<Part> parts);
  }

  /// With a bias.
  public static Linear of(Weights w, int out, int in) {
    return new Linear(w.matrix("weight", out, in), w.get("bias", out), w.beside("weight", out, in));
  }

  /// Without a bias.
  public static Linear withoutBias(Weights w, int out, int in) {
    return new Linear(w.matrix("weight", out, in), null, w.beside("weight", out, in));
  }

  /// How many numbers come out for each that goes in.
  public int out() {
    return weight.dim(0);
  }

  /// Several layers of the same input as one, with biases: its output is theirs side by side.
  public static Linear joined(Weights w, int in, List<Part> parts) {
    return new Linear(
        w.matrix("weight", in, parts), w.get("bias", parts), w.beside("weight", in, parts));
  }

  /// Several layers of the same input as one, without biases.
  public static Linear joinedWithoutBias(Weights w, int in, List<Part> parts) {
    return new Linear(w.matrix("weight", in, parts), null, w.beside("weight", in, parts));
  }

  /// @param x `[…, in]`
  /// @return `[…, out]`
  public Tensor forward(Tensor x) {
    return more(x.matMul(weight, bias), null, x);
  }

  /// `gelu(x Wᵀ + b)`.
  ///
  /// @param x `[…, in]`
  /// @return `[…, out]`
  public Tensor forwardGelu(Tensor x) {
    return beside == null ? x.matMulGelu(weight, bias) : forward(x).gelu();
  }

  /// `residual += x Wᵀ + b`: the end of a residual branch.
  ///
  /// @param residual `[…, out]`, overwritten
  /// @param x `[…, in]`
  /// @return `residual`
  public Tensor addTo(Tensor residual, Tensor x) {
    return more(residual.addMatMul(x, weight, bias, null), null, x);
  }

  /// `residual += scale · (x Wᵀ + b)`: the same with a LayerScale.
  ///
  /// @param residual `[…, out]`, overwritten
  /// @param scale `[out]`
  /// @param x `[…, in]`
  /// @return `residual`
  public Tensor addTo(Tensor residual, Tensor scale, Tensor x) {
    return more(residual.addMatMul(x, weight, bias, scale), scale, x);
  }

  /// `y += scale · B (A x)`.
  private Tensor more(Tensor y, @Nullable Tensor scale, Tensor x) {
    return beside == null ? y : y.addMatMul(x.matMul(beside.a(), null), beside.b(), null, scale);
  }
}
