package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Tiles of drawn shapes: bit for bit what plain loops compute.
class TileTest extends DrawnOperands {
  private record Shape(int k, int rows, long yStride, long iStride) {
    long bytes() {
      return yStride * (rows - 1) + LINE;
    }
  }

  private Shape shape(int rows) {
    long yStride = LINE * (1 + random.nextInt(2));
    long iStride = random.nextBoolean() ? 0 : yStride;
    return new Shape(random.nextInt(MOST_TERMS + 1), rows, yStride, iStride);
  }

  private static float[] sums(
      Arithmetic arithmetic, Shape shape, MemorySegment x, MemorySegment w, MemorySegment init) {
    float[] sums = new float[32 * shape.rows];
    for (int i = 0; i < sums.length; i++) {
      int r = i / 32;
      int c = i % 32;
      sums[i] = init.get(JAVA_FLOAT_UNALIGNED, shape.iStride * r + 4L * c);
      for (int t = 0; t < shape.k; t++) {
        float input = x.get(JAVA_FLOAT_UNALIGNED, 24L * (shape.k * (r / 6) + t) + 4L * (r % 6));
        sums[i] = Math.fma(input, weight(arithmetic, w, (long) arithmetic.line * t, c), sums[i]);
      }
    }
    return sums;
  }

  private interface Call {
    void call(Shape shape, MemorySegment x, MemorySegment w, MemorySegment y, MemorySegment init);
  }

  private void assertSums(Arithmetic arithmetic, Shape shape, Call tile) {
    MemorySegment x = drawn(xs, 24L * shape.k * ((shape.rows + 5) / 6));
    MemorySegment w = drawn(ws, (long) arithmetic.line * shape.k);
    MemorySegment y = drawn(ys, shape.bytes());
    MemorySegment init = shape.iStride == 0 ? drawn(starts, LINE) : y; // where the sums are
    fill(x);
    fill(w);
    fill(y);
    fill(init);
    float[] expected = sums(arithmetic, shape, x, w, init);
    tile.call(shape, x, w, y, init);
    assertLines(expected, y, shape.yStride, arithmetic + ", " + shape);
  }

  @ParameterizedTest
  @CsvSource({"F32, 256", "F32, 512", "F32_BF16, 256", "F32_BF16, 512"})
  void tilesAreWhatLoopsCompute(Arithmetic arithmetic, int bits) {
    for (int rows = 1; rows <= Tile.most(bits); rows++) {
      MethodHandle tile = function(new Tile(arithmetic, bits, rows), bits);
      for (int n = 0; n < SHAPES / 5; n++) {
        assertSums(
            arithmetic,
            shape(rows),
            (shape, x, w, y, init) -> {
              for (long p = 0; p < 64; p += bits / 8) {
                call(
                    tile,
                    shape.k,
                    x.address(),
                    24L * shape.k,
                    w.address() + p,
                    y.address() + p,
                    init.address() + p,
                    shape.iStride,
                    shape.yStride);
              }
            });
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F32_BF16"})
  void anyNumberOfRowsIsWhatLoopsCompute(Arithmetic arithmetic) {
    Assumptions.assumeTrue(Emitted.unavailable() == null, () -> "" + Emitted.unavailable());
    for (int n = 0; n < SHAPES; n++) {
      assertSums(
          arithmetic,
          shape(1 + random.nextInt(6 * MOST_BLOCKS)),
          (shape, x, w, y, init) ->
              Products.tiles(
                  arithmetic,
                  shape.k,
                  shape.rows,
                  x,
                  0,
                  24L * shape.k,
                  w,
                  0,
                  y,
                  0,
                  shape.yStride,
                  init,
                  0,
                  shape.iStride));
    }
  }
}
