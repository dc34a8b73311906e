package org.internvl4j.models.nn;

import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;

/// `down(silu(gate · x) · (up · x))` (Shazeer 2020).
///
/// @param gate `[F, C]`
/// @param up `[F, C]`
/// @param down from F to C
public record GatedMlp(Tensor gate, Tensor up, Linear down) implements Mlp {
  /// Without biases, as all decoders here have it.
  public GatedMlp(Linear gate, Linear up, Linear down) {
    this(gate.weight(), up.weight(), down);
  }

  @Override
  public Tensor addTo(Tensor x, Norm.Rms norm) {
    return down.addTo(x, norm.forwardSwiGlu(x, gate, up));
  }

  /// What goes through `down`.
  ///
  /// @param x `[R, C]`
  /// @return `[R, F]`
  Tensor hidden(Tensor x) {
    return x.matMulSwiGlu(gate, up);
  }

  @Override
  public Device device() {
    return gate.device();
  }

  @Override
  public boolean isRecordable() {
    return true;
  }
}
