package org.internvl4j.models.heads;

import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// A convolution of 1 x 1 or 3 x 3 pixels that keeps a map's size, its BatchNorm, and ReLU
/// (`ConvModule` of mmcv): a product with rows that hold a pixel and its neighbours.
///
/// @param product the norm in it
/// @param kernel pixels along a side
record Convolution(Linear product, int kernel) {
  private static final int MOST_VALUES = 1 << 24; // of rows that are there at a time

  /// @param w `conv.weight` and `bn.*`
  /// @throws org.internvl4j.loader.CheckpointException if one is missing or of another shape
  static Convolution of(Weights w, int out, int in, int kernel) {
    Shapes.require(w, "conv.weight", out, in, kernel, kernel);
    Shapes.requireNorm(w, "bn", out);
    return new Convolution(
        new Linear(w.matrix("product", out, kernel * kernel * in), w.get("offset", out)), kernel);
  }

  /// @param x `[h, w, in]`
  /// @return `[h, w, out]`
  Tensor forward(Tensor x) {
    return HostMaps.relu(kernel == 1 ? product.forward(x) : convolve(x));
  }

  /// A few lines at a time: the rows of a whole map would be nine times as large as it is.
  private Tensor convolve(Tensor x) {
    int height = x.dim(0);
    int width = x.dim(1);
    int in = x.dim(2);
    Workspace w = x.workspace();
    Tensor y = w.activations(height, width, product.out());
    long start = w.position();
    Tensor padded = padded(x);
    int most = Math.max(1, MOST_VALUES / (kernel * kernel * in * width));
    for (int from = 0; from < height; from += most) {
      int lines = Math.min(most, height - from);
      long before = w.position();
      Tensor rows = w.activations(lines, width, kernel * kernel * in);
      for (int i = 0; i < kernel * kernel; i++) {
        Tensor shifted = padded.narrow(0, from + i / kernel, lines).narrow(1, i % kernel, width);
        rows.narrow(2, i * in, in).copyFrom(shifted);
      }
      y.narrow(0, from, lines).copyFrom(product.forward(rows));
      w.rewind(before);
    }
    w.rewind(start);
    return y;
  }

  /// With zeros around it.
  private Tensor padded(Tensor x) {
    int around = kernel / 2;
    int height = x.dim(0) + 2 * around;
    int width = x.dim(1) + 2 * around;
    int in = x.dim(2);
    Workspace w = x.workspace();
    Tensor y = w.activations(height, width, in);
    int longest = Math.max(height, width);
    Tensor zeros = w.of(new float[longest * around * in], longest * around * in);
    for (int end = 0; end < 2; end++) {
      int line = end * (height - around);
      int column = end * (width - around);
      y.narrow(0, line, around)
          .copyFrom(zeros.narrow(0, 0, around * width * in).view(around, width, in));
      y.narrow(1, column, around)
          .copyFrom(zeros.narrow(0, 0, height * around * in).view(height, around, in));
    }
    y.narrow(0, around, x.dim(0)).narrow(1, around, x.dim(1)).copyFrom(x);
    return y;
  }
}
