package org.internvl4j.runtime;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Single elements of any dtype: slow, exact, for reference kernels, conversions and tests.
public final class Elements {
  private Elements() {}

  /// Called for element `index` (row-major), which lies `byteOffset` bytes into the tensor's
  /// segment.
  public interface Visitor {
    void visit(long index, long byteOffset);
  }

  /// Visits all elements of `x` row-major.
  public static void forEach(Tensor x, Visitor visitor) {
    long size = x.shape().size();
    int[] index = new int[x.rank()];
    for (long i = 0; i < size; i++) {
      visitor.visit(i, byteOffset(x, index));
      for (int d = index.length - 1; d >= 0 && ++index[d] == x.dim(d); d--) {
        index[d] = 0;
      }
    }
  }

  /// Where the element at `index` lies in the tensor's segment, in bytes.
  public static long byteOffset(Tensor x, int... index) {
    long element = 0;
    for (int d = 0; d < index.length; d++) {
      element += index[d] * x.stride(d);
    }
    return x.byteOffset() + element * x.dtype().bytes();
  }

  /// Element `i` of contiguous elements that start at byte 0.
  public static float get(MemorySegment segment, DType dtype, long i) {
    return getAt(segment, dtype, i * dtype.bytes());
  }

  /// The element at byte `at`, as a float; exact but for large integers.
  public static float getAt(MemorySegment segment, DType dtype, long at) {
    return switch (dtype) {
      case F32 -> segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
      case BF16 -> bf16ToFloat(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
      case F16 -> Float.float16ToFloat(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
      case I8 -> segment.get(ValueLayout.JAVA_BYTE, at);
      case U8 -> segment.get(ValueLayout.JAVA_BYTE, at) & 0xff;
      case I32 -> segment.get(ValueLayout.JAVA_INT_UNALIGNED, at);
      case I64 -> segment.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
      case Q8, Q4 -> throw new IllegalArgumentException("elements: " + dtype + " is packed");
    };
  }

  /// Stores `value` at byte `at`, rounded to nearest even.
  ///
  /// @throws IllegalArgumentException for integer dtypes
  public static void setAt(MemorySegment segment, DType dtype, long at, float value) {
    switch (dtype) {
      case F32 -> segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, value);
      case BF16 -> segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, floatToBf16(value));
      case F16 -> segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(value));
      case I8, U8, I32, I64, Q8, Q4 ->
          throw new IllegalArgumentException("elements: cannot round a float to " + dtype);
    }
  }

  /// The float with these upper 16 bits.
  public static float bf16ToFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /// The nearest bf16, ties to even; NaN stays NaN.
  public static short floatToBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
