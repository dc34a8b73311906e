package org.internvl4j.kernels.cuda;

import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;

/// How to come from element to element of two tensors of one shape; twin of `strided.cuh`.
///
/// @param sizes of five dimensions, outermost first
/// @param y elements of the one from one index to the next
/// @param x of the other
record Strided(int[] sizes, long[] y, long[] x) {
  private static final int DIMS = 5;

  /// For elements of `y` that those of `x` replace: all, or in the first dimension as many as `x`
  /// has. Either may be a prepared matrix.
  static Strided of(Tensor y, Tensor x) {
    int rank = x.rank();
    if (rank > DIMS) {
      throw new IllegalArgumentException(
          "copy: " + x + " has more than " + DIMS + " dimensions, which cuda does not copy");
    }
    int[] sizes = new int[DIMS];
    long[] to = new long[DIMS];
    long[] from = new long[DIMS];
    for (int d = 0; d < DIMS; d++) {
      int i = d - (DIMS - rank);
      sizes[d] = i < 0 ? 1 : x.dim(i);
      to[d] = i < 0 ? 0 : stride(y, i);
      from[d] = i < 0 ? 0 : stride(x, i);
    }
    return new Strided(sizes, to, from);
  }

  private static long stride(Tensor t, int dim) {
    if (!t.isPacked()) {
      return t.stride(dim);
    }
    return dim == 1 ? 1 : CudaWeights.pitch(t.dtype(), t.dim(1));
  }

  long size() {
    long size = 1;
    for (int s : sizes) {
      size *= s;
    }
    return size;
  }

  CudaKernel addTo(CudaKernel kernel) {
    kernel.beginStruct();
    for (int size : sizes) {
      kernel.add(size);
    }
    for (long stride : y) {
      kernel.add(stride);
    }
    for (long stride : x) {
      kernel.add(stride);
    }
    return kernel.endStruct();
  }

  /// `copy_f32_to_bf16`, or by their size where the dtypes are equal: `copy_32_bits`.
  static String entry(String name, Tensor y, Tensor x) {
    DType from = x.dtype();
    return y.dtype() == from
        ? name + "_" + 8 * from.bytes() + "_bits"
        : name + "_" + from + "_to_" + y.dtype();
  }
}
