package org.internvl4j.loader.quantised;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Tensor;

/// A piece of a matrix that is small enough for the first-level cache: files may hold matrices
/// input by input, and what is made of them lies row by row.
final class Tile {
  /// Rows of a tile; the last may have fewer. A multiple of what any format has in a word.
  static final int ROWS = 128;

  /// From one row of [#values] to the next.
  static final int INPUTS = 64;

  final float[] values = new float[ROWS * INPUTS];
  int row;
  int rows;
  int input;
  int inputs;

  /// Writes the numbers where they belong, rounded.
  ///
  /// @param to `[out, in]`, bf16, in host memory
  void write(Tensor to) {
    MemorySegment segment = to.segment();
    for (int r = 0; r < rows; r++) {
      long at = to.byteOffset() + 2 * ((long) (row + r) * to.dim(1) + input);
      for (int k = 0; k < inputs; k++) {
        short bits = Elements.floatToBf16(values[r * INPUTS + k]);
        segment.set(JAVA_SHORT_UNALIGNED, at + 2L * k, bits);
      }
    }
  }
}
