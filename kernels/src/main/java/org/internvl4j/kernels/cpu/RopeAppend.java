package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Places;
import org.internvl4j.runtime.Tensor;

/// `y = rope(q)`, and token `at + t` of the pages gets keys `rope(k)[t]` and values `v[t]`: one
/// job, whose units are the heads of all three, token after token.
final class RopeAppend {
  private RopeAppend() {}

  /// @param rotation by the angles of `places`
  static void run(
      Pool pool,
      Tensor y,
      Pages past,
      Tensor q,
      Tensor k,
      Tensor v,
      Places places,
      Rotation rotation) {
    int tokens = q.dim(0);
    int angles = places.angles();
    int heads = q.dim(1);
    int kvHeads = k.dim(1);
    int perToken = heads + 2 * kvHeads;
    long width = 4L * q.dim(2);
    Rows yr = Rows.of(y);
    Rows qr = Rows.of(q);
    Rows kr = Rows.of(k);
    Rows vr = Rows.of(v);
    PageRows keys = new PageRows(past.keys(), past.table());
    PageRows values = new PageRows(past.values(), past.table());
    Place place = new Place("ropeAppend", places.at(), past.capacity(), k);
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
              int kvHead = head - heads;
              long from = kr.at(t * kvHeads + kvHead);
              long there = keys.at(first + t, kvHead);
              rotation.head(share, keys.segment, there, kr.segment, from, angle);
            } else {
              int kvHead = head - heads - kvHeads;
              long from = vr.at(t * kvHeads + kvHead);
              MemorySegment.copy(
                  vr.segment, from, values.segment, values.at(first + t, kvHead), width);
            }
          }
        });
  }
}
