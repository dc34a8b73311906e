package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Tensor;

/// Rotates the halves of a head by the angles of its token.
@FunctionalInterface
interface Rotation {
  /// @param y where the rotated head goes, at byte `yAt`; may be `x` at `xAt`
  /// @param t the token
  void head(Share share, MemorySegment y, long yAt, MemorySegment x, long xAt, int t);

  /// Rotates all heads of all tokens. One row is one head of one token.
  default void run(Pool pool, Tensor y, Tensor x) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    int heads = x.dim(1);
    pool.run(
        2 * x.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int r = share.from(yr.count); r < to; r++) {
            head(share, yr.segment, yr.at(r), xr.segment, xr.at(r), r / heads);
          }
        });
  }
}
