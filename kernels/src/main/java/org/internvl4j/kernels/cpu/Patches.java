package org.internvl4j.kernels.cpu;

import org.internvl4j.runtime.Tensor;

/// Cuts pictures into patches: each line of a patch is one stretch of a line of the picture.
final class Patches {
  private Patches() {}

  static void run(Pool pool, Tensor y, Tensor x, int patch) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    int channels = x.dim(1);
    int side = x.dim(2);
    int grid = side / patch;
    pool.run(
        y.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int p = share.from(yr.count); p < to; p++) {
            int n = p / (grid * grid);
            int gy = p / grid % grid;
            int gx = p % grid;
            for (int line = 0; line < channels * patch; line++) {
              int row = (n * channels + line / patch) * side + gy * patch + line % patch;
              Copy.stretch(
                  yr.segment,
                  y.dtype(),
                  yr.at(p) + (long) line * patch * y.dtype().bytes(),
                  xr.segment,
                  x.dtype(),
                  xr.at(row) + (long) gx * patch * x.dtype().bytes(),
                  patch);
            }
          }
        });
  }
}
