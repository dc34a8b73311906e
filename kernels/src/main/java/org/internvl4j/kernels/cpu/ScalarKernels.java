package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.Stream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Places;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// The kernels as plain loops: for a Java without the Vector API, and for models so small that they
/// have answered before vector code is compiled.
///
/// Rows are copied into arrays and back: loops over arrays are fast as soon as C1 has compiled
/// them, loops over segments only once C2 has.
final class ScalarKernels implements Kernels {
  private static final int PIECE = 2048;

  private final Pool pool;

  ScalarKernels(Pool pool) {
    this.pool = pool;
  }

  /// `f[i] = f[i] ∘ f[b + i]` for `n` elements.
  private interface Operation {
    void run(float[] f, int b, int n);
  }

  private void map(Tensor y, Tensor a, Tensor b, Operation operation) {
    long size = a.shape().size();
    if (size == 0) {
      return;
    }
    boolean flat =
        y.isContiguous() && a.isContiguous() && b.isContiguous() && b.shape().size() == size;
    int n = flat ? (int) Math.min(size, PIECE) : a.dim(-1);
    Rows yr = flat ? Rows.pieces(y, PIECE) : Rows.of(y);
    Rows ar = flat ? Rows.pieces(a, PIECE) : Rows.of(a);
    Rows br = flat ? Rows.pieces(b, PIECE) : b.rank() == 0 ? Rows.pieces(b, 1) : Rows.of(b);
    boolean single = !flat && b.shape().size() == 1;
    pool.run(
        8 * size,
        share -> {
          float[] f = share.floats(2 * n);
          int to = share.to(yr.count);
          for (int i = share.from(yr.count); i < to; i++) {
            int m = flat ? (int) Math.min(PIECE, size - (long) i * PIECE) : n;
            ar.load(i, f, 0, m);
            br.load(i % br.count, f, n, single ? 1 : m);
            if (single) {
              Arrays.fill(f, n, 2 * n, f[n]);
            }
            operation.run(f, n, m);
            yr.store(i, f, m);
          }
        });
  }

  /// One row, in place: `f[0 … n − 1]`, with the tables behind it.
  private interface Row {
    void run(float[] f, int n);
  }

  private void rows(Tensor y, Tensor x, Row body, Tensor... tables) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    Rows[] behind = Stream.of(tables).map(t -> Rows.pieces(t, t.dim(0))).toArray(Rows[]::new);
    int n = x.dim(-1);
    pool.run(
        8 * x.shape().size(),
        share -> {
          float[] f = share.floats(n + n * behind.length);
          for (int i = 0; i < behind.length; i++) {
            behind[i].load(0, f, n + n * i, n);
          }
          int to = share.to(yr.count);
          for (int r = share.from(yr.count); r < to; r++) {
            xr.load(r, f, 0, n);
            body.run(f, n);
            yr.store(r, f, n);
          }
        });
  }

  @Override
  public void copy(Tensor y, Tensor x) {
    Copy.run(pool, y, x, Copy::stretch);
  }

  @Override
  public void add(Tensor y, Tensor a, Tensor b) {
    Rows.requireF32("add", y, a, b);
    map(y, a, b, ScalarKernels::add);
  }

  private static void add(float[] f, int b, int n) {
    for (int i = 0; i < n; i++) {
      f[i] += f[b + i];
    }
  }

  @Override
  public void mul(Tensor y, Tensor a, Tensor b) {
    Rows.requireF32("mul", y, a, b);
    map(y, a, b, ScalarKernels::mul);
  }

  private static void mul(float[] f, int b, int n) {
    for (int i = 0; i < n; i++) {
      f[i] *= f[b + i];
    }
  }

  @Override
  public void gelu(Tensor y, Tensor x) {
    Rows.requireF32("gelu", y, x);
    map(y, x, x, ScalarKernels::gelu);
  }

  private static void gelu(float[] f, int b, int n) {
    for (int i = 0; i < n; i++) {
      f[i] = gelu(f[i]);
    }
  }

  /// [Gelu]'s form and polynomial, in double.
  private static float gelu(float x) {
    double a = Math.abs(x);
    double t = 1 / (1 + 0.21f * a);
    double p = -0.07165578 * t + 0.28358601;
    p = p * t - 0.33024804;
    p = p * t + 0.34939478;
    p = p * t - 0.09392077;
    p = p * t + 0.12487076;
    p = p * t + 0.06919270;
    p = p * t + 0.08506878;
    p = (p * t + 0.08371158) * t;
    return (float) (Math.max(x, 0) - a * p * Math.exp(-a * a / 2));
  }

  @Override
  public void silu(Tensor y, Tensor x) {
    Rows.requireF32("silu", y, x);
    map(y, x, x, ScalarKernels::silu);
  }

  private static void silu(float[] f, int b, int n) {
    for (int i = 0; i < n; i++) {
      f[i] = silu(f[i]);
    }
  }

  private static float silu(float x) {
    return (float) (x / (1 + Math.exp(-x)));
  }

  @Override
  public void swiGlu(Tensor y, Tensor gate, Tensor up) {
    Rows.requireF32("swiGlu", y, gate, up);
    map(y, gate, up, ScalarKernels::swiGlu);
  }

  private static void swiGlu(float[] f, int up, int n) {
    for (int i = 0; i < n; i++) {
      f[i] = silu(f[i]) * f[up + i];
    }
  }

  @Override
  public void softmax(Tensor y, Tensor x) {
    Rows.requireF32("softmax", y, x);
    rows(y, x, (f, n) -> softmax(f, 0, n));
  }

  /// In place, of `n` elements from `at` on.
  static void softmax(float[] f, int at, int n) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = at; i < at + n; i++) {
      max = Math.max(max, f[i]);
    }
    double sum = 0;
    for (int i = at; i < at + n; i++) {
      float e = (float) Math.exp(f[i] - max);
      sum += e;
      f[i] = e;
    }
    for (int i = at; i < at + n; i++) {
      f[i] = (float) (f[i] / sum);
    }
  }

  @Override
  public void argMax(Tensor y, Tensor x) {
    Rows.requireF32("argMax", x);
    Rows yr = Rows.of(y, 1);
    Rows xr = Rows.of(x);
    int n = x.dim(1);
    pool.run(
        x.shape().size(),
        share -> {
          float[] f = share.floats(n);
          int to = share.to(xr.count);
          for (int r = share.from(xr.count); r < to; r++) {
            xr.load(r, f, 0, n);
            yr.segment.set(JAVA_INT_UNALIGNED, yr.at(r), argMax(f, n));
          }
        });
  }

  private static int argMax(float[] f, int n) {
    int best = 0;
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      if (Float.isNaN(f[i])) {
        return -1;
      }
      if (f[i] > max) {
        max = f[i];
        best = i;
      }
    }
    return best;
  }

  @Override
  public void dot(Tensor y, Tensor x, Tensor vector) {
    Rows.requireF32("dot", y, x, vector);
    Rows yr = Rows.of(y, 1);
    Rows xr = Rows.of(x);
    Rows v = Rows.of(vector);
    int n = x.dim(1);
    pool.run(
        x.shape().size(),
        share -> {
          float[] f = share.floats(2 * n);
          v.load(0, f, n, n);
          int to = share.to(xr.count);
          for (int r = share.from(xr.count); r < to; r++) {
            xr.load(r, f, 0, n);
            yr.segment.set(JAVA_FLOAT_UNALIGNED, yr.at(r), dot(f, n));
          }
        });
  }

  /// Of the first `n` elements and those behind them; eight sums, for the compiler makes vectors of
  /// none.
  private static float dot(float[] f, int n) {
    float[] sums = new float[8];
    for (int i = 0; i < n; i++) {
      sums[i & 7] += f[i] * f[n + i];
    }
    return ((sums[0] + sums[1]) + (sums[2] + sums[3]))
        + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  }

  @Override
  public void sample(
      Tensor y, Tensor x, Tensor guesses, Tensor options, Tensor draws, Tensor said) {
    Rows.requireF32("sample", x);
    Sample.run(pool, y, x, guesses, options, draws, said);
  }

  @Override
  public void layerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float eps) {
    Rows.requireF32("layerNorm", y, x, weight, bias);
    rows(y, x, (f, n) -> layerNorm(f, n, eps), weight, bias);
  }

  private static void layerNorm(float[] f, int n, float eps) {
    double mean = 0;
    for (int i = 0; i < n; i++) {
      mean += f[i];
    }
    mean /= n;
    double variance = 0;
    for (int i = 0; i < n; i++) {
      double d = f[i] - mean;
      variance += d * d;
    }
    double scale = 1 / Math.sqrt(variance / n + eps);
    for (int i = 0; i < n; i++) {
      f[i] = (float) ((f[i] - mean) * scale * f[n + i] + f[2 * n + i]);
    }
  }

  @Override
  public void rmsNorm(Tensor y, Tensor x, Tensor weight, float eps) {
    Rows.requireF32("rmsNorm", y, x, weight);
    rows(y, x, (f, n) -> rmsNorm(f, n, eps), weight);
  }

  private static void rmsNorm(float[] f, int n, float eps) {
    double square = 0;
    for (int i = 0; i < n; i++) {
      square += (double) f[i] * f[i];
    }
    double scale = 1 / Math.sqrt(square / n + eps);
    for (int i = 0; i < n; i++) {
      f[i] = (float) (f[i] * scale * f[n + i]);
    }
  }

  @Override
  public void matMul(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    Rows.requireF32("matMul", y, x);
    ScalarMatMul.run(pool, y, x, weight, bias);
  }

  @Override
  public void matMulGelu(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    matMul(y, x, weight, bias);
    gelu(y, y);
  }

  @Override
  public void matMulAdd(
      Tensor y,
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor scale,
      Tensor residual) {
    Workspace step = y.workspace();
    long start = step.position();
    Tensor product = step.allocate(DType.F32, y.shape().toArray()); // y may be the residual
    matMul(product, x, weight, bias);
    if (scale != null) {
      mul(product, product, scale);
    }
    add(y, residual, product);
    step.rewind(start);
  }

  @Override
  public void matMulSwiGlu(Tensor y, Tensor x, Tensor gate, Tensor up) {
    Workspace step = y.workspace();
    long start = step.position();
    Tensor u = step.allocate(DType.F32, y.shape().toArray());
    matMul(u, x, up, null);
    matMul(y, x, gate, null);
    swiGlu(y, y, u);
    step.rewind(start);
  }

  @Override
  public void attention(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    Rows.requireF32("attention", y, q, k, v);
    ScalarAttention.run(pool, new Heads(y, q, k, v, mask, scale));
  }

  @Override
  public void attentionPaged(Tensor y, Tensor q, Pages past, Mask mask, float scale) {
    Rows.requireF32("attentionPaged", y, q, past.keys());
    ScalarAttention.run(pool, Heads.paged(y, q, past, mask, scale));
  }

  @Override
  public void rope(Tensor y, Tensor x, Tensor cos, Tensor sin) {
    Rows.requireF32("rope", y, x);
    rotation(cos, sin).run(pool, y, x);
  }

  private static Rotation rotation(Tensor cos, Tensor sin) {
    Rows cr = Rows.of(cos);
    Rows sr = Rows.of(sin);
    int n = 2 * cos.dim(1);
    return (share, y, yAt, x, xAt, t) -> {
      float[] f = share.floats(3 * n);
      MemorySegment.copy(x, JAVA_FLOAT_UNALIGNED, xAt, f, 0, n);
      cr.load(t, f, n, n / 2);
      sr.load(t, f, 2 * n, n / 2);
      rope(f, n);
      MemorySegment.copy(f, 0, y, JAVA_FLOAT_UNALIGNED, yAt, n);
    };
  }

  /// Turns `f[0 … n − 1]` by the cosines from `n` on and the sines from `2n` on.
  private static void rope(float[] f, int n) {
    int half = n / 2;
    for (int i = 0; i < half; i++) {
      float a = f[i];
      float b = f[half + i];
      float c = f[n + i];
      float s = f[2 * n + i];
      f[i] = a * c - b * s;
      f[half + i] = b * c + a * s;
    }
  }

  @Override
  public void gather(Tensor y, Tensor table, Tensor ids) {
    Gather.run(pool, y, table, ids, Copy::stretch);
  }

  @Override
  public void putRows(Tensor table, Tensor x, Tensor at) {
    PutRows.run(pool, table, x, at);
  }

  @Override
  public void advance(Tensor at, int by) {
    Advance.run(pool, at, by);
  }

  @Override
  public void ropeAppend(Tensor y, Pages past, Tensor q, Tensor k, Tensor v, Places places) {
    Rows.requireF32("ropeAppend", y, past.keys(), q, k, v);
    RopeAppend.run(pool, y, past, q, k, v, places, rotation(places.cos(), places.sin()));
  }

  @Override
  public void patches(Tensor y, Tensor x, int patch) {
    Patches.run(pool, y, x, patch);
  }

  @Override
  public void pixelShuffle(Tensor y, Tensor x) {
    PixelShuffle.run(pool, y, x);
  }

  @Override
  public void resizeBicubic(Tensor y, Tensor x) {
    ResizeBicubic.run(pool, y, x);
  }

  @Override
  public void resizeRows(Tensor y, Tensor x, Tensor taps) {
    ImageTiles.resizeRows(pool, y, x, taps);
  }

  @Override
  public void imageTiles(Tensor y, Tensor x, Tensor taps, Tensor values) {
    ImageTiles.run(pool, y, x, taps, values);
  }
}
