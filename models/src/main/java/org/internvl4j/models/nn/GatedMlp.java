package org.internvl4j.models.nn;

import org.internvl4j.runtime.Tensor;

/// `down(silu(gate · x) · (up · x))` (Shazeer 2020).
///
/// @param gate `[F, C]`
/// @param up `[F, C]`
/// @param down from F to C
public record GatedMlp(Tensor gate, Tensor up, Linear down) {
  /// Without biases, as all decoders here have it.
  public GatedMlp(Linear gate, Linear up, Linear down) {
    this(gate.weight(), up.weight(), down);
  }

  /// @param residual `[T, C]`
  /// @param x `[T, C]`
  /// @return `residual` and what the MLP makes of `x`, `[T, C]`
  public Tensor addTo(Tensor residual, Tensor x) {
    return down.addTo(residual, x.matMulSwiGlu(gate, up));
  }
}
