package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/// Whether tiles compute here what they should, and how fast, in a fifth of a second: small whole
/// numbers, whose sums are exact in any order.
public final class SelfCheck {
  private static final int LINES = 4096;
  private static final long NANOS = 40_000_000; // for each kind
  private static final int PAIR_OF_TWOS = 0x40004000; // bf16 numbers
  private static final int ROW = 128; // bytes of the sums of 32 columns

  private SelfCheck() {}

  /// A kind of tiles.
  ///
  /// @param products of a call
  private record Kind(String name, int rows, long products, float sum, Runnable call) {}

  /// @return rates of one thread, in one line
  /// @throws IllegalStateException if a sum is wrong
  public static String run() {
    List<String> rates = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment y = arena.allocate((long) ROW * Products.TOGETHER, 64);
      List<Kind> kinds = new ArrayList<>();
      kinds.add(floats("f32", Arithmetic.F32, Float.floatToRawIntBits(2), 1, arena, y));
      kinds.add(floats("f32 x bf16", Arithmetic.F32_BF16, PAIR_OF_TWOS, 1, arena, y));
      if (Emitted.hasBf16()) {
        kinds.add(floats("bf16", Arithmetic.BF16, PAIR_OF_TWOS, 2, arena, y));
      }
      if (Emitted.hasBytes()) {
        kinds.add(bytes(8, 0x02020202, arena, y)); // twos
        kinds.add(bytes(4, 0xaaaaaaaa, arena, y)); // twos, 8 more
      }
      for (Kind kind : kinds) {
        rates.add("%s %.0f".formatted(kind.name(), rate(kind, y)));
      }
    }
    return "a thread's products are right; 10⁹ multiplications and additions a second: "
        + String.join(", ", rates);
  }

  /// Input `i`, of all rows.
  private static int input(int i) {
    return i % 7 - 2;
  }

  /// Twice the inputs.
  private static float sum(int count) {
    return 2 * IntStream.range(0, count).map(SelfCheck::input).sum();
  }

  /// @param twos four bytes of weights, each of which is 2
  /// @param terms of a sum that a line is
  private static Kind floats(
      String name, Arithmetic arithmetic, int twos, int terms, Arena arena, MemorySegment y) {
    int rows = Products.TOGETHER;
    long block = 4L * Tile.BLOCK * LINES;
    MemorySegment x = arena.allocate(block * Math.ceilDiv(rows, Tile.BLOCK), 64);
    MemorySegment w = arena.allocate((long) arithmetic.line * LINES, 64);
    MemorySegment zeros = arena.allocate(ROW, 64);
    for (long i = 0; i < w.byteSize(); i += 4) {
      w.set(JAVA_INT_UNALIGNED, i, twos);
    }
    for (long i = 0; i < x.byteSize(); i += 4) {
      int bits = Float.floatToRawIntBits(input((int) (i % block / (4 * Tile.BLOCK))));
      x.set(JAVA_INT_UNALIGNED, i, terms == 1 ? bits : bits | (bits >>> 16));
    }
    return new Kind(
        name,
        rows,
        (long) rows * 32 * LINES * terms,
        terms * sum(LINES),
        () -> Products.tiles(arithmetic, LINES, rows, x, 0, block, w, 0, y, 0, ROW, zeros, 0, 0));
  }

  private static Kind bytes(int bits, int twos, Arena arena, MemorySegment y) {
    int rows = Products.BLOCKS_TOGETHER;
    int blocks = LINES / 32;
    BlockWeights weights = new BlockWeights(bits);
    MemorySegment rounded = arena.allocate((long) PackedRow.ROUNDED * blocks, 64);
    MemorySegment w = arena.allocate((long) weights.block() * blocks, 64);
    MemorySegment x = arena.allocate(Products.packedBytes(blocks) * rows, 64);
    MemorySegment zeros = arena.allocate(ROW, 64);
    for (int b = 0; b < blocks; b++) {
      long block = (long) weights.block() * b;
      for (int i = 0; i < weights.block(); i += 4) {
        boolean isScale = i < weights.line(0);
        w.set(JAVA_INT_UNALIGNED, block + i, isScale ? 0x3f803f80 : twos); // ones
      }
      block = (long) PackedRow.ROUNDED * b;
      int sum = 0;
      for (int i = 0; i < 32; i++) {
        rounded.set(JAVA_INT_UNALIGNED, block + 4L * i, input(32 * b + i));
        sum += input(32 * b + i);
      }
      rounded.set(JAVA_INT_UNALIGNED, block + 128, ((-8 * sum) << 16) | ((-8 * sum) & 0xffff));
      rounded.set(JAVA_FLOAT_UNALIGNED, block + 132, 1);
    }
    for (int r = 0; r < rows; r++) {
      Products.pack(bits, blocks, rounded, 0, x, Products.packedBytes(blocks) * r);
    }
    long stride = Products.packedBytes(blocks);
    return new Kind(
        "q" + bits,
        rows,
        (long) rows * 32 * LINES,
        sum(LINES),
        () -> Products.blockTiles(bits, blocks, rows, x, 0, stride, w, 0, y, 0, ROW, zeros, 0, 0));
  }

  /// Billions of operations a second, a product and a sum being two.
  private static double rate(Kind kind, MemorySegment y) {
    kind.call().run();
    for (int r = 0; r < kind.rows(); r++) {
      for (int c = 0; c < 32; c++) {
        float found = y.get(JAVA_FLOAT_UNALIGNED, (long) ROW * r + 4L * c);
        if (found != kind.sum()) {
          throw new IllegalStateException(
              String.format(
                  Locale.ROOT,
                  "a sum of %s products is %s, expected %s",
                  kind.name(),
                  found,
                  kind.sum()));
        }
      }
    }
    long calls = 0;
    long begin = System.nanoTime();
    long nanos = 0;
    for (; nanos < NANOS; nanos = System.nanoTime() - begin) {
      kind.call().run();
      calls++;
    }
    return 2.0 * kind.products() * calls / nanos;
  }
}
