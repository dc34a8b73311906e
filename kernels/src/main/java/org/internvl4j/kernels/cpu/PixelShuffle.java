package org.internvl4j.kernels.cpu;

import org.internvl4j.runtime.Tensor;

/// Space to depth by two: four vectors side by side.
final class PixelShuffle {
  private PixelShuffle() {}

  static void run(Pool pool, Tensor y, Tensor x) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    int w = x.dim(2);
    int c = x.dim(3);
    pool.run(
        x.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int cell = share.from(yr.count); cell < to; cell++) {
            int line = cell / (w / 2); // of cells, over all pictures
            int column = cell % (w / 2);
            for (int i = 0; i < 4; i++) {
              int row = (2 * line + i / 2) * w + 2 * column + i % 2;
              long yAt = yr.at(cell) + (long) i * c * y.dtype().bytes();
              Copy.stretch(yr.segment, y.dtype(), yAt, xr.segment, x.dtype(), xr.at(row), c);
            }
          }
        });
  }
}
