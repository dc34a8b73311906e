package org.internvl4j.runtime;

/// Where in a sequence some rows are, and the rotary angles of places: those of place `p` are row
/// `p mod A`.
///
/// @param cos `[A, D/2]`, f32, contiguous
/// @param sin `[A, D/2]`, f32, contiguous
/// @param at `[1]`, i32: the place of the first row; read when a kernel runs, so a recorded step
///   ([Device#record]) goes on from place to place
public record Places(Tensor cos, Tensor sin, Tensor at) {
  /// @throws IllegalArgumentException if these do not belong together
  public Places {
    if (cos.dtype() != DType.F32
        || sin.dtype() != DType.F32
        || !cos.isContiguous()
        || !sin.isContiguous()
        || cos.rank() != 2
        || !sin.shape().equals(cos.shape())) {
      throw new IllegalArgumentException(
          "places: cos is " + cos + " and sin is " + sin + ", expected [A, D/2] f32 both");
    }
    if (at.dtype() != DType.I32 || at.shape().size() != 1) {
      throw new IllegalArgumentException("places: at is " + at + ", expected [1] i32");
    }
  }

  /// A, how many places have angles at a time.
  public int angles() {
    return cos.dim(0);
  }

  /// D, the width of heads that are turned by them.
  public int width() {
    return 2 * cos.dim(1);
  }

  @Override
  public String toString() {
    return "angles " + cos;
  }
}
