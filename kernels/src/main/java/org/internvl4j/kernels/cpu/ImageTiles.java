package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Tensor;

/// Resizing of 8-bit pixels with given weights, and cutting of what comes out into tiles: sample by
/// sample.
final class ImageTiles {
  private static final int PRECISION = 22; // fraction bits of weights

  private ImageTiles() {}

  static void resizeRows(Pool pool, Tensor y, Tensor x, Tensor taps) {
    int rows = y.dim(0);
    int in = 3 * x.dim(1);
    int out = 3 * y.dim(1);
    MemorySegment to = y.segment();
    pool.run(
        y.shape().size() * taps.dim(1),
        share -> {
          int end = share.to(rows);
          for (int r = share.from(rows); r < end; r++) {
            for (int i = 0; i < out; i++) {
              int sample = sample(taps, i / 3, x, (long) r * in + i % 3, 3);
              to.set(JAVA_BYTE, y.byteOffset() + (long) r * out + i, (byte) sample);
            }
          }
        });
  }

  static void run(Pool pool, Tensor y, Tensor x, Tensor taps, Tensor values) {
    int side = y.dim(3);
    int across = x.dim(1) / side;
    int lines = y.dim(0) * 3 * side; // of all tiles and channels
    MemorySegment to = y.segment();
    MemorySegment of = values.segment();
    pool.run(
        y.shape().size() * taps.dim(1),
        share -> {
          int end = share.to(lines);
          for (int r = share.from(lines); r < end; r++) {
            int tile = r / (3 * side);
            int channel = r / side % 3;
            int line = tile / across * side + r % side;
            for (int i = 0; i < side; i++) {
              int column = tile % across * side + i;
              int sample = sample(taps, line, x, 3L * column + channel, 3 * x.dim(1));
              long at = values.byteOffset() + 4L * (channel * 256 + sample);
              to.set(
                  JAVA_FLOAT_UNALIGNED,
                  y.byteOffset() + 4 * ((long) r * side + i),
                  of.get(JAVA_FLOAT_UNALIGNED, at));
            }
          }
        });
  }

  /// Sample `i` of a line of samples of `x` that begins at `start`, so far apart.
  private static int sample(Tensor taps, int i, Tensor x, long start, int distance) {
    MemorySegment weights = taps.segment();
    MemorySegment samples = x.segment();
    int count = taps.dim(1) - 1;
    long own = taps.byteOffset() + 4L * i * (1 + count);
    int first = weights.get(JAVA_INT_UNALIGNED, own);
    long from = x.byteOffset() + start + (long) first * distance;
    int sum = 1 << (PRECISION - 1);
    for (int j = 0; j < count; j++) {
      int weight = weights.get(JAVA_INT_UNALIGNED, own + 4L * (1 + j));
      sum += weight * (samples.get(JAVA_BYTE, from + (long) j * distance) & 255);
    }
    return Math.clamp(sum >> PRECISION, 0, 255);
  }
}
