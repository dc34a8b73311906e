package org.internvl4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;

/// Where the rows of one or more tensors of the same outer dimensions begin; twin of `rows.cuh`.
///
/// Outer dimensions that follow each other without gaps in every tensor are merged.
final class Rows {
  private static final int DIMS = 4;

  private final int count;
  private final int columns;
  private final int[] sizes; // outermost first
  private final long[][] strides; // of each tensor, elements

  private Rows(int count, int columns, int[] sizes, long[][] strides) {
    this.count = count;
    this.columns = columns;
    this.sizes = sizes;
    this.strides = strides;
  }

  /// All elements of tensors of one shape: in one row if they have no gaps.
  static Rows flat(Tensor... tensors) {
    long size = tensors[0].shape().size();
    for (Tensor t : tensors) {
      if (!t.isContiguous() || size > Integer.MAX_VALUE) {
        return of(tensors);
      }
    }
    return new Rows(1, (int) size, new int[] {1, 1, 1, 1}, new long[tensors.length][DIMS]);
  }

  /// The rows of tensors whose shapes differ in the innermost dimension at most; columns are the
  /// first one's.
  static Rows of(Tensor... tensors) {
    Tensor first = tensors[0];
    int outer = first.rank() - 1;
    List<Integer> sizes = new ArrayList<>();
    List<long[]> strides = new ArrayList<>(); // [dimension][tensor]
    int count = 1;
    for (int d = 0; d < outer; d++) {
      int size = first.dim(d);
      count = Math.multiplyExact(count, size);
      if (size == 1) {
        continue;
      }
      long[] own = new long[tensors.length];
      boolean joins = !strides.isEmpty();
      for (int t = 0; t < tensors.length; t++) {
        own[t] = tensors[t].stride(d);
        joins = joins && strides.getLast()[t] == own[t] * size;
      }
      if (joins) {
        sizes.set(sizes.size() - 1, sizes.getLast() * size);
        strides.set(strides.size() - 1, own);
      } else {
        sizes.add(size);
        strides.add(own);
      }
    }
    if (sizes.size() > DIMS) {
      throw new IllegalArgumentException(
          "cuda: " + first + " has more than " + DIMS + " outer dimensions with gaps between them");
    }
    return fill(count, first.dim(-1), sizes, strides, tensors.length);
  }

  private static Rows fill(
      int count, int columns, List<Integer> sizes, List<long[]> strides, int tensors) {
    int[] allSizes = new int[DIMS];
    long[][] allStrides = new long[tensors][DIMS];
    int skipped = DIMS - sizes.size();
    for (int d = 0; d < DIMS; d++) {
      allSizes[d] = d < skipped ? 1 : sizes.get(d - skipped);
      for (int t = 0; t < tensors; t++) {
        allStrides[t][d] = d < skipped ? 0 : strides.get(d - skipped)[t];
      }
    }
    return new Rows(count, columns, allSizes, allStrides);
  }

  int count() {
    return count;
  }

  int columns() {
    return columns;
  }

  /// Adds a tensor: where it begins, and how to come to its rows.
  CudaKernel add(CudaKernel kernel, int tensor, long address) {
    kernel.add(address).beginStruct();
    for (int size : sizes) {
      kernel.add(size);
    }
    for (long stride : strides[tensor]) {
      kernel.add(stride);
    }
    return kernel.endStruct();
  }

  /// How many blocks of elementwise.cuh there are.
  int pieces(DType dtype) {
    return Math.multiplyExact(count, Math.ceilDiv(columns, 256 * 16 / dtype.bytes()));
  }

  /// Threads of a block for a row, each with `vectors` times 16 bytes: a multiple of 32, at most
  /// `most`.
  int threads(DType dtype, int vectors, int most) {
    int warps = Math.ceilDiv(columns, 32 * vectors * 16 / dtype.bytes());
    return 32 * Math.clamp(warps, 1, most / 32);
  }

  /// Whether the rows of a tensor lie one pitch apart.
  boolean isMatrix() {
    return sizes[0] == 1 && sizes[1] == 1 && sizes[2] == 1;
  }

  /// Elements from one row of a tensor to the next, where [#isMatrix] holds and there are several.
  long pitch(int tensor) {
    return strides[tensor][DIMS - 1];
  }

  /// Whether every row of a tensor that begins at `address` can be read 16 bytes at a time.
  boolean isWide(int tensor, long address, DType dtype) {
    int step = 16 / dtype.bytes();
    boolean wide = address % 16 == 0 && columns % step == 0;
    for (long stride : strides[tensor]) {
      wide &= stride % step == 0;
    }
    return wide;
  }
}
