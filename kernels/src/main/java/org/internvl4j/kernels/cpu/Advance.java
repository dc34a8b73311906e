package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import org.internvl4j.runtime.Tensor;

/// `at[i] += by`: few numbers, for one thread.
final class Advance {
  private Advance() {}

  static void run(Pool pool, Tensor at, int by) {
    int count = at.dim(0);
    pool.run(
        count,
        share -> {
          int to = share.to(count);
          for (int i = share.from(count); i < to; i++) {
            long place = at.byteOffset() + 4L * i;
            int value = at.segment().get(JAVA_INT_UNALIGNED, place);
            at.segment().set(JAVA_INT_UNALIGNED, place, value + by);
          }
        });
  }
}
