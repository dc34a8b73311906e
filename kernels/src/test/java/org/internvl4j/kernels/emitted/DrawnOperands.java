package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Random;
import org.internvl4j.kernels.asm.CodeMemory;
import org.internvl4j.kernels.asm.Processor.Feature;
import org.internvl4j.testkit.Effort;
import org.junit.jupiter.api.Assumptions;

/// Operands of drawn shapes, which end or begin at pages that nothing may touch.
class DrawnOperands {
  static final int SHAPES = Effort.isWhole() ? 25_000 : 1_000; // of each
  static final int MOST_TERMS = 75;
  static final int MOST_BLOCKS = 5;
  static final long LINE = 128; // bytes of 32 floats
  private static final int MOST_ROWS = 6 * MOST_BLOCKS;

  final GuardedMemory xs = new GuardedMemory(24L * MOST_TERMS * MOST_BLOCKS);
  final GuardedMemory ws = new GuardedMemory(LINE * MOST_TERMS);
  final GuardedMemory vs = new GuardedMemory(LINE * MOST_TERMS);
  final GuardedMemory ys = new GuardedMemory(2 * LINE * MOST_ROWS);
  final GuardedMemory zs = new GuardedMemory(2 * LINE * MOST_ROWS);
  final GuardedMemory starts = new GuardedMemory(2 * LINE * MOST_ROWS);
  final Random random = new Random(5);

  static MethodHandle function(Program program, int bits) {
    Assumptions.assumeTrue(Emitted.unavailable() == null, () -> "" + Emitted.unavailable());
    Assumptions.assumeTrue(
        bits == 256 || Emitted.features().contains(Feature.AVX512), "no AVX-512 here");
    return CodeMemory.open().function(program.code());
  }

  MemorySegment drawn(GuardedMemory memory, long bytes) {
    return random.nextBoolean() ? memory.last(bytes) : memory.first(bytes);
  }

  void fill(MemorySegment floats) {
    for (long i = 0; i < floats.byteSize(); i += 4) {
      floats.set(JAVA_FLOAT_UNALIGNED, i, random.nextFloat(-2, 2));
    }
  }

  void fillBf16(MemorySegment halves) {
    for (long i = 0; i < halves.byteSize(); i += 2) {
      int bits = Float.floatToRawIntBits(random.nextFloat(-2, 2));
      halves.set(JAVA_SHORT_UNALIGNED, i, (short) (bits >> 16));
    }
  }

  /// The weight of a column in a line at `at`.
  static float weight(Arithmetic arithmetic, MemorySegment w, long at, int column) {
    if (arithmetic == Arithmetic.F32) {
      return w.get(JAVA_FLOAT_UNALIGNED, at + 4L * column);
    }
    int pair = w.get(JAVA_INT_UNALIGNED, at + 4L * (column % 16));
    return Float.intBitsToFloat(column < 16 ? pair << 16 : pair & 0xffff0000);
  }

  static void assertLines(float[] expected, MemorySegment y, long stride, String what) {
    for (int i = 0; i < expected.length; i++) {
      float found = y.get(JAVA_FLOAT_UNALIGNED, stride * (i / 32) + 4L * (i % 32));
      if (Float.floatToRawIntBits(found) != Float.floatToRawIntBits(expected[i])) {
        assertThat(found).as("%s, row %d, column %d", what, i / 32, i % 32).isEqualTo(expected[i]);
      }
    }
  }
}
