package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Tensor;

/// Where rows go in a table: a number in memory that every run of a job reads, so that a recorded
/// one writes to a new place each time.
final class Place {
  private final String kernel;
  private final MemorySegment segment;
  private final long at;
  private final int last;
  private final Tensor x;

  /// @param at `[1]`, i32
  /// @param rows how many the table has
  /// @param x the rows that go there
  Place(String kernel, Tensor at, int rows, Tensor x) {
    this.kernel = kernel;
    this.segment = at.segment();
    this.at = at.byteOffset();
    this.last = rows - x.dim(0);
    this.x = x;
  }

  /// The row of the table that the first one goes to.
  ///
  /// @throws IllegalArgumentException if they do not fit there
  int read() {
    int first = segment.get(JAVA_INT_UNALIGNED, at);
    if (first < 0 || first > last) {
      throw new IllegalArgumentException(
          kernel + ": row " + first + " is outside 0 … " + last + " for " + x);
    }
    return first;
  }
}
