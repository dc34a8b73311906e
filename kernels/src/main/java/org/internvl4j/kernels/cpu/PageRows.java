package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Tensor;

/// Where the heads of a sequence's tokens lie in pages, f32. The table is read each time.
final class PageRows {
  /// The memory that all positions refer to.
  final MemorySegment segment;

  /// Bytes from a token to the next one of its page.
  final long stride;

  private final MemorySegment table;
  private final long tableStart;
  private final long start;
  private final long page; // bytes
  private final long head; // bytes
  private final int shift;
  private final int size; // tokens of a page, a power of two

  /// @param pages `[P, K, S, D]`
  /// @param table `[n]`, i32
  PageRows(Tensor pages, Tensor table) {
    this.segment = pages.segment();
    this.start = pages.byteOffset();
    this.page = 4 * pages.stride(0);
    this.head = 4 * pages.stride(1);
    this.stride = 4 * pages.stride(2);
    this.size = pages.dim(2);
    this.shift = Integer.numberOfTrailingZeros(size);
    this.table = table.segment();
    this.tableStart = table.byteOffset();
  }

  /// Byte position of head `h` of token `t`.
  long at(int t, int h) {
    long number = table.get(JAVA_INT_UNALIGNED, tableStart + 4L * (t >> shift));
    return start + number * page + h * head + (t & (size - 1)) * stride;
  }

  /// How many tokens from `t` on, of `count`, lie side by side.
  int run(int t, int count) {
    return Math.min(count, size - (t & (size - 1)));
  }
}
