package org.internvl4j.models.nn;

import org.internvl4j.runtime.Tensor;

/// The angles of some rows, for heads that are rotated by hand.
///
/// @param cos `[R, D/2]`
/// @param sin `[R, D/2]`
public record Rotation(Tensor cos, Tensor sin) {
  /// @param x `[R, H, D]`
  /// @return `[R, H, D]`
  public Tensor rotate(Tensor x) {
    return x.rope(cos, sin);
  }
}
