package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;

/// Where the rows of a tensor begin: outer dimensions of any stride, merged where they have no
/// gaps.
final class Rows {
  /// The memory that all positions refer to.
  final MemorySegment segment;

  /// How many rows there are.
  final int count;

  private final long start;
  private final int run; // rows i·run … i·run + run − 1 lie stride bytes apart, for every i
  private final long stride;
  private final int[] dims; // of the runs, innermost first
  private final long[] strides; // bytes

  private Rows(MemorySegment segment, long start, int count, int run, long stride) {
    this(segment, start, count, run, stride, new int[0], new long[0]);
  }

  private Rows(
      MemorySegment segment,
      long start,
      int count,
      int run,
      long stride,
      int[] dims,
      long[] strides) {
    this.segment = segment;
    this.start = start;
    this.count = count;
    this.run = run;
    this.stride = stride;
    this.dims = dims;
    this.strides = strides;
  }

  /// The rows of `t`, one an index of all but the innermost dimension.
  static Rows of(Tensor t) {
    return of(t, t.rank() - 1);
  }

  /// The blocks of `t`, one an index of the first `outer` dimensions.
  static Rows of(Tensor t, int outer) {
    int bytes = t.dtype().bytes();
    int[] dims = new int[outer];
    long[] strides = new long[outer];
    int merged = 0;
    int count = 1;
    for (int i = outer - 1; i >= 0; i--) {
      int dim = t.dim(i);
      long stride = t.stride(i) * bytes;
      count = Math.multiplyExact(count, dim);
      if (dim == 1) {
        continue;
      }
      if (merged > 0 && stride == strides[merged - 1] * dims[merged - 1]) {
        dims[merged - 1] *= dim;
      } else {
        dims[merged] = dim;
        strides[merged++] = stride;
      }
    }
    if (merged <= 1) {
      long stride = merged == 0 ? 0 : strides[0];
      return new Rows(t.segment(), t.byteOffset(), count, Math.max(count, 1), stride);
    }
    return new Rows(
        t.segment(),
        t.byteOffset(),
        count,
        dims[0],
        strides[0],
        Arrays.copyOfRange(dims, 1, merged),
        Arrays.copyOfRange(strides, 1, merged));
  }

  /// A contiguous tensor cut into pieces of `length` elements, the last one shorter.
  static Rows pieces(Tensor t, int length) {
    int count = Math.toIntExact((t.shape().size() + length - 1) / length);
    long stride = (long) length * t.dtype().bytes();
    return new Rows(t.segment(), t.byteOffset(), count, Math.max(count, 1), stride);
  }

  /// Byte position of row `row` in the segment.
  long at(int row) {
    if (dims.length == 0) {
      return start + row * stride;
    }
    int outer = row / run;
    long at = start + (row - outer * run) * stride;
    for (int i = 0; i < dims.length; i++) {
      at += outer % dims[i] * strides[i];
      outer /= dims[i];
    }
    return at;
  }

  /// Whether every row lies as far behind the one before it: [#stride].
  boolean isEven() {
    return dims.length == 0;
  }

  /// How far apart rows are, in bytes.
  long stride() {
    return stride;
  }

  /// Reads the first `n` f32 elements of row `row` into `to[at …]`.
  void load(int row, float[] to, int at, int n) {
    MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT_UNALIGNED, at(row), to, at, n);
  }

  /// Writes `from[0 … n − 1]` to the start of row `row`.
  void store(int row, float[] from, int n) {
    MemorySegment.copy(from, 0, segment, ValueLayout.JAVA_FLOAT_UNALIGNED, at(row), n);
  }

  /// Refuses activations of another dtype than this device computes on.
  static void requireF32(String kernel, Tensor... activations) {
    for (Tensor t : activations) {
      if (t.dtype() != DType.F32) {
        throw new IllegalArgumentException(
            kernel + ": got " + t + ", the cpu computes on f32 activations; copyFrom converts");
      }
    }
  }
}
