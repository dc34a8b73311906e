package org.internvl4j.models;

/// Tokens from the likeliest down, the lower id first among equals, found as far as they are asked
/// for: of 150,000 some ten are, mostly, and sorting all of them would take as long as a small
/// model takes to compute them.
final class Ranking {
  /// Tokens less likely than the likeliest by more than this factor's logarithm are looked at only
  /// if all others have been.
  private static final float NEAR = 10;

  private float[] logits = {};
  private float max;
  private int[] ids = {}; // ranked
  private double[] weights = {}; // of the ranked ones
  private int ranked;
  private long[] heap = {}; // candidates that are not ranked yet, the likeliest on top
  private int size;
  private boolean near; // those below NEAR are still to come

  /// Begins anew with other logits, which must not change while they are ranked.
  void start(float[] logits) {
    if (ids.length < logits.length) {
      ids = new int[logits.length];
      weights = new double[logits.length];
      heap = new long[logits.length];
    }
    this.logits = logits;
    this.max = Float.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    ranked = 0;
    near = true;
    collect(max - NEAR, Float.POSITIVE_INFINITY);
  }

  /// The token of rank `rank`, from 0.
  int id(int rank) {
    rank(rank);
    return ids[rank];
  }

  /// `exp(logit − max)` of the token of rank `rank`, from 0.
  double weight(int rank) {
    rank(rank);
    return weights[rank];
  }

  double weightOfFirst(int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += weight(i);
    }
    return sum;
  }

  double weightOfAll() {
    double sum = 0;
    for (float logit : logits) {
      sum += weight(logit);
    }
    return sum;
  }

  private double weight(float logit) {
    return logit == max ? 1 : Math.exp((double) logit - max);
  }

  private void rank(int rank) {
    while (ranked <= rank) {
      if (size == 0 && near) {
        near = false;
        collect(Float.NEGATIVE_INFINITY, max - NEAR);
      }
      int id = (int) heap[0];
      heap[0] = heap[--size];
      sink(0);
      ids[ranked] = id;
      weights[ranked++] = weight(logits[id]);
    }
  }

  /// Makes a heap of the tokens with logits in `[from, below)`; infinite bounds are in it.
  private void collect(float from, float below) {
    size = 0;
    for (int i = 0; i < logits.length; i++) {
      float logit = logits[i];
      if (logit >= from && (logit < below || below == Float.POSITIVE_INFINITY)) {
        heap[size++] = key(logit, i);
      }
    }
    for (int i = size / 2 - 1; i >= 0; i--) {
      sink(i);
    }
  }

  /// A number that ascends with falling logits, then with the id, which are its low 32 bits.
  private static long key(float logit, int id) {
    int bits = Float.floatToIntBits(logit + 0f);
    int ascending = bits ^ ((bits >> 31) & 0x7fffffff);
    return ((long) ~ascending << 32) | id;
  }

  private void sink(int start) {
    int i = start;
    long key = heap[i];
    for (int child = 2 * i + 1; child < size; child = 2 * i + 1) {
      if (child + 1 < size && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= key) {
        break;
      }
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = key;
  }
}
