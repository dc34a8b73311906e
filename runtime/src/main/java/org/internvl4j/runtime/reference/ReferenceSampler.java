package org.internvl4j.runtime.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import org.internvl4j.runtime.Sampling;
import org.internvl4j.runtime.Tensor;

/// [org.internvl4j.runtime.Kernels#sample] for one answer: all tokens sorted, cut and walked
/// through.
final class ReferenceSampler {
  private final float temperature;
  private final int topK;
  private final float topP;
  private final float penalty;
  private final MemorySegment draws;
  private final MemorySegment said;

  ReferenceSampler(Tensor options, Tensor draws, Tensor said, int answer) {
    MemorySegment own = of(options, answer);
    this.temperature = own.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
    this.topK = (int) own.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4);
    this.topP = own.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 8);
    this.penalty = own.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 12);
    this.draws = of(draws, answer);
    this.said = of(said, answer);
  }

  private static MemorySegment of(Tensor t, int row) {
    Tensor own = t.narrow(0, row, 1);
    return own.segment().asSlice(own.byteOffset(), own.byteSize());
  }

  /// Chooses and remembers; −1 if a logit is no number.
  int next(double[] logits) {
    float[] x = new float[logits.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) logits[i];
      if (penalty != 1 && said.get(ValueLayout.JAVA_BYTE, i) != 0) {
        x[i] = Sampling.penalised(x[i], penalty);
      }
      if (Float.isNaN(x[i])) {
        return -1;
      }
    }
    int id = choose(x);
    draws.set(ValueLayout.JAVA_LONG_UNALIGNED, 8, count() + 1);
    if (penalty != 1) {
      said.set(ValueLayout.JAVA_BYTE, id, (byte) 1);
    }
    return id;
  }

  private long count() {
    return draws.get(ValueLayout.JAVA_LONG_UNALIGNED, 8);
  }

  private int choose(float[] x) {
    Integer[] ids = new Integer[x.length];
    Arrays.setAll(ids, i -> i);
    Arrays.sort(ids, Comparator.comparingDouble(i -> 0.0 - x[i])); // stable
    if (temperature == 0) {
      return ids[0];
    }
    long[] weights = new long[x.length];
    float scale = Sampling.scale(temperature);
    Arrays.setAll(weights, i -> Sampling.weight(Sampling.distance(x[ids[0]], x[ids[i]], scale)));
    int kept = topK == 0 ? x.length : Math.min(topK, x.length);
    if (topP != 1) {
      kept = 1 + at(weights, Sampling.nucleus(sum(weights, kept), topP));
    }
    long seed = draws.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
    return ids[at(weights, Sampling.draw(seed, count(), sum(weights, kept)))];
  }

  private static long sum(long[] weights, int count) {
    return Arrays.stream(weights, 0, count).sum();
  }

  /// In whose stretch `position` lies.
  private static int at(long[] weights, long position) {
    int i = 0;
    for (long rest = position; rest >= weights[i]; i++) {
      rest -= weights[i];
    }
    return i;
  }
}
