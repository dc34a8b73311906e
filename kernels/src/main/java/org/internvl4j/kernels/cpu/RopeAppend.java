package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Tensor;

/// `y = rope(q)`, `keys[at + t] = rope(k)[t]`, `values[at + t] = v[t]`: one job, whose units are
/// the heads of all three, token after token.
final class RopeAppend {
  private RopeAppend() {}

  /// @param angles rows of the tables that `rotation` turns by
  static void run(
      Pool pool,
      Tensor y,
      Tensor keys,
      Tensor values,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor at,
      int angles,
      Rotation rotation) {
    int tokens = q.dim(0);
    int heads = q.dim(1);
    int kvHeads = k.dim(1);
    int perToken = heads + 2 * kvHeads;
    long width = 4L * q.dim(2);
    Rows yr = Rows.of(y);
    Rows qr = Rows.of(q);
    Rows kr = Rows.of(k);
    Rows vr = Rows.of(v);
    Rows keyRows = Rows.of(keys.narrow(0, 0, tokens));
    Rows valueRows = Rows.of(values.narrow(0, 0, tokens));
    long keyStride = 4 * keys.stride(0);
    long valueStride = 4 * values.stride(0);
    Place place = new Place("ropeAppend", at, keys, k);
    pool.run(
        2 * (q.shape().size() + k.shape().size() + v.shape().size()),
        share -> {
          int first = place.read();
          int to = share.to(tokens * perToken);
          for (int i = share.from(tokens * perToken); i < to; i++) {
            int t = i / perToken;
            int head = i - t * perToken;
            int angle = (first + t) % angles;
            if (head < heads) {
              int r = t * heads + head;
              rotation.head(share, yr.segment, yr.at(r), qr.segment, qr.at(r), angle);
            } else if (head < heads + kvHeads) {
              int r = t * kvHeads + head - heads;
              long there = keyRows.at(r) + first * keyStride;
              rotation.head(share, keyRows.segment, there, kr.segment, kr.at(r), angle);
            } else {
              int r = t * kvHeads + head - heads - kvHeads;
              long there = valueRows.at(r) + first * valueStride;
              MemorySegment.copy(vr.segment, vr.at(r), valueRows.segment, there, width);
            }
          }
        });
  }
}
