package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Assumptions;

/// Operands in blocks of drawn numbers, and what plain loops make of them.
class DrawnBlocks extends DrawnOperands {
  static final int MOST_BLOCKS_OF_INPUTS = MOST_TERMS / 16;
  private static final long ROUNDED = PackedRow.ROUNDED;

  /// A row of inputs.
  ///
  /// @param scales one for each 32
  record Inputs(byte[] values, float[] scales) {}

  static MethodHandle pack(BlockWeights weights) {
    Assumptions.assumeTrue(Emitted.hasBytes(), "no AVX-512 VNNI and VBMI here");
    return function(new PackedRow(weights.offset()), 512);
  }

  /// Draws a row and packs it.
  ///
  /// @param pack see [#pack]
  Inputs drawn(int blocks, MethodHandle pack, MemorySegment packed) {
    Inputs inputs = new Inputs(new byte[32 * blocks], new float[blocks]);
    MemorySegment rounded = drawn(xs, ROUNDED * blocks);
    for (int b = 0; b < blocks; b++) {
      int sum = 0;
      for (int i = 0; i < 32; i++) {
        int input = random.nextInt(5) == 0 ? 127 : random.nextInt(-127, 128);
        inputs.values[32 * b + i] = (byte) input;
        sum += input;
        rounded.set(JAVA_INT_UNALIGNED, ROUNDED * b + 4L * i, (input << 16) | (input & 0xffff));
      }
      int start = -8 * sum;
      rounded.set(JAVA_INT_UNALIGNED, ROUNDED * b + 128, (start << 16) | (start & 0xffff));
      inputs.scales[b] = random.nextFloat();
      rounded.set(JAVA_FLOAT_UNALIGNED, ROUNDED * b + 132, inputs.scales[b]);
    }
    call(pack, blocks, rounded.address(), packed.address());
    return inputs;
  }

  /// A panel of any weights, and scales of ordinary size.
  MemorySegment drawnPanel(BlockWeights weights, int blocks, GuardedMemory memory) {
    MemorySegment w = drawn(memory, (long) weights.block() * blocks);
    for (long i = 0; i < w.byteSize(); i += 4) {
      w.set(JAVA_INT_UNALIGNED, i, random.nextInt());
    }
    for (long block = 0; block < w.byteSize(); block += weights.block()) {
      fillBf16(w.asSlice(block, LINE / 2));
    }
    return w;
  }

  /// Sums of 32 columns.
  ///
  /// @param init where they start, from `at`
  static float[] sums(
      BlockWeights weights, Inputs inputs, MemorySegment w, MemorySegment init, long at) {
    float[] sums = new float[32];
    for (int c = 0; c < 32; c++) {
      sums[c] = init.get(JAVA_FLOAT_UNALIGNED, at + 4L * c);
      for (int b = 0; b < inputs.scales.length; b++) {
        long block = (long) weights.block() * b;
        int whole = 0;
        for (int i = 0; i < 32; i++) {
          whole += inputs.values[32 * b + i] * weight(weights.bits(), w, block + 64, i, c);
        }
        float scale = weight(Arithmetic.F32_BF16, w, block, c) * inputs.scales[b];
        sums[c] = Math.fma(whole, scale, sums[c]);
      }
    }
    return sums;
  }

  /// Input `i` of column `c`, as panels lay them.
  private static int weight(int bits, MemorySegment w, long at, int i, int c) {
    int inLine = 16 / bits; // inputs whose weights of a column are side by side
    int pair = w.get(JAVA_INT_UNALIGNED, at + 64L * (i / inLine) + 4L * (c % 16));
    int half = c < 16 ? pair & 0xffff : pair >>> 16;
    int weight = half >> (bits * (i % inLine));
    return bits == 8 ? (byte) weight : (weight & 15) - 8;
  }
}
