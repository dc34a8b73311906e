package org.internvl4j.models.nn;

import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;

/// `down(silu(gate · x) · (up · x))` (Shazeer 2020).
///
/// @param gate from C to F, without bias, as all decoders here have it
/// @param up from C to F, without bias
/// @param down from F to C
public record GatedMlp(Linear gate, Linear up, Linear down) implements Mlp {
  @Override
  public Tensor addTo(Tensor x, Norm.Rms norm) {
    return down.addTo(
        x, isPlain() ? norm.forwardSwiGlu(x, gate.weight(), up.weight()) : hidden(norm.forward(x)));
  }

  /// Whether its products are those of its matrices alone.
  private boolean isPlain() {
    return gate.beside() == null && up.beside() == null;
  }

  /// What goes through `down`.
  ///
  /// @param x `[R, C]`
  /// @return `[R, F]`
  Tensor hidden(Tensor x) {
    return isPlain()
        ? x.matMulSwiGlu(gate.weight(), up.weight())
        : gate.forward(x).swiGlu(up.forward(x));
  }

  @Override
  public Device device() {
    return gate.weight().device();
  }

  @Override
  public boolean isRecordable() {
    return true;
  }
}
