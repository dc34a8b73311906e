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

  /// `x += mlp(norm(x))`.
  ///
  /// @param x `[T, C]`, overwritten
  /// @return `x`
  public Tensor addTo(Tensor x, Norm.Rms norm) {
    return down.addTo(x, norm.forwardSwiGlu(x, gate, up));
  }
}
