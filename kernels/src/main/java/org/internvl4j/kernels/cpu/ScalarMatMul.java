package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// `y = x · Wᵀ + b` as plain loops over arrays: eight sums side by side in registers, which needs
/// no vectorisation and is soon compiled. Each output is summed over the inputs in order, whatever
/// the number of rows.
final class ScalarMatMul implements Pool.Job {
  /// Rows whose inputs are kept at hand while panels pass by.
  private static final int ROWS = 64;

  private static final int COLUMNS = Panels.COLUMNS;
  private static final int HALF = COLUMNS / 2;
  private static final int STRETCH = Packing.STRETCH;

  private final Rows y;
  private final Rows x;
  private final Panels w;
  private final @Nullable MemorySegment bias;
  private final long biasAt;
  private final int sums; // where they begin in Share.floats, behind the inputs

  private ScalarMatMul(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    this.y = Rows.of(y);
    this.x = Rows.of(x);
    this.w = new Panels(weight);
    this.bias = bias == null ? null : bias.segment();
    this.biasAt = bias == null ? 0 : bias.byteOffset();
    this.sums = STRETCH * Math.min(ROWS, this.x.count);
  }

  static void run(Pool pool, Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    ScalarMatMul product = new ScalarMatMul(y, x, weight, bias);
    pool.run((long) product.x.count * product.w.in * product.w.out, product);
  }

  @Override
  public void run(Share share) {
    int from = share.from(w.count());
    int to = share.to(w.count());
    float[] f = share.floats(sums + COLUMNS * Math.min(ROWS, x.count));
    float[] lines = share.lines(COLUMNS * STRETCH);
    int[] words = share.ints(HALF * STRETCH);
    for (int r = 0; r < x.count; r += ROWS) {
      int rows = Math.min(ROWS, x.count - r);
      for (int k = 0; k == 0 || k < w.in; k += STRETCH) {
        int n = Math.min(STRETCH, w.in - k);
        for (int i = 0; i < rows; i++) {
          long at = x.at(r + i) + 4L * k;
          MemorySegment.copy(x.segment, JAVA_FLOAT_UNALIGNED, at, f, STRETCH * i, n);
        }
        for (int p = from; p < to; p++) {
          begin(p, r, rows, k, f);
          addProducts(p, rows, k, n, f, lines, words);
          end(p, r, rows, f);
        }
      }
    }
  }

  /// Sums begin with the bias and go on with what earlier stretches left in `y`.
  private void begin(int p, int row, int rows, int k, float[] f) {
    int columns = w.columns(p);
    long c = 4L * p * COLUMNS;
    for (int i = 0; i < rows; i++) {
      int to = sums + COLUMNS * i;
      if (k > 0) {
        MemorySegment.copy(y.segment, JAVA_FLOAT_UNALIGNED, y.at(row + i) + c, f, to, columns);
      } else if (bias != null) {
        MemorySegment.copy(bias, JAVA_FLOAT_UNALIGNED, biasAt + c, f, to, columns);
      } else {
        Arrays.fill(f, to, to + columns, 0);
      }
    }
  }

  private void end(int p, int row, int rows, float[] f) {
    int columns = w.columns(p);
    long c = 4L * p * COLUMNS;
    for (int i = 0; i < rows; i++) {
      long at = y.at(row + i) + c;
      MemorySegment.copy(f, sums + COLUMNS * i, y.segment, JAVA_FLOAT_UNALIGNED, at, columns);
    }
  }

  /// What inputs `k … k + n − 1` give to the outputs of panel `p`.
  private void addProducts(int p, int rows, int k, int n, float[] f, float[] lines, int[] words) {
    if (w.dtype == DType.BF16) {
      long at = w.at(p) + 64L * k;
      MemorySegment.copy(w.segment, JAVA_INT_UNALIGNED, at, words, 0, HALF * n);
      if (rows == 1) {
        one(f, sums, words, n);
        return;
      }
      widen(words, lines, n);
    } else {
      Packing.widen(w, p, k, n, lines);
    }
    for (int i = 0; i < rows; i += 2) {
      int j = Math.min(i + 1, rows - 1); // a last row without a partner is its own
      two(f, STRETCH * i, STRETCH * j, sums + COLUMNS * i, sums + COLUMNS * j, lines, n);
    }
  }

  /// One row times lines of bf16 pairs.
  private static void one(float[] x, int sums, int[] words, int n) {
    for (int c = 0; c < HALF; c += 4) {
      int low = sums + c;
      int high = low + HALF;
      float s0 = x[low];
      float s1 = x[low + 1];
      float s2 = x[low + 2];
      float s3 = x[low + 3];
      float t0 = x[high];
      float t1 = x[high + 1];
      float t2 = x[high + 2];
      float t3 = x[high + 3];
      for (int k = 0, o = c; k < n; k++, o += HALF) {
        float a = x[k];
        int w0 = words[o];
        int w1 = words[o + 1];
        int w2 = words[o + 2];
        int w3 = words[o + 3];
        s0 += a * Float.intBitsToFloat(w0 << 16);
        s1 += a * Float.intBitsToFloat(w1 << 16);
        s2 += a * Float.intBitsToFloat(w2 << 16);
        s3 += a * Float.intBitsToFloat(w3 << 16);
        t0 += a * Float.intBitsToFloat(w0 & 0xffff0000);
        t1 += a * Float.intBitsToFloat(w1 & 0xffff0000);
        t2 += a * Float.intBitsToFloat(w2 & 0xffff0000);
        t3 += a * Float.intBitsToFloat(w3 & 0xffff0000);
      }
      x[low] = s0;
      x[low + 1] = s1;
      x[low + 2] = s2;
      x[low + 3] = s3;
      x[high] = t0;
      x[high + 1] = t1;
      x[high + 2] = t2;
      x[high + 3] = t3;
    }
  }

  /// Two rows, at `a` and `b`, times lines of floats; their sums at `s` and `t`.
  private static void two(float[] x, int a, int b, int s, int t, float[] lines, int n) {
    for (int c = 0; c < COLUMNS; c += 4) {
      float s0 = x[s + c];
      float s1 = x[s + c + 1];
      float s2 = x[s + c + 2];
      float s3 = x[s + c + 3];
      float t0 = x[t + c];
      float t1 = x[t + c + 1];
      float t2 = x[t + c + 2];
      float t3 = x[t + c + 3];
      for (int k = 0, o = c; k < n; k++, o += COLUMNS) {
        float u = x[a + k];
        float v = x[b + k];
        float w0 = lines[o];
        float w1 = lines[o + 1];
        float w2 = lines[o + 2];
        float w3 = lines[o + 3];
        s0 += u * w0;
        s1 += u * w1;
        s2 += u * w2;
        s3 += u * w3;
        t0 += v * w0;
        t1 += v * w1;
        t2 += v * w2;
        t3 += v * w3;
      }
      x[s + c] = s0;
      x[s + c + 1] = s1;
      x[s + c + 2] = s2;
      x[s + c + 3] = s3;
      x[t + c] = t0;
      x[t + c + 1] = t1;
      x[t + c + 2] = t2;
      x[t + c + 3] = t3;
    }
  }

  private static void widen(int[] words, float[] lines, int n) {
    for (int k = 0; k < HALF * n; k += HALF) {
      for (int j = k; j < k + HALF; j++) {
        int bits = words[j];
        lines[k + j] = Float.intBitsToFloat(bits << 16);
        lines[k + j + HALF] = Float.intBitsToFloat(bits & 0xffff0000);
      }
    }
  }
}
