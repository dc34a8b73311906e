package org.internvl4j.kernels.cpu;

import org.internvl4j.runtime.Tensor;

/// `table[at + t] = x[t]`, in the table's dtype.
final class PutRows {
  private PutRows() {}

  static void run(Pool pool, Tensor table, Tensor x, Tensor at) {
    if (x.shape().size() == 0) {
      return;
    }
    boolean dense = isDense(x) && isDense(table);
    int outer = dense ? x.rank() - 1 : x.rank();
    int n = dense && x.rank() > 0 ? x.dim(-1) : 1;
    Rows to = Rows.of(table.narrow(0, 0, x.dim(0)), outer);
    Rows from = Rows.of(x, outer);
    Place place = new Place("putRows", at, table.dim(0), x);
    long stride = table.stride(0) * table.dtype().bytes();
    pool.run(
        x.shape().size(),
        share -> {
          int first = place.read();
          int end = share.to(from.count);
          for (int i = share.from(from.count); i < end; i++) {
            long yAt = to.at(i) + first * stride;
            Copy.stretch(to.segment, table.dtype(), yAt, from.segment, x.dtype(), from.at(i), n);
          }
        });
  }

  private static boolean isDense(Tensor t) {
    return t.rank() > 1 && (t.dim(-1) == 1 || t.stride(-1) == 1);
  }
}
