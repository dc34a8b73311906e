package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.internvl4j.runtime.Sampling;
import org.internvl4j.runtime.Tensor;

/// Chooses tokens by their weights without sorting them: counted into bins by their distance from
/// the likeliest, then only those of the bin that is looked for are ranked, and of them only as
/// many as it takes (quickselect).
final class Sample {
  private static final int BIN = 20; // low bits of a distance that a bin does not tell apart
  private static final int BINS = (41 << (24 - BIN)) + 1; // the last one weighs nothing
  private static final long RANKS = 16L * BINS; // bytes before them: numbers and weights of bins

  private final int n;
  private float[] x = {};
  private int[] distances = {};
  private MemorySegment work = MemorySegment.NULL;
  private float first;
  private int place;
  private float scale;
  private long weight; // of what was found last and all before it

  private Sample(int n) {
    this.n = n;
  }

  private void workIn(Share share) {
    x = share.floats(n);
    distances = share.ints(n);
    work = share.scratch(RANKS + 8L * n);
  }

  static void run(
      Pool pool, Tensor y, Tensor x, Tensor guesses, Tensor options, Tensor draws, Tensor said) {
    Rows xr = Rows.of(x);
    int answers = options.dim(0);
    int rows = x.dim(0) / answers;
    MemorySegment to = y.segment();
    MemorySegment guessed = guesses.segment();
    Sample[] samples = new Sample[answers];
    Arrays.setAll(samples, i -> new Sample(x.dim(1)));
    pool.run(
        8 * x.shape().size(),
        share -> {
          int end = share.to(answers);
          for (int answer = share.from(answers); answer < end; answer++) {
            Sample sample = samples[answer];
            sample.workIn(share);
            int last = 0;
            for (int i = 0; i < rows; i++) {
              int row = answer * rows + i;
              long at = guesses.byteOffset() + 4L * row;
              if (i > 0 && (last < 0 || last != guessed.get(JAVA_INT_UNALIGNED, at))) {
                last = -2;
              } else {
                xr.load(row, sample.x, 0, sample.n);
                last = sample.next(options, draws, said, answer);
              }
              to.set(JAVA_INT_UNALIGNED, y.byteOffset() + 4L * row, last);
            }
          }
        });
  }

  private int next(Tensor options, Tensor draws, Tensor said, int answer) {
    MemorySegment o = options.segment();
    long own = options.byteOffset() + 16L * answer;
    long state = draws.byteOffset() + 16L * answer;
    long words = said.byteOffset() + (long) answer * n;
    float temperature = o.get(JAVA_FLOAT_UNALIGNED, own);
    float penalty = o.get(JAVA_FLOAT_UNALIGNED, own + 12);
    if (penalty != 1) {
      penalise(said.segment(), words, penalty);
    }
    findFirst();
    if (place < 0) {
      return -1;
    }
    MemorySegment d = draws.segment();
    long count = d.get(JAVA_LONG_UNALIGNED, state + 8);
    int id = place;
    if (temperature != 0) {
      scale = Sampling.scale(temperature);
      int topK = (int) o.get(JAVA_FLOAT_UNALIGNED, own + 4);
      float topP = o.get(JAVA_FLOAT_UNALIGNED, own + 8);
      id = draw(topK, topP, d.get(JAVA_LONG_UNALIGNED, state), count);
    }
    d.set(JAVA_LONG_UNALIGNED, state + 8, count + 1);
    if (penalty != 1) {
      said.segment().set(JAVA_BYTE, words + id, (byte) 1);
    }
    return id;
  }

  private void penalise(MemorySegment said, long words, float penalty) {
    for (int i = 0; i < n; i++) {
      if (said.get(JAVA_BYTE, words + i) != 0) {
        x[i] = Sampling.penalised(x[i], penalty);
      }
    }
  }

  private void findFirst() {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, x[i]); // NaN once there is one
    }
    first = max;
    place = Float.isNaN(max) ? -1 : 0;
    while (place >= 0 && x[place] != max) {
      place++;
    }
  }

  private int draw(int topK, float topP, long seed, long count) {
    weight = bins();
    if (topK > 0 && topK < n) {
      find(0, topK - 1);
    }
    if (topP != 1) {
      find(8, Sampling.nucleus(weight, topP));
    }
    return find(8, Sampling.draw(seed, count, weight));
  }

  /// Counts and weighs the tokens of each bin.
  ///
  /// @return what all weigh
  private long bins() {
    for (long i = 0; i < RANKS; i += 8) {
      work.set(JAVA_LONG, i, 0);
    }
    long all = 0;
    for (int i = 0; i < n; i++) {
      int distance = Sampling.distance(first, x[i], scale);
      distances[i] = distance;
      long weight = Sampling.weight(distance);
      long bin = 16L * bin(distance);
      work.set(JAVA_LONG, bin, work.get(JAVA_LONG, bin) + 1);
      work.set(JAVA_LONG, bin + 8, work.get(JAVA_LONG, bin + 8) + weight);
      all += weight;
    }
    return all;
  }

  private static int bin(int distance) {
    return distance < 0 ? BINS - 1 : distance >> BIN;
  }

  /// The token in whose stretch `position` lies; leaves what it and all before it weigh.
  ///
  /// @param measure 0 for numbers of tokens, 8 for weights
  private int find(int measure, long position) {
    long rest = position;
    long before = 0;
    int bin = 0;
    for (; rest >= work.get(JAVA_LONG, 16L * bin + measure); bin++) {
      rest -= work.get(JAVA_LONG, 16L * bin + measure);
      before += work.get(JAVA_LONG, 16L * bin + 8);
    }
    int count = 0;
    for (int i = 0; i < n; i++) {
      if (bin(distances[i]) == bin) {
        set(count++, Sampling.rank(x[i], i));
      }
    }
    int from = 0;
    while (count > 1) {
      int lower = split(from, count);
      long heavy = 0;
      for (int i = from; i < from + lower; i++) {
        heavy += weigh(get(i));
      }
      long sum = measure == 0 ? lower : heavy;
      if (rest < sum) {
        count = lower;
      } else {
        rest -= sum;
        before += heavy;
        from += lower;
        count -= lower;
      }
    }
    weight = before + weigh(get(from));
    return Sampling.id(get(from));
  }

  private long weigh(long rank) {
    return Sampling.weight(distances[Sampling.id(rank)]);
  }

  /// Puts the lower ones of `count` ranks from `from` on, two at least, before the others.
  ///
  /// @return how many are lower: neither none nor all
  private int split(int from, int count) {
    long pivot = get(from + (count - 1) / 2);
    int i = from - 1;
    int j = from + count;
    while (true) {
      do {
        i++;
      } while (get(i) < pivot);
      do {
        j--;
      } while (get(j) > pivot);
      if (i >= j) {
        return j + 1 - from;
      }
      long other = get(i);
      set(i, get(j));
      set(j, other);
    }
  }

  private long get(int i) {
    return work.get(JAVA_LONG, RANKS + 8L * i);
  }

  private void set(int i, long rank) {
    work.set(JAVA_LONG, RANKS + 8L * i, rank);
  }
}
