package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import org.internvl4j.runtime.Tensor;

/// Bicubic interpolation, in double: it runs once a model and its result is a weight.
final class ResizeBicubic {
  private static final double A = -0.75;

  private ResizeBicubic() {}

  static void run(Pool pool, Tensor y, Tensor x) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    int height = x.dim(0);
    int width = x.dim(1);
    int columns = y.dim(1);
    int channels = y.dim(2);
    pool.run(
        16 * y.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int r = share.from(yr.count); r < to; r++) {
            double line = source(r / columns, height, y.dim(0));
            double column = source(r % columns, width, columns);
            for (int c = 0; c < channels; c++) {
              float value = sample(xr, line, column, height, width, 4L * c);
              yr.segment.set(JAVA_FLOAT_UNALIGNED, yr.at(r) + 4L * c, value);
            }
          }
        });
  }

  /// Where the centre of output `i` lies in the input.
  private static double source(int i, int in, int out) {
    return (double) in / out * (i + 0.5) - 0.5;
  }

  private static float sample(
      Rows x, double line, double column, int height, int width, long channel) {
    int top = (int) Math.floor(line) - 1;
    int left = (int) Math.floor(column) - 1;
    double sum = 0;
    for (int i = 0; i < 4; i++) {
      double across = 0;
      int row = Math.clamp(top + i, 0, height - 1) * width;
      for (int j = 0; j < 4; j++) {
        long at = x.at(row + Math.clamp(left + j, 0, width - 1)) + channel;
        across += weight(column - (left + j)) * x.segment.get(JAVA_FLOAT_UNALIGNED, at);
      }
      sum += weight(line - (top + i)) * across;
    }
    return (float) sum;
  }

  /// The cubic convolution kernel at this distance (Keys 1981, equation 4 with another `a`).
  private static double weight(double distance) {
    double d = Math.abs(distance);
    return d <= 1 ? ((A + 2) * d - (A + 3)) * d * d + 1 : A * (((d - 5) * d + 8) * d - 4);
  }
}
