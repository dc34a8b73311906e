package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Tensor;

/// `y[r] = table[ids[r]]`, widened.
final class Gather {
  private Gather() {}

  /// @param body what copies a row
  static void run(Pool pool, Tensor y, Tensor table, Tensor ids, Copy.Stretch body) {
    Rows yr = Rows.of(y);
    Rows tr = Rows.of(table);
    MemorySegment id = ids.segment();
    long idAt = ids.byteOffset();
    long idStride = 4 * ids.stride(0);
    int n = y.dim(-1);
    pool.run(
        y.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int r = share.from(yr.count); r < to; r++) {
            int row = id.get(JAVA_INT_UNALIGNED, idAt + r * idStride);
            if (row < 0 || row >= tr.count) {
              throw new IllegalArgumentException(
                  "gather: id " + row + " is outside " + table + " (position " + r + ")");
            }
            body.copy(yr.segment, y.dtype(), yr.at(r), tr.segment, table.dtype(), tr.at(row), n);
          }
        });
  }
}
