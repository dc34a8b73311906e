package org.internvl4j.models.nn;

import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;

/// The second half of a decoder's block.
public sealed interface Mlp permits GatedMlp, Experts {
  /// `x += mlp(norm(x))`.
  ///
  /// @param x `[T, C]`, overwritten
  /// @return `x`
  Tensor addTo(Tensor x, Norm.Rms norm);

  /// Where it computes.
  Device device();

  /// Whether a pass through it may be recorded: whether what it computes with is always the same.
  boolean isRecordable();
}
