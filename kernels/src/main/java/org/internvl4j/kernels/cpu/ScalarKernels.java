package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// The kernels as plain loops, for a Java without the Vector API: right, in parallel, and slow.
final class ScalarKernels implements Kernels {
  private final Pool pool;

  ScalarKernels(Pool pool) {
    this.pool = pool;
  }

  private interface Function {
    float of(float a, float b);
  }

  private void map(Tensor y, Tensor a, Tensor b, Function f) {
    Elementwise.run(
        pool,
        y,
        a,
        b,
        8,
        (ys, yAt, as, aAt, bs, bAt, n) -> {
          for (long o = 0; o < 4L * n; o += 4) {
            set(ys, yAt + o, f.of(get(as, aAt + o), get(bs, bAt + o)));
          }
        });
  }

  private interface Row {
    void run(MemorySegment y, long yAt, MemorySegment x, long xAt, int n);
  }

  private void rows(Tensor y, Tensor x, Row body) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    pool.run(
        8 * x.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int r = share.from(yr.count); r < to; r++) {
            body.run(yr.segment, yr.at(r), xr.segment, xr.at(r), x.dim(-1));
          }
        });
  }

  private static float get(MemorySegment s, long at) {
    return s.get(JAVA_FLOAT_UNALIGNED, at);
  }

  private static void set(MemorySegment s, long at, float value) {
    s.set(JAVA_FLOAT_UNALIGNED, at, value);
  }

  @Override
  public void copy(Tensor y, Tensor x) {
    Copy.run(pool, y, x);
  }

  @Override
  public void add(Tensor y, Tensor a, Tensor b) {
    Rows.requireF32("add", y, a, b);
    map(y, a, b, Float::sum);
  }

  @Override
  public void mul(Tensor y, Tensor a, Tensor b) {
    Rows.requireF32("mul", y, a, b);
    map(y, a, b, (u, v) -> u * v);
  }

  @Override
  public void gelu(Tensor y, Tensor x) {
    Rows.requireF32("gelu", y, x);
    map(y, x, x, (u, v) -> gelu(u));
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
    map(y, x, x, (u, v) -> silu(u));
  }

  private static float silu(float x) {
    return (float) (x / (1 + Math.exp(-x)));
  }

  @Override
  public void swiGlu(Tensor y, Tensor gate, Tensor up) {
    Rows.requireF32("swiGlu", y, gate, up);
    map(y, gate, up, (u, v) -> silu(u) * v);
  }

  @Override
  public void softmax(Tensor y, Tensor x) {
    Rows.requireF32("softmax", y, x);
    rows(y, x, ScalarKernels::softmax);
  }

  private static void softmax(MemorySegment y, long yAt, MemorySegment x, long xAt, int n) {
    float max = Float.NEGATIVE_INFINITY;
    for (long o = 0; o < 4L * n; o += 4) {
      max = Math.max(max, get(x, xAt + o));
    }
    double sum = 0;
    for (long o = 0; o < 4L * n; o += 4) {
      float e = (float) Math.exp(get(x, xAt + o) - max);
      sum += e;
      set(y, yAt + o, e);
    }
    for (long o = 0; o < 4L * n; o += 4) {
      set(y, yAt + o, (float) (get(y, yAt + o) / sum));
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
          int to = share.to(xr.count);
          for (int r = share.from(xr.count); r < to; r++) {
            yr.segment.set(JAVA_INT_UNALIGNED, yr.at(r), argMax(xr.segment, xr.at(r), n));
          }
        });
  }

  private static int argMax(MemorySegment x, long at, int n) {
    int best = 0;
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      float value = get(x, at + 4L * i);
      if (Float.isNaN(value)) {
        return -1;
      }
      if (value > max) {
        max = value;
        best = i;
      }
    }
    return best;
  }

  @Override
  public void layerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float eps) {
    Rows.requireF32("layerNorm", y, x, weight, bias);
    MemorySegment w = weight.segment();
    MemorySegment b = bias.segment();
    long wAt = weight.byteOffset();
    long bAt = bias.byteOffset();
    rows(
        y,
        x,
        (ys, yAt, xs, xAt, n) -> {
          double mean = 0;
          for (long o = 0; o < 4L * n; o += 4) {
            mean += get(xs, xAt + o);
          }
          mean /= n;
          double variance = 0;
          for (long o = 0; o < 4L * n; o += 4) {
            double d = get(xs, xAt + o) - mean;
            variance += d * d;
          }
          double scale = 1 / Math.sqrt(variance / n + eps);
          for (long o = 0; o < 4L * n; o += 4) {
            double v = (get(xs, xAt + o) - mean) * scale;
            set(ys, yAt + o, (float) (v * get(w, wAt + o) + get(b, bAt + o)));
          }
        });
  }

  @Override
  public void rmsNorm(Tensor y, Tensor x, Tensor weight, float eps) {
    Rows.requireF32("rmsNorm", y, x, weight);
    MemorySegment w = weight.segment();
    long wAt = weight.byteOffset();
    rows(
        y,
        x,
        (ys, yAt, xs, xAt, n) -> {
          double square = 0;
          for (long o = 0; o < 4L * n; o += 4) {
            square += (double) get(xs, xAt + o) * get(xs, xAt + o);
          }
          double scale = 1 / Math.sqrt(square / n + eps);
          for (long o = 0; o < 4L * n; o += 4) {
            set(ys, yAt + o, (float) (get(xs, xAt + o) * scale * get(w, wAt + o)));
          }
        });
  }

  @Override
  public void matMul(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    Rows.requireF32("matMul", y, x);
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    Panels w = new Panels(weight);
    pool.run(
        (long) xr.count * w.in * w.out,
        share -> {
          int to = share.to(w.count());
          for (int i = share.from(w.count()); i < to; i++) {
            panel(share, yr, xr, w, i, bias);
          }
        });
  }

  /// All rows times one panel: a stretch of inputs after another, sums kept in `y`.
  private static void panel(Share share, Rows y, Rows x, Panels w, int i, @Nullable Tensor bias) {
    int columns = w.columns(i);
    long c = 4L * i * Panels.COLUMNS;
    float[] lines = share.floats(Panels.COLUMNS * (Packing.STRETCH + 1));
    for (int r = 0; r < x.count; r++) {
      if (bias == null) {
        y.segment.asSlice(y.at(r) + c, 4L * columns).fill((byte) 0);
      } else {
        long at = bias.byteOffset() + c;
        MemorySegment.copy(bias.segment(), at, y.segment, y.at(r) + c, 4L * columns);
      }
    }
    for (int from = 0; from < w.in; from += Packing.STRETCH) {
      int n = Math.min(Packing.STRETCH, w.in - from);
      Packing.widen(w, i, from, n, lines);
      for (int r = 0; r < x.count; r++) {
        addProducts(y.segment, y.at(r) + c, columns, x.segment, x.at(r) + 4L * from, lines, n);
      }
    }
  }

  /// One chain a column, columns side by side.
  private static void addProducts(
      MemorySegment y, long yAt, int columns, MemorySegment x, long xAt, float[] lines, int n) {
    int sums = Panels.COLUMNS * Packing.STRETCH;
    MemorySegment.copy(y, JAVA_FLOAT_UNALIGNED, yAt, lines, sums, columns);
    for (int k = 0; k < n; k++) {
      float a = get(x, xAt + 4L * k);
      for (int c = 0; c < Panels.COLUMNS; c++) {
        lines[sums + c] += a * lines[Panels.COLUMNS * k + c];
      }
    }
    MemorySegment.copy(lines, sums, y, JAVA_FLOAT_UNALIGNED, yAt, columns);
  }

  /// Four chains, so that they overlap.
  private static float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    long o = 0;
    for (; o <= 4L * n - 16; o += 16) {
      s0 += get(a, aAt + o) * get(b, bAt + o);
      s1 += get(a, aAt + o + 4) * get(b, bAt + o + 4);
      s2 += get(a, aAt + o + 8) * get(b, bAt + o + 8);
      s3 += get(a, aAt + o + 12) * get(b, bAt + o + 12);
    }
    for (; o < 4L * n; o += 4) {
      s0 += get(a, aAt + o) * get(b, bAt + o);
    }
    return s0 + s1 + (s2 + s3);
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
    matMul(y, x, weight, bias);
    if (scale != null) {
      mul(y, y, scale);
    }
    add(y, y, residual);
  }

  @Override
  public void matMulSwiGlu(Tensor y, Tensor x, Tensor gate, Tensor up) {
    Workspace step = y.workspace();
    long mark = step.mark();
    Tensor u = step.allocate(DType.F32, y.shape().toArray());
    matMul(u, x, up, null);
    matMul(y, x, gate, null);
    swiGlu(y, y, u);
    step.reset(mark);
  }

  @Override
  public void attention(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    Rows.requireF32("attention", y, q, k, v);
    Heads h = new Heads(y, q, k, v, mask, scale);
    int units = h.batch * h.queries * h.heads;
    pool.run(
        h.cost(),
        share -> {
          MemorySegment scores = share.scratch(4L * h.keys);
          int to = share.to(units);
          for (int u = share.from(units); u < to; u++) {
            query(h, scores, u / h.heads / h.queries, u / h.heads % h.queries, u % h.heads);
          }
        });
  }

  private static void query(Heads h, MemorySegment scores, int n, int t, int head) {
    int kvHead = head / h.group();
    int visible = h.visible(t, 0, h.keys);
    long q = h.qAt(n, t, head);
    long k = h.kAt(n, 0, kvHead);
    long v = h.vAt(n, 0, kvHead);
    long y = h.yAt(n, t, head);
    for (int j = 0; j < visible; j++) {
      set(scores, 4L * j, h.scale * dot(h.q, q, h.k, k + j * h.kStride, h.width));
    }
    softmax(scores, 0, scores, 0, visible);
    for (long o = 0; o < 4L * h.width; o += 4) {
      float sum = 0;
      for (int j = 0; j < visible; j++) {
        sum += get(scores, 4L * j) * get(h.v, v + j * h.vStride + o);
      }
      set(h.y, y + o, sum);
    }
  }

  @Override
  public void rope(Tensor y, Tensor x, Tensor cos, Tensor sin) {
    Rows.requireF32("rope", y, x);
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    Rows cr = Rows.of(cos);
    Rows sr = Rows.of(sin);
    long half = 2L * x.dim(2); // bytes
    pool.run(
        4 * x.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int r = share.from(yr.count); r < to; r++) {
            int t = r / x.dim(1);
            for (long o = 0; o < half; o += 4) {
              float a = get(xr.segment, xr.at(r) + o);
              float b = get(xr.segment, xr.at(r) + half + o);
              float c = get(cr.segment, cr.at(t) + o);
              float s = get(sr.segment, sr.at(t) + o);
              set(yr.segment, yr.at(r) + o, a * c - b * s);
              set(yr.segment, yr.at(r) + half + o, b * c + a * s);
            }
          }
        });
  }

  @Override
  public void gather(Tensor y, Tensor table, Tensor ids) {
    Gather.run(pool, y, table, ids);
  }

  @Override
  public void putRows(Tensor table, Tensor x, Tensor at) {
    PutRows.run(pool, table, x, at);
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
}
