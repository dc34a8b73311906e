package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Rows times blocks of drawn numbers: bit for bit what plain loops compute.
class BlockRowTest extends DrawnOperands {
  @ParameterizedTest
  @ValueSource(ints = {8, 4})
  void blocksAreWhatLoopsCompute(int weightBits) throws Throwable {
    Assumptions.assumeTrue(Emitted.hasBytes(), "no AVX-512 VNNI and VBMI here");
    BlockRow program = new BlockRow(weightBits);
    MethodHandle row = function(program, 512);
    MethodHandle pack = function(new PackedRow(program.offset()), 512);
    for (int n = 0; n < SHAPES; n++) {
      int blocks = 1 + random.nextInt(MOST_TERMS / 16);
      byte[] inputs = new byte[32 * blocks];
      MemorySegment rounded = drawn(xs, 136L * blocks);
      for (int b = 0; b < blocks; b++) {
        int sum = 0;
        for (int i = 0; i < 32; i++) {
          int input = random.nextInt(5) == 0 ? 127 : random.nextInt(-127, 128);
          inputs[32 * b + i] = (byte) input;
          sum += input;
          rounded.set(JAVA_INT_UNALIGNED, 136L * b + 4L * i, (input << 16) | (input & 0xffff));
        }
        int start = -8 * sum;
        rounded.set(JAVA_INT_UNALIGNED, 136L * b + 128, (start << 16) | (start & 0xffff));
        rounded.set(JAVA_FLOAT_UNALIGNED, 136L * b + 132, random.nextFloat());
      }
      MemorySegment packed = drawn(zs, (long) PackedRow.BLOCK * blocks);
      pack.invokeExact((long) blocks, rounded.address(), packed.address());
      MemorySegment w = drawn(ws, (long) program.block() * blocks);
      MemorySegment v = drawn(vs, (long) program.block() * blocks);
      fillBlocks(program, w);
      fillBlocks(program, v);
      MemorySegment y = drawn(ys, 2 * LINE);
      MemorySegment init = drawn(starts, 2 * LINE);
      fill(init);
      row.invokeExact(
          (long) blocks,
          packed.address(),
          w.address(),
          v.address(),
          y.address(),
          y.address() + LINE,
          init.address(),
          init.address() + LINE);
      String what = weightBits + " bits, blocks " + blocks;
      float[] first = sums(program, inputs, rounded, w, init, 0);
      assertLines(first, y.asSlice(0, LINE), LINE, what);
      float[] second = sums(program, inputs, rounded, v, init, LINE);
      assertLines(second, y.asSlice(LINE, LINE), LINE, what);
    }
  }

  /// Any weights, scales of ordinary size.
  private void fillBlocks(BlockRow program, MemorySegment w) {
    for (long i = 0; i < w.byteSize(); i += 4) {
      w.set(JAVA_INT_UNALIGNED, i, random.nextInt());
    }
    for (long block = 0; block < w.byteSize(); block += program.block()) {
      fillBf16(w.asSlice(block, LINE / 2));
    }
  }

  private static float[] sums(
      BlockRow program,
      byte[] inputs,
      MemorySegment rounded,
      MemorySegment w,
      MemorySegment init,
      long at) {
    float[] sums = new float[32];
    for (int c = 0; c < 32; c++) {
      sums[c] = init.get(JAVA_FLOAT_UNALIGNED, at + 4L * c);
      for (int b = 0; b < inputs.length / 32; b++) {
        long block = (long) program.block() * b;
        int whole = 0;
        for (int i = 0; i < 32; i++) {
          whole += inputs[32 * b + i] * blockWeight(program.weightBits(), w, block + 64, i, c);
        }
        float scale = weight(Arithmetic.F32_BF16, w, block, c);
        scale *= rounded.get(JAVA_FLOAT_UNALIGNED, 136L * b + 132);
        sums[c] = Math.fma(whole, scale, sums[c]);
      }
    }
    return sums;
  }

  /// Input `i` of column `c`, as panels lay them.
  private static int blockWeight(int bits, MemorySegment w, long at, int i, int c) {
    int inLine = 16 / bits; // inputs whose weights of a column are side by side
    int pair = w.get(JAVA_INT_UNALIGNED, at + 64L * (i / inLine) + 4L * (c % 16));
    int half = c < 16 ? pair & 0xffff : pair >>> 16;
    int weight = half >> (bits * (i % inLine));
    return bits == 8 ? (byte) weight : (weight & 15) - 8;
  }
}
