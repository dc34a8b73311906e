package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Random;
import org.internvl4j.kernels.asm.CodeMemory;
import org.internvl4j.kernels.asm.Processor.Feature;
import org.internvl4j.testkit.Effort;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Products of drawn shapes as machine code: bit for bit what plain loops compute, and never a byte
/// beyond their operands, which end and begin at pages that nothing may touch.
class FunctionsTest {
  private static final int SHAPES = Effort.isWhole() ? 25_000 : 1_000; // of each
  private static final int MOST_TERMS = 75;
  private static final int MOST_BLOCKS = 5;
  private static final int MOST_ROWS = 6 * MOST_BLOCKS;
  private static final long LINE = 128; // bytes of 32 floats

  private final GuardedMemory xs = new GuardedMemory(24L * MOST_TERMS * MOST_BLOCKS);
  private final GuardedMemory ws = new GuardedMemory(LINE * MOST_TERMS);
  private final GuardedMemory vs = new GuardedMemory(LINE * MOST_TERMS);
  private final GuardedMemory ys = new GuardedMemory(2 * LINE * MOST_ROWS);
  private final GuardedMemory zs = new GuardedMemory(2 * LINE * MOST_ROWS);
  private final GuardedMemory starts = new GuardedMemory(2 * LINE * MOST_ROWS);
  private final Random random = new Random(5);

  private static MethodHandle function(byte[] code, int arguments, int bits) {
    Assumptions.assumeTrue(Emitted.unavailable() == null, () -> "" + Emitted.unavailable());
    Assumptions.assumeTrue(
        bits == 256 || Emitted.features().contains(Feature.AVX512), "no AVX-512 here");
    return CodeMemory.open().function(code, arguments);
  }

  private MemorySegment drawn(GuardedMemory memory, long bytes) {
    return random.nextBoolean() ? memory.last(bytes) : memory.first(bytes);
  }

  private void fill(MemorySegment floats) {
    for (long i = 0; i < floats.byteSize(); i += 4) {
      floats.set(JAVA_FLOAT_UNALIGNED, i, random.nextFloat(-2, 2));
    }
  }

  /// The weight of a column in a line at `at`.
  private static float weight(Arithmetic arithmetic, MemorySegment w, long at, int column) {
    if (arithmetic == Arithmetic.F32) {
      return w.get(JAVA_FLOAT_UNALIGNED, at + 4L * column);
    }
    int pair = w.get(JAVA_INT_UNALIGNED, at + 4L * (column % 16));
    return Float.intBitsToFloat(column < 16 ? pair << 16 : pair & 0xffff0000);
  }

  @ParameterizedTest
  @CsvSource({"F32, 256", "F32, 512", "F32_BF16, 256", "F32_BF16, 512"})
  void tilesAreWhatLoopsCompute(Arithmetic arithmetic, int bits) throws Throwable {
    MethodHandle tile = function(new Tile(arithmetic, bits).code(), Tile.ARGUMENTS, bits);
    for (int n = 0; n < SHAPES; n++) {
      int k = random.nextInt(MOST_TERMS + 1);
      int blocks = random.nextInt(MOST_BLOCKS + 1);
      int rows = 6 * blocks;
      long yStride = LINE * (1 + random.nextInt(2));
      long iStride = random.nextBoolean() ? 0 : yStride;
      MemorySegment x = drawn(xs, 24L * k * blocks);
      MemorySegment w = drawn(ws, (long) arithmetic.line * k);
      MemorySegment y = drawn(ys, Math.max(0, yStride * (rows - 1) + LINE));
      MemorySegment init = iStride == 0 ? drawn(starts, LINE) : y; // where the sums are
      fill(x);
      fill(w);
      fill(y);
      fill(init);
      float[] expected = new float[32 * rows];
      for (int i = 0; i < expected.length; i++) {
        int r = i / 32;
        int c = i % 32;
        float sum = init.get(JAVA_FLOAT_UNALIGNED, iStride * r + 4L * c);
        for (int t = 0; t < k; t++) {
          float input = x.get(JAVA_FLOAT_UNALIGNED, 24L * (k * (r / 6) + t) + 4L * (r % 6));
          sum = Math.fma(input, weight(arithmetic, w, (long) arithmetic.line * t, c), sum);
        }
        expected[i] = sum;
      }
      for (long p = 0; p < 64; p += bits / 8) {
        tile.invokeExact(
            (long) k,
            x.address(),
            24L * k,
            w.address() + p,
            y.address() + p,
            init.address() + p,
            iStride,
            yStride,
            (long) blocks);
      }
      assertLines(expected, y, yStride, "%s k %d blocks %d".formatted(arithmetic, k, blocks));
    }
  }

  @ParameterizedTest
  @CsvSource({"F32, 256", "F32, 512", "F32_BF16, 256", "F32_BF16, 512"})
  void someRowsAreWhatLoopsCompute(Arithmetic arithmetic, int bits) throws Throwable {
    Tile tile = new Tile(arithmetic, bits);
    for (int rows = 1; rows <= tile.most(); rows++) {
      MethodHandle function = function(tile.code(rows), Tile.ROWS_ARGUMENTS, bits);
      for (int n = 0; n < SHAPES / 10; n++) {
        int k = random.nextInt(MOST_TERMS + 1);
        long last = LINE * (rows - 1);
        MemorySegment x = drawn(xs, 24L * k * ((rows + 5) / 6));
        MemorySegment w = drawn(ws, (long) arithmetic.line * k);
        MemorySegment y = drawn(ys, last + LINE);
        MemorySegment init = drawn(starts, last + LINE);
        fill(x);
        fill(w);
        fill(init);
        float[] expected = new float[32 * rows];
        for (int i = 0; i < expected.length; i++) {
          int r = i / 32;
          float sum = init.get(JAVA_FLOAT_UNALIGNED, LINE * r + 4L * (i % 32));
          for (int t = 0; t < k; t++) {
            float input = x.get(JAVA_FLOAT_UNALIGNED, 24L * (k * (r / 6) + t) + 4L * (r % 6));
            sum = Math.fma(input, weight(arithmetic, w, (long) arithmetic.line * t, i % 32), sum);
          }
          expected[i] = sum;
        }
        for (long p = 0; p < 64; p += bits / 8) {
          function.invokeExact(
              (long) k,
              x.address(),
              24L * k,
              w.address() + p,
              y.address() + p,
              init.address() + p,
              LINE,
              LINE);
        }
        assertLines(expected, y, LINE, "%s k %d rows %d".formatted(arithmetic, k, rows));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"F32, 256", "F32, 512", "F32_BF16, 256", "F32_BF16, 512"})
  void rowsAreWhatLoopsCompute(Arithmetic arithmetic, int bits) throws Throwable {
    MethodHandle row = function(new Row(arithmetic, bits).code(), Row.ARGUMENTS, bits);
    for (int n = 0; n < SHAPES; n++) {
      int k = random.nextInt(MOST_TERMS + 1);
      MemorySegment x = drawn(xs, 4L * k);
      MemorySegment w = drawn(ws, (long) arithmetic.line * k);
      MemorySegment v = drawn(vs, (long) arithmetic.line * k);
      MemorySegment y = drawn(ys, LINE);
      MemorySegment z = drawn(zs, LINE);
      MemorySegment init = drawn(starts, 2 * LINE);
      fill(x);
      fill(w);
      fill(v);
      fill(init);
      float[] first = sums(arithmetic, k, x, w, init, 0);
      float[] second = sums(arithmetic, k, x, v, init, LINE);
      long start = init.address();
      row.invokeExact(
          (long) k,
          x.address(),
          w.address(),
          v.address(),
          y.address(),
          z.address(),
          start,
          start + LINE);
      assertLines(first, y, LINE, arithmetic + " k " + k);
      assertLines(second, z, LINE, arithmetic + " k " + k);
    }
  }

  // ---- pairs of bf16 numbers

  private static float bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.intBitsToFloat((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000);
  }

  @Test
  void roundsToTheNearestEvenBf16() throws Throwable {
    Assumptions.assumeTrue(Emitted.hasBf16(), "no AVX-512 BF16 here");
    MethodHandle round = function(Rounding.code(), Rounding.ARGUMENTS, 512);
    for (int n = 0; n < SHAPES / 10; n++) {
      int steps = 1 + random.nextInt(10);
      MemorySegment x = drawn(xs, 128L * steps);
      MemorySegment y = drawn(ys, 64L * steps);
      for (long i = 0; i < x.byteSize(); i += 4) {
        int mantissa = random.nextInt(4) == 0 ? 0x8000 | (random.nextInt(3) - 1) : random.nextInt();
        int bits = (random.nextInt() & 0x7fff0000) | (mantissa & 0xffff);
        float value = Float.intBitsToFloat(bits);
        x.set(JAVA_FLOAT_UNALIGNED, i, Float.isFinite(value) ? value : mantissa);
      }
      round.invokeExact((long) steps, x.address(), y.address());
      for (int i = 0; i < 32 * steps; i++) {
        float value = x.get(JAVA_FLOAT_UNALIGNED, 4L * i);
        float expected = Math.abs(value) < Float.MIN_NORMAL ? 0 : bf16(value);
        float found = Float.intBitsToFloat(y.get(JAVA_SHORT_UNALIGNED, 2L * i) << 16);
        assertThat(Math.abs(found)).as("%a", value).isEqualTo(Math.abs(expected));
      }
    }
  }

  /// A sum of `t` products is rounded no more than `t` times, each time by half a unit in the last
  /// place of what is no larger than the sum of all their sizes.
  @Test
  void pairsAreWhatLoopsCompute() throws Throwable {
    Assumptions.assumeTrue(Emitted.hasBf16(), "no AVX-512 BF16 here");
    Arithmetic pairs = Arithmetic.BF16;
    MethodHandle tile = function(new Tile(pairs, 512).code(), Tile.ARGUMENTS, 512);
    MethodHandle row = function(new Row(pairs, 512).code(), Row.ARGUMENTS, 512);
    for (int n = 0; n < SHAPES; n++) {
      int k = random.nextInt(MOST_TERMS + 1);
      int blocks = random.nextInt(MOST_BLOCKS + 1);
      int rows = 6 * blocks;
      MemorySegment x = drawn(xs, 24L * k * blocks);
      MemorySegment w = drawn(ws, (long) pairs.line * k);
      MemorySegment y = drawn(ys, LINE * rows);
      MemorySegment init = drawn(starts, LINE);
      fillBf16(x);
      fillBf16(w);
      fill(init);
      long start = init.address();
      tile.invokeExact(
          (long) k, x.address(), 24L * k, w.address(), y.address(), start, 0L, LINE, (long) blocks);
      MemorySegment line = drawn(vs, 4L * k);
      MemorySegment one = drawn(zs, 2 * LINE);
      for (int r = 0; r < rows; r++) {
        for (int t = 0; t < k; t++) {
          long at = 24L * (k * (r / 6) + t) + 4L * (r % 6);
          line.set(JAVA_INT_UNALIGNED, 4L * t, x.get(JAVA_INT_UNALIGNED, at));
        }
        for (int c = 0; c < 32; c++) {
          float found = y.get(JAVA_FLOAT_UNALIGNED, LINE * r + 4L * c);
          assertPairs(found, k, line, w, init.get(JAVA_FLOAT_UNALIGNED, 4L * c), c);
        }
        row.invokeExact(
            (long) k,
            line.address(),
            w.address(),
            w.address(),
            one.address(),
            one.address() + LINE,
            start,
            start);
        assertThat(y.asSlice(LINE * r, LINE).mismatch(one.asSlice(0, LINE))).isEqualTo(-1);
        assertThat(one.asSlice(LINE, LINE).mismatch(one.asSlice(0, LINE))).isEqualTo(-1);
      }
    }
  }

  private void fillBf16(MemorySegment halves) {
    for (long i = 0; i < halves.byteSize(); i += 2) {
      int bits = Float.floatToRawIntBits(random.nextFloat(-2, 2));
      halves.set(JAVA_SHORT_UNALIGNED, i, (short) (bits >> 16));
    }
  }

  private static void assertPairs(
      float found, int k, MemorySegment x, MemorySegment w, float start, int column) {
    double sum = start;
    double size = Math.abs(start);
    for (int t = 0; t < 2 * k; t++) {
      float input = Float.intBitsToFloat(x.get(JAVA_SHORT_UNALIGNED, 2L * t) << 16);
      double product = (double) input * weight(Arithmetic.F32_BF16, w, 64L * t, column);
      sum += product;
      size += Math.abs(product);
    }
    assertThat((double) found).isCloseTo(sum, offset((2 * k + 1) * 0x1p-24 * size));
  }

  // ---- rows times a vector

  @Test
  void dotsAreWhatLoopsCompute() throws Throwable {
    MethodHandle dots = function(Dots.code(), Dots.ARGUMENTS, 512);
    for (int n = 0; n < SHAPES; n++) {
      int rows = 1 + random.nextInt(4);
      int length = Dots.STEP * random.nextInt(7);
      long yStride = 4L * (1 + random.nextInt(3));
      MemorySegment x = drawn(xs, 4L * length * rows);
      MemorySegment v = drawn(ws, 4L * length);
      MemorySegment y = drawn(ys, yStride * (rows - 1) + 4);
      fill(x);
      fill(v);
      dots.invokeExact(
          (long) rows,
          x.address(),
          4L * length,
          v.address(),
          y.address(),
          yStride,
          (long) length / Dots.STEP);
      for (int r = 0; r < rows; r++) {
        float found = y.get(JAVA_FLOAT_UNALIGNED, yStride * r);
        assertThat(found).isEqualTo(dot(x.asSlice(4L * length * r, 4L * length), v));
      }
    }
  }

  /// 64 sums, added up by halves.
  private static float dot(MemorySegment x, MemorySegment v) {
    float[] sums = new float[Dots.STEP];
    for (int i = 0; i < x.byteSize() / 4; i++) {
      float a = x.get(JAVA_FLOAT_UNALIGNED, 4L * i);
      float b = v.get(JAVA_FLOAT_UNALIGNED, 4L * i);
      sums[i % Dots.STEP] = Math.fma(a, b, sums[i % Dots.STEP]);
    }
    for (int i = 0; i < 16; i++) { // of four vectors, two and two
      sums[i] = (sums[i] + sums[16 + i]) + (sums[32 + i] + sums[48 + i]);
    }
    for (int half = 8; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        sums[i] += sums[i + half];
      }
    }
    return sums[0];
  }

  // ---- blocks of 8 and 4 bits

  @ParameterizedTest
  @ValueSource(ints = {8, 4})
  void blocksAreWhatLoopsCompute(int weightBits) throws Throwable {
    Assumptions.assumeTrue(Emitted.hasBytes(), "no AVX-512 VNNI and VBMI here");
    BlockRow program = new BlockRow(weightBits);
    MethodHandle row = function(program.code(), BlockRow.ARGUMENTS, 512);
    MethodHandle pack = function(new Bytes(program.offset()).code(), Bytes.ARGUMENTS, 512);
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
      MemorySegment packed = drawn(zs, (long) Bytes.BLOCK * blocks);
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

  private static float[] sums(
      Arithmetic arithmetic, int k, MemorySegment x, MemorySegment w, MemorySegment init, long at) {
    float[] sums = new float[32];
    for (int c = 0; c < 32; c++) {
      sums[c] = init.get(JAVA_FLOAT_UNALIGNED, at + 4L * c);
      for (int t = 0; t < k; t++) {
        float weight = weight(arithmetic, w, (long) arithmetic.line * t, c);
        sums[c] = Math.fma(x.get(JAVA_FLOAT_UNALIGNED, 4L * t), weight, sums[c]);
      }
    }
    return sums;
  }

  private static void assertLines(float[] expected, MemorySegment y, long stride, String what) {
    for (int i = 0; i < expected.length; i++) {
      float found = y.get(JAVA_FLOAT_UNALIGNED, stride * (i / 32) + 4L * (i % 32));
      if (Float.floatToRawIntBits(found) != Float.floatToRawIntBits(expected[i])) {
        assertThat(found).as("%s, row %d, column %d", what, i / 32, i % 32).isEqualTo(expected[i]);
      }
    }
  }
}
