package org.internvl4j.runtime;

/// The numbers that [Kernels#sample] is made of, exact on every device.
public final class Sampling {
  /// The largest vocabulary.
  public static final int MOST_TOKENS = 1 << 18;

  private static final float OCTAVE = 24204406; // 2²⁴ · log₂ e
  private static final int FRACTION = 24; // bits
  private static final int OCTAVES = 41; // below the first, from where on nothing weighs anything
  private static final float END = (float) ((long) OCTAVES << FRACTION);
  private static final long GAMMA = 0x9e3779b97f4a7c15L;

  private Sampling() {}

  /// The logit of a token that was said.
  public static float penalised(float logit, float penalty) {
    return logit > 0 ? logit / penalty : logit * penalty;
  }

  /// What a difference of logits is multiplied by to count octaves, with 24 fraction bits.
  public static float scale(float temperature) {
    return OCTAVE / temperature;
  }

  /// How far a logit lies below the first, in octaves with 24 fraction bits; −1 if too far to weigh
  /// anything.
  public static int distance(float first, float logit, float scale) {
    if (logit == first) {
      return 0;
    }
    float distance = (first - logit) * scale;
    return distance < END ? (int) distance : -1;
  }

  /// What a token weighs: `2⁴⁰` at distance 0. The polynomial is minimax in relative error; its
  /// coefficients have 30 fraction bits.
  public static long weight(int distance) {
    if (distance < 0) {
      return 0;
    }
    long f = distance & ((1 << FRACTION) - 1);
    long p = 117063;
    p = 1368751 - ((p * f) >> FRACTION);
    p = 10285566 - ((p * f) >> FRACTION);
    p = 59582747 - ((p * f) >> FRACTION);
    p = 257938951 - ((p * f) >> FRACTION);
    p = 744260993 - ((p * f) >> FRACTION);
    p = (1 << 30) - ((p * f) >> FRACTION);
    return p << 10 >> (distance >> FRACTION);
  }

  /// A number that ascends with falling logits, then with the id, which are its low 18 bits.
  public static long rank(float logit, int id) {
    int bits = Float.floatToRawIntBits(logit + 0f);
    int ascending = bits ^ (bits >> 31 | 0x80000000);
    return (~ascending & 0xffffffffL) << 18 | id;
  }

  /// The token of a rank.
  public static int id(long rank) {
    return (int) rank & (MOST_TOKENS - 1);
  }

  /// The last position of `weight` whose token belongs to the first `topP` of it.
  public static long nucleus(long weight, float topP) {
    long part = Math.max(1, (long) (topP * 0x1p32f));
    long low = (weight << 6) * (part << 26);
    return Math.unsignedMultiplyHigh(weight << 6, part << 26) - (low == 0 ? 1 : 0);
  }

  /// Where draw `count` (from 0) of `seed` lies in `weight`.
  public static long draw(long seed, long count, long weight) {
    long z = seed + GAMMA * (count + 1);
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return Math.unsignedMultiplyHigh(z ^ (z >>> 31), weight);
  }
}
