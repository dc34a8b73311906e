package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// Elements that do not lie in order.
final class Strided {
  private Strided() {}

  /// Copies them into their order, outermost dimension first.
  ///
  /// @param from begins with the first element
  /// @param to as large as all elements together
  /// @param width of an element: 1, 2, 4 or 8 bytes
  /// @param strides in elements, as many as dimensions
  static void copy(
      MemorySegment from, MemorySegment to, int width, List<Long> shape, List<Long> strides) {
    int outer = shape.size() - 1;
    long row = shape.get(outer);
    long step = strides.get(outer) * width;
    long[] index = new long[outer];
    long start = 0;
    for (long at = 0; at < to.byteSize(); at += row * width) {
      copyRow(from, start, step, to.asSlice(at, row * width), width);
      for (int d = outer - 1; d >= 0; d--) {
        start += strides.get(d) * width;
        if (++index[d] < shape.get(d)) {
          break;
        }
        start -= strides.get(d) * shape.get(d) * width;
        index[d] = 0;
      }
    }
  }

  private static void copyRow(
      MemorySegment from, long start, long step, MemorySegment to, int width) {
    if (step == width) {
      MemorySegment.copy(from, start, to, 0, to.byteSize());
      return;
    }
    long at = start;
    for (long i = 0; i < to.byteSize(); i += width, at += step) {
      switch (width) {
        case 1 -> to.set(ValueLayout.JAVA_BYTE, i, from.get(ValueLayout.JAVA_BYTE, at));
        case 2 -> to.set(SHORT, i, from.get(SHORT, at));
        case 4 -> to.set(INT, i, from.get(INT, at));
        case 8 -> to.set(LONG, i, from.get(LONG, at));
        default -> throw new AssertionError(width);
      }
    }
  }

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
}
