package org.internvl4j.models.heads;

import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.runtime.Tensor;

/// A transposed convolution of 2 x 2 pixels with stride 2: each pixel becomes four, by a product of
/// its own for each of them.
///
/// @param product from C to 4·C
record Upscaling(Linear product) {
  /// @param w `weight` `[C, C, 2, 2]` and `bias`
  /// @throws org.internvl4j.loader.CheckpointException if one is missing or of another shape
  static Upscaling of(Weights w, int channels) {
    Shapes.require(w, "weight", channels, channels, 2, 2);
    Shapes.require(w, "bias", channels);
    return new Upscaling(
        new Linear(w.matrix("product", 4 * channels, channels), w.get("offset", 4 * channels)));
  }

  /// @param x `[h, w, C]`
  /// @return `[2·h, 2·w, C]`
  Tensor forward(Tensor x) {
    int height = x.dim(0);
    int width = x.dim(1);
    int channels = x.dim(2);
    Tensor y = x.workspace().activations(2 * height, 2 * width, channels);
    long start = x.workspace().position();
    Tensor four = product.forward(x);
    Tensor pairs = y.view(height, 2, width, 2 * channels); // a line above the other
    for (int i = 0; i < 2; i++) {
      pairs.select(1, i).copyFrom(four.narrow(2, i * 2 * channels, 2 * channels));
    }
    x.workspace().rewind(start);
    return y;
  }
}
