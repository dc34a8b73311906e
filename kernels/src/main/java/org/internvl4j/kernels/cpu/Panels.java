package org.internvl4j.kernels.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Blocks;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// A matrix as products read it: panels of 32 outputs, in each the inputs one after another, so
/// that whoever computes a panel reads one stream from its start to its end.
///
/// Outputs `c` and `c + 16` of a panel share an int, in its lower and its upper half. A line is
/// what belongs to one input:
///
/// | dtype | a panel |
/// |---|---|
/// | `f32` | `[in]` lines of 32 floats, in order |
/// | `bf16` | `[in]` lines of 16 ints |
/// | `q8` | `[in/32]` blocks: 16 ints with the scales, then for every two inputs 16 ints, whose halves hold the two of one output, the first in the lower byte |
/// | `q4` | `[in/32]` blocks: 16 ints with the scales, then for every four inputs 16 ints, whose halves hold the four of one output, the first in the lowest bits, each plus 8 |
///
/// Outputs and inputs that do not exist are zero. The order depends on neither the width of vectors
/// nor the number of threads: packed bytes may be kept.
final class Panels {
  /// The order's name and version.
  static final String NAME = "panels-32.2";

  /// Outputs of a panel.
  static final int COLUMNS = 32;

  /// Bytes of a line of [DType#BF16].
  static final long BF16_LINE = 2L * COLUMNS;

  /// Bytes of scales at the start of a block.
  static final int SCALES = 2 * COLUMNS;

  /// Bytes of a block of [DType#Q8].
  static final int Q8_BLOCK = SCALES + Blocks.LENGTH * COLUMNS;

  /// Bytes of a block of [DType#Q4].
  static final int Q4_BLOCK = SCALES + Blocks.LENGTH * COLUMNS / 2;

  /// A line of zeros: for sums that start at nothing.
  static final MemorySegment ZEROS = Arena.global().allocate(4L * COLUMNS, 64);

  final MemorySegment segment;
  final DType dtype;
  final int in;
  final int out;
  private final long start;
  private final long panel; // bytes

  /// @param packed a matrix that [#allocate] made
  /// @throws IllegalArgumentException if it is not packed
  Panels(Tensor packed) {
    if (!packed.isPacked()) {
      throw new IllegalArgumentException(
          "matMul: weight " + packed + " was not prepared as a matrix of this device");
    }
    this.segment = packed.segment();
    this.start = packed.byteOffset();
    this.dtype = packed.dtype();
    this.out = packed.dim(0);
    this.in = packed.dim(1);
    this.panel = bytes(dtype, in);
  }

  /// Room for a packed matrix.
  static Tensor allocate(Workspace model, DType dtype, Shape shape) {
    return model.allocatePacked(dtype, shape, count(shape.dim(0)) * bytes(dtype, shape.dim(1)));
  }

  /// What a matrix of some dtype is kept as: halves of IEEE 754 are widened, which costs nothing
  /// but memory.
  static DType kept(DType keep) {
    return keep == DType.F16 ? DType.F32 : keep;
  }

  private static int count(int out) {
    return (out + COLUMNS - 1) / COLUMNS;
  }

  /// Blocks of a panel with `in` inputs.
  static int blocks(int in) {
    return (in + Blocks.LENGTH - 1) / Blocks.LENGTH;
  }

  private static long bytes(DType dtype, int in) {
    return switch (dtype) {
      case F32 -> 4L * COLUMNS * in;
      case BF16 -> BF16_LINE * in;
      case Q8 -> (long) Q8_BLOCK * blocks(in);
      case Q4 -> (long) Q4_BLOCK * blocks(in);
      case F16, I8, U8, I32, I64 -> throw new AssertionError(dtype);
    };
  }

  /// How many panels there are.
  int count() {
    return count(out);
  }

  /// Where a panel begins in [#segment].
  long at(int i) {
    return start + i * panel;
  }

  /// Where input `k` of a panel begins in [#segment], the first of a block if there are blocks.
  long at(int i, int k) {
    return at(i) + bytes(dtype, k);
  }

  /// Bytes of one panel.
  long bytes() {
    return panel;
  }

  /// Bytes of a block of [DType#Q8] or [DType#Q4].
  int blockBytes() {
    return dtype == DType.Q8 ? Q8_BLOCK : Q4_BLOCK;
  }

  /// Outputs of a panel that exist.
  int columns(int i) {
    return Math.min(COLUMNS, out - i * COLUMNS);
  }
}
