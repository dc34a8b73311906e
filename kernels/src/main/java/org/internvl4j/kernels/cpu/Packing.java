package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.internvl4j.runtime.Blocks;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Tensor;

/// Turns stored matrices into [Panels] and back. Bound by memory for bf16, by rounding for blocks.
final class Packing {
  private static final int HALF = Panels.COLUMNS / 2;

  /// Inputs that are moved together, so that the lines they go to stay in the first-level cache.
  static final int STRETCH = 256;

  private Packing() {}

  /// Fills `packed`, workers sharing its panels.
  ///
  /// @param parts `[…, in]`, each contiguous, `out` rows together
  static void pack(Pool pool, Tensor packed, List<Tensor> parts) {
    Panels panels = new Panels(packed);
    Source source = new Source(parts, panels.out);
    pool.run(
        2 * packed.shape().size(),
        share -> {
          int to = share.to(panels.count());
          for (int i = share.from(panels.count()); i < to; i++) {
            panel(panels, i, source);
          }
        });
  }

  private static void panel(Panels p, int i, Source source) {
    int first = i * Panels.COLUMNS;
    MemorySegment to = p.segment;
    if (p.columns(i) < Panels.COLUMNS || p.dtype.isBlocks()) {
      to.asSlice(p.at(i), p.bytes()).fill((byte) 0);
    }
    switch (p.dtype) {
      case F32 -> {
        for (int c = 0; c < p.columns(i); c++) {
          floats(to, p.at(i) + 4L * c, source, first + c);
        }
      }
      case BF16 -> {
        for (int from = 0; from < p.in; from += STRETCH) {
          int n = Math.min(STRETCH, p.in - from);
          pairs(to, p.at(i) + 64L * from, source, first, p.columns(i), from, n);
        }
      }
      case Q8, Q4 -> blocks(p, i, source);
      case F16, I8, U8, I32, I64 -> throw new AssertionError(p.dtype);
    }
  }

  private static void floats(MemorySegment to, long at, Source source, int row) {
    for (int k = 0; k < source.in; k++) {
      to.set(JAVA_FLOAT_UNALIGNED, at + 4L * Panels.COLUMNS * k, source.get(row, k));
    }
  }

  /// Inputs `from … from + n − 1` of all pairs of outputs of a panel.
  private static void pairs(
      MemorySegment to, long at, Source source, int first, int columns, int from, int n) {
    for (int j = 0; j < Math.min(HALF, columns); j++) {
      MemorySegment low = source.row(first + j, from, n);
      if (j + HALF < columns) {
        pair(to, at + 4L * j, low, source.row(first + j + HALF, from, n), n);
      } else {
        for (int k = 0; k < n; k++) {
          int bits = low.get(JAVA_SHORT_UNALIGNED, 2L * k) & 0xffff;
          to.set(JAVA_INT_UNALIGNED, at + 4L * j + 64L * k, bits);
        }
      }
    }
  }

  /// Four inputs a load.
  private static void pair(
      MemorySegment to, long at, MemorySegment low, MemorySegment high, int n) {
    int k = 0;
    for (; k <= n - 4; k += 4) {
      long a = low.get(JAVA_LONG_UNALIGNED, 2L * k);
      long b = high.get(JAVA_LONG_UNALIGNED, 2L * k);
      int a0 = (int) a;
      int a2 = (int) (a >>> 32);
      int b0 = (int) b;
      int b2 = (int) (b >>> 32);
      long o = at + 64L * k;
      to.set(JAVA_INT_UNALIGNED, o, (a0 & 0xffff) | b0 << 16);
      to.set(JAVA_INT_UNALIGNED, o + 64, a0 >>> 16 | (b0 & 0xffff0000));
      to.set(JAVA_INT_UNALIGNED, o + 128, (a2 & 0xffff) | b2 << 16);
      to.set(JAVA_INT_UNALIGNED, o + 192, a2 >>> 16 | (b2 & 0xffff0000));
    }
    for (; k < n; k++) {
      int a = low.get(JAVA_SHORT_UNALIGNED, 2L * k) & 0xffff;
      int b = high.get(JAVA_SHORT_UNALIGNED, 2L * k);
      to.set(JAVA_INT_UNALIGNED, at + 64L * k, a | b << 16);
    }
  }

  private static void blocks(Panels p, int i, Source source) {
    float[] w = new float[Blocks.LENGTH];
    for (int c = 0; c < p.columns(i); c++) {
      for (int b = 0; b < Panels.blocks(p.in); b++) {
        int from = b * Blocks.LENGTH;
        int n = Math.min(Blocks.LENGTH, p.in - from);
        for (int k = 0; k < n; k++) {
          w[k] = source.get(i * Panels.COLUMNS + c, from + k);
        }
        block(p.segment, p.at(i) + (long) b * p.blockBytes(), p.dtype, c, w, n);
      }
    }
  }

  private static void block(MemorySegment to, long at, DType dtype, int c, float[] w, int n) {
    float scale = Blocks.scale(dtype, w, 0, n);
    long lines = at + Panels.SCALES;
    to.set(JAVA_SHORT_UNALIGNED, at + half(c), Elements.floatToBf16(scale));
    for (int k = 0; k < n; k++) {
      int q = Blocks.quantum(dtype, w[k], scale);
      if (dtype == DType.Q8) {
        to.set(JAVA_BYTE, lines + 64L * (k / 2) + half(c) + k % 2, (byte) q);
      } else {
        long four = lines + 64L * (k / 4) + half(c);
        int bits = to.get(JAVA_SHORT_UNALIGNED, four) | (q + 8) << (4 * (k % 4));
        to.set(JAVA_SHORT_UNALIGNED, four, (short) bits);
      }
    }
  }

  /// Where the half int of output `c` lies in a line, bytes.
  private static int half(int c) {
    return 4 * (c % HALF) + 2 * (c / HALF);
  }

  // ---- back

  /// All weights, in the order of the checkpoint: what products compute with.
  ///
  /// @param y `[out, in]`, any strides
  static void unpack(Pool pool, Tensor y, Tensor packed) {
    Panels panels = new Panels(packed);
    MemorySegment to = y.segment();
    pool.run(
        4 * y.shape().size(),
        share -> {
          int end = share.to(panels.count());
          float[] lines = share.floats(Panels.COLUMNS * STRETCH);
          for (int i = share.from(panels.count()); i < end; i++) {
            for (int from = 0; from < panels.in; from += STRETCH) {
              int n = Math.min(STRETCH, panels.in - from);
              widen(panels, i, from, n, lines);
              for (int c = 0; c < panels.columns(i); c++) {
                for (int k = 0; k < n; k++) {
                  long at = Elements.byteOffset(y, i * Panels.COLUMNS + c, from + k);
                  Elements.setAt(to, y.dtype(), at, lines[Panels.COLUMNS * k + c]);
                }
              }
            }
          }
        });
  }

  /// Inputs `from … from + n − 1` of panel `i` as floats, `lines[k][c]`.
  ///
  /// @param from a multiple of [Blocks#LENGTH]
  static void widen(Panels p, int i, int from, int n, float[] lines) {
    switch (p.dtype) {
      case F32 ->
          MemorySegment.copy(
              p.segment,
              JAVA_FLOAT_UNALIGNED,
              p.at(i) + 4L * Panels.COLUMNS * from,
              lines,
              0,
              Panels.COLUMNS * n);
      case BF16 -> {
        for (int k = 0; k < n; k++) {
          halves(p.segment, p.at(i) + 64L * (from + k), lines, Panels.COLUMNS * k);
        }
      }
      case Q8, Q4 -> {
        for (int k = 0; k < n; k += Blocks.LENGTH) {
          long block = p.at(i) + (long) (from + k) / Blocks.LENGTH * p.blockBytes();
          int some = Math.min(Blocks.LENGTH, n - k);
          if (p.dtype == DType.Q8) {
            q8(p.segment, block, some, lines, Panels.COLUMNS * k);
          } else {
            q4(p.segment, block, some, lines, Panels.COLUMNS * k);
          }
        }
      }
      case F16, I8, U8, I32, I64 -> throw new AssertionError(p.dtype);
    }
  }

  /// 16 ints to 32 floats.
  private static void halves(MemorySegment s, long at, float[] to, int first) {
    for (int j = 0; j < HALF; j++) {
      int bits = s.get(JAVA_INT_UNALIGNED, at + 4L * j);
      to[first + j] = Float.intBitsToFloat(bits << 16);
      to[first + j + HALF] = Float.intBitsToFloat(bits & 0xffff0000);
    }
  }

  private static void q8(MemorySegment s, long block, int n, float[] to, int first) {
    for (int k = 0; k < n; k++) {
      for (int c = 0; c < Panels.COLUMNS; c++) {
        int q = s.get(JAVA_BYTE, block + Panels.SCALES + 64L * (k / 2) + half(c) + k % 2);
        to[first + Panels.COLUMNS * k + c] = q * scale(s, block, c);
      }
    }
  }

  private static void q4(MemorySegment s, long block, int n, float[] to, int first) {
    for (int k = 0; k < n; k++) {
      for (int c = 0; c < Panels.COLUMNS; c++) {
        int four = s.get(JAVA_SHORT_UNALIGNED, block + Panels.SCALES + 64L * (k / 4) + half(c));
        int q = (four >> (4 * (k % 4)) & 15) - 8;
        to[first + Panels.COLUMNS * k + c] = q * scale(s, block, c);
      }
    }
  }

  private static float scale(MemorySegment s, long block, int c) {
    return Elements.bf16ToFloat(s.get(JAVA_SHORT_UNALIGNED, block + half(c)));
  }

  /// A matrix as it is stored: rows of one part, then of the next.
  private static final class Source {
    final int in;
    private final DType dtype;
    private final MemorySegment[] segment; // of each row
    private final long[] start; // of each row, bytes

    Source(List<Tensor> parts, int out) {
      in = parts.getFirst().dim(1);
      dtype = parts.getFirst().dtype();
      segment = new MemorySegment[out];
      start = new long[out];
      int row = 0;
      for (Tensor part : parts) {
        for (int i = 0; i < part.dim(0); i++, row++) {
          segment[row] = part.segment();
          start[row] = part.byteOffset() + (long) i * in * dtype.bytes();
        }
      }
    }

    /// Numbers `k … k + n - 1` of a row.
    MemorySegment row(int row, int k, int n) {
      return segment[row].asSlice(start[row] + (long) k * dtype.bytes(), (long) n * dtype.bytes());
    }

    float get(int row, int k) {
      return Elements.getAt(segment[row], dtype, start[row] + (long) k * dtype.bytes());
    }
  }
}
