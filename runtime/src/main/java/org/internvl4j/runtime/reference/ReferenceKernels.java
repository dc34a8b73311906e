package org.internvl4j.runtime.reference;

import java.lang.foreign.ValueLayout;
import java.util.function.DoubleUnaryOperator;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Places;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// What each kernel means: the plainest loop, sums in double. Never optimised.
final class ReferenceKernels implements Kernels {
  @Override
  public void copy(Tensor y, Tensor x) {
    if (x.dtype().isFloating()) {
      write(y, values(x));
    } else {
      long[] at = offsets(x);
      Elements.forEach(
          y,
          (i, to) ->
              y.segment()
                  .asSlice(to, y.dtype().bytes())
                  .copyFrom(x.segment().asSlice(at[(int) i], x.dtype().bytes())));
    }
  }

  @Override
  public void add(Tensor y, Tensor a, Tensor b) {
    double[] av = values(a);
    double[] bv = values(b);
    write(y, i -> av[i] + bv[i % bv.length]);
  }

  @Override
  public void mul(Tensor y, Tensor a, Tensor b) {
    double[] av = values(a);
    double[] bv = values(b);
    write(y, i -> av[i] * bv[i % bv.length]);
  }

  @Override
  public void gelu(Tensor y, Tensor x) {
    map(y, x, ReferenceKernels::gelu);
  }

  private static double gelu(double v) {
    return v / 2 * (1 + Erf.erf(v / Math.sqrt(2)));
  }

  @Override
  public void silu(Tensor y, Tensor x) {
    map(y, x, ReferenceKernels::silu);
  }

  private static double silu(double v) {
    return v / (1 + Math.exp(-v));
  }

  @Override
  public void swiGlu(Tensor y, Tensor gate, Tensor up) {
    double[] g = values(gate);
    double[] u = values(up);
    write(y, i -> silu(g[i]) * u[i]);
  }

  @Override
  public void softmax(Tensor y, Tensor x) {
    double[] v = values(x);
    int c = x.dim(-1);
    for (int row = 0; row < v.length; row += c) {
      softmax(v, row, c);
    }
    write(y, v);
  }

  private static void softmax(double[] v, int from, int count) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, v[from + i]);
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      v[from + i] = Math.exp(v[from + i] - max);
      sum += v[from + i];
    }
    for (int i = 0; i < count; i++) {
      v[from + i] /= sum;
    }
  }

  @Override
  public void argMax(Tensor y, Tensor x) {
    double[] v = values(x);
    int c = x.dim(1);
    Elements.forEach(
        y,
        (row, at) ->
            y.segment().set(ValueLayout.JAVA_INT_UNALIGNED, at, argMax(v, (int) row * c, c)));
  }

  private static int argMax(double[] v, int from, int count) {
    int best = 0;
    for (int i = 0; i < count; i++) {
      if (Double.isNaN(v[from + i])) {
        return -1;
      }
      best = v[from + i] > v[from + best] ? i : best;
    }
    return best;
  }

  @Override
  public void dot(Tensor y, Tensor x, Tensor vector) {
    double[] xv = values(x);
    double[] v = values(vector);
    write(y, row -> dot(xv, row * v.length, v));
  }

  private static double dot(double[] x, int from, double[] v) {
    double sum = 0;
    for (int c = 0; c < v.length; c++) {
      sum += x[from + c] * v[c];
    }
    return sum;
  }

  @Override
  public void sample(
      Tensor y, Tensor x, Tensor guesses, Tensor options, Tensor draws, Tensor said) {
    int rows = x.dim(0) / options.dim(0);
    for (int answer = 0; answer < options.dim(0); answer++) {
      ReferenceSampler sampler = new ReferenceSampler(options, draws, said, answer);
      int last = 0;
      for (int row = answer * rows; row < (answer + 1) * rows; row++) {
        boolean first = row == answer * rows;
        last =
            !first && (last < 0 || last != (int) values(guesses.narrow(0, row, 1))[0])
                ? -2
                : sampler.next(values(x.narrow(0, row, 1)));
        y.segment().set(ValueLayout.JAVA_INT_UNALIGNED, y.byteOffset() + 4L * row, last);
      }
    }
  }

  @Override
  public void layerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float eps) {
    double[] v = values(x);
    double[] w = values(weight);
    double[] b = values(bias);
    int c = w.length;
    for (int row = 0; row < v.length; row += c) {
      double mean = 0;
      for (int i = 0; i < c; i++) {
        mean += v[row + i] / c;
      }
      double variance = 0;
      for (int i = 0; i < c; i++) {
        variance += (v[row + i] - mean) * (v[row + i] - mean) / c;
      }
      for (int i = 0; i < c; i++) {
        v[row + i] = (v[row + i] - mean) / Math.sqrt(variance + eps) * w[i] + b[i];
      }
    }
    write(y, v);
  }

  @Override
  public void rmsNorm(Tensor y, Tensor x, Tensor weight, float eps) {
    double[] v = values(x);
    double[] w = values(weight);
    int c = w.length;
    for (int row = 0; row < v.length; row += c) {
      double square = 0;
      for (int i = 0; i < c; i++) {
        square += v[row + i] * v[row + i] / c;
      }
      for (int i = 0; i < c; i++) {
        v[row + i] = v[row + i] / Math.sqrt(square + eps) * w[i];
      }
    }
    write(y, v);
  }

  @Override
  public void matMul(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    write(y, product(x, weight, bias));
  }

  @Override
  public void matMulGelu(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    double[] v = product(x, weight, bias);
    write(y, i -> gelu(v[i]));
  }

  @Override
  public void matMulAdd(
      Tensor y,
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor scale,
      Tensor residual) {
    double[] v = product(x, weight, bias);
    double[] r = values(residual);
    double[] s = scale == null ? null : values(scale);
    write(y, i -> r[i] + (s == null ? 1 : s[i % s.length]) * v[i]);
  }

  @Override
  public void matMulSwiGlu(Tensor y, Tensor x, Tensor gate, Tensor up) {
    double[] g = product(x, gate, null);
    double[] u = product(x, up, null);
    write(y, i -> silu(g[i]) * u[i]);
  }

  private static double[] product(Tensor x, Tensor weight, @Nullable Tensor bias) {
    double[] xv = values(x);
    double[] wv = values(weight);
    double[] bv = bias == null ? new double[weight.dim(0)] : values(bias);
    int in = weight.dim(1);
    int out = weight.dim(0);
    double[] v = new double[Math.toIntExact(x.shape().rows() * out)];
    for (int i = 0; i < v.length; i++) {
      v[i] = bv[i % out];
      for (int k = 0; k < in; k++) {
        v[i] += xv[i / out * in + k] * wv[i % out * in + k];
      }
    }
    return v;
  }

  @Override
  public void attention(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    for (int n = 0; n < q.dim(0); n++) {
      double[] keys = values(k.select(0, n));
      double[] values = values(v.select(0, n));
      attention(y.select(0, n), q.select(0, n), keys, values, k.dim(2), mask, scale);
    }
  }

  @Override
  public void attentionPaged(Tensor y, Tensor q, Pages past, Mask mask, float scale) {
    double[] keys = inRows(past.keys(), past.table());
    double[] values = inRows(past.values(), past.table());
    attention(y, q, keys, values, past.kvHeads(), mask, scale);
  }

  /// All pages of a table one after the other, `[n·S, K, D]`.
  private static double[] inRows(Tensor pages, Tensor table) {
    int size = Math.toIntExact(pages.select(0, 0).shape().size());
    double[] rows = new double[table.dim(0) * size];
    for (int i = 0; i < table.dim(0); i++) {
      double[] page = values(page(pages, table, i));
      System.arraycopy(page, 0, rows, i * size, size);
    }
    return rows;
  }

  /// Page `i` of a sequence, `[S, K, D]`.
  private static Tensor page(Tensor pages, Tensor table, int i) {
    int page = (int) values(table.narrow(0, i, 1))[0];
    return pages.select(0, page).transpose(0, 1);
  }

  /// One sequence.
  ///
  /// @param kv `[Tk, K, D]`, keys
  /// @param vv `[Tk, K, D]`, values
  private static void attention(
      Tensor y, Tensor q, double[] kv, double[] vv, int kvHeads, Mask mask, float scale) {
    int heads = q.dim(1);
    int d = q.dim(2);
    int tk = kv.length / (kvHeads * d);
    double[] qv = values(q);
    double[] out = new double[qv.length];
    double[] scores = new double[tk];
    for (int i = 0; i < q.dim(0); i++) {
      for (int h = 0; h < heads; h++) {
        int query = (i * heads + h) * d;
        int kvHead = h / (heads / kvHeads);
        int visible = mask.visible(i, tk);
        for (int j = 0; j < visible; j++) {
          int key = (j * kvHeads + kvHead) * d;
          scores[j] = 0;
          for (int c = 0; c < d; c++) {
            scores[j] += qv[query + c] * kv[key + c] * scale;
          }
        }
        softmax(scores, 0, visible);
        for (int j = 0; j < visible; j++) {
          int value = (j * kvHeads + kvHead) * d;
          for (int c = 0; c < d; c++) {
            out[query + c] += scores[j] * vv[value + c];
          }
        }
      }
    }
    write(y, out);
  }

  @Override
  public void rope(Tensor y, Tensor x, Tensor cos, Tensor sin) {
    double[] v = values(x);
    double[] c = values(cos);
    double[] s = values(sin);
    int heads = x.dim(1);
    int half = x.dim(2) / 2;
    for (int row = 0; row < x.dim(0) * heads; row++) {
      for (int j = 0; j < half; j++) {
        int angle = row / heads * half + j;
        int a = row * 2 * half + j;
        int b = a + half;
        double rotated = v[a] * c[angle] - v[b] * s[angle];
        v[b] = v[b] * c[angle] + v[a] * s[angle];
        v[a] = rotated;
      }
    }
    write(y, v);
  }

  @Override
  public void gather(Tensor y, Tensor table, Tensor ids) {
    double[] id = values(ids);
    int c = table.dim(1);
    for (double i : id) {
      if (i < 0 || i >= table.dim(0)) {
        throw new IllegalArgumentException("gather: id " + (long) i + " is outside " + table);
      }
    }
    write(
        y,
        i ->
            Elements.getAt(
                table.segment(),
                table.dtype(),
                Elements.byteOffset(table, (int) id[i / c], i % c)));
  }

  @Override
  public void putRows(Tensor table, Tensor x, Tensor at) {
    int row = (int) values(at)[0];
    copy(table.narrow(0, row, x.dim(0)), x);
  }

  @Override
  public void advance(Tensor at, int by) {
    double[] v = values(at);
    Elements.forEach(
        at,
        (i, place) ->
            at.segment().set(ValueLayout.JAVA_INT_UNALIGNED, place, (int) v[(int) i] + by));
  }

  @Override
  public void ropeAppend(Tensor y, Pages past, Tensor q, Tensor k, Tensor v, Places places) {
    int first = (int) values(places.at())[0];
    for (int t = 0; t < k.dim(0); t++) {
      Tensor c = places.cos().narrow(0, (first + t) % places.angles(), 1);
      Tensor s = places.sin().narrow(0, (first + t) % places.angles(), 1);
      int page = (first + t) / past.size();
      int row = (first + t) % past.size();
      Tensor keys = page(past.keys(), past.table(), page).narrow(0, row, 1);
      Tensor values = page(past.values(), past.table(), page).narrow(0, row, 1);
      rope(y.narrow(0, t, 1), q.narrow(0, t, 1), c, s);
      rope(keys, k.narrow(0, t, 1), c, s);
      copy(values, v.narrow(0, t, 1));
    }
  }

  @Override
  public void patches(Tensor y, Tensor x, int patch) {
    double[] v = values(x);
    int channels = x.dim(1);
    int side = x.dim(2);
    int grid = side / patch;
    int width = channels * patch * patch;
    write(
        y,
        i -> {
          int column = i % width % patch;
          int line = i % width / patch % patch;
          int channel = i % width / (patch * patch);
          int gx = i / width % grid;
          int gy = i / width / grid % grid;
          int n = i / width / (grid * grid);
          return v[
              ((n * channels + channel) * side + gy * patch + line) * side + gx * patch + column];
        });
  }

  @Override
  public void pixelShuffle(Tensor y, Tensor x) {
    double[] v = values(x);
    int h = x.dim(1);
    int w = x.dim(2);
    int c = x.dim(3);
    write(
        y,
        i -> {
          int channel = i % c;
          int dx = i / c % 2;
          int dy = i / (2 * c) % 2;
          int column = i / (4 * c) % (w / 2);
          int line = i / (4 * c) / (w / 2) % (h / 2);
          int n = i / (4 * c) / (w / 2) / (h / 2);
          return v[((n * h + 2 * line + dy) * w + 2 * column + dx) * c + channel];
        });
  }

  @Override
  public void resizeRows(Tensor y, Tensor x, Tensor taps) {
    double[] v = values(x);
    double[] w = values(taps);
    int in = x.dim(1);
    int out = y.dim(1);
    Elements.forEach(
        y,
        (i, at) -> {
          int channel = (int) i % 3;
          int row = (int) i / 3 / out;
          int sample = sample(w, taps.dim(1), (int) i / 3 % out, v, row * in * 3 + channel, 3);
          y.segment().set(ValueLayout.JAVA_BYTE, at, (byte) sample);
        });
  }

  @Override
  public void imageTiles(Tensor y, Tensor x, Tensor taps, Tensor values) {
    double[] v = values(x);
    double[] w = values(taps);
    double[] of = values(values);
    int width = x.dim(1);
    int side = y.dim(3);
    int across = width / side;
    write(
        y,
        i -> {
          int tile = i / (3 * side * side);
          int channel = i / (side * side) % 3;
          int line = tile / across * side + i / side % side;
          int column = tile % across * side + i % side;
          int sample = sample(w, taps.dim(1), line, v, column * 3 + channel, width * 3);
          return of[channel * 256 + sample];
        });
  }

  /// Sample `i` of a line of samples that begins at `start`, so far apart.
  private static int sample(double[] taps, int stride, int i, double[] v, int start, int distance) {
    int own = i * stride;
    double sum = 1 << 21;
    for (int j = 0; j < stride - 1; j++) {
      sum += taps[own + 1 + j] * v[start + ((int) taps[own] + j) * distance];
    }
    return Math.clamp((long) Math.floor(sum / (1 << 22)), 0, 255);
  }

  @Override
  public void resizeBicubic(Tensor y, Tensor x) {
    int inHeight = x.dim(0);
    int inWidth = x.dim(1);
    int width = y.dim(1);
    int c = x.dim(2);
    double[] v = values(x);
    write(
        y,
        i -> {
          Taps down = Taps.of(i / c / width, inHeight, y.dim(0));
          Taps across = Taps.of(i / c % width, inWidth, width);
          double sum = 0;
          for (int a = 0; a < 4; a++) {
            for (int b = 0; b < 4; b++) {
              sum +=
                  down.weight[a]
                      * across.weight[b]
                      * v[(down.index[a] * inWidth + across.index[b]) * c + i % c];
            }
          }
          return sum;
        });
  }

  /// The four source positions of one output position and their weights.
  private record Taps(int[] index, double[] weight) {
    static Taps of(int i, int in, int out) {
      double source = (double) in / out * (i + 0.5) - 0.5;
      double floor = Math.floor(source);
      double t = source - floor;
      int[] index = new int[4];
      double[] weight = new double[4];
      for (int k = 0; k < 4; k++) {
        index[k] = (int) Math.clamp(floor + k - 1, 0, in - 1);
        weight[k] = cubic(Math.abs(t + 1 - k));
      }
      return new Taps(index, weight);
    }

    private static double cubic(double x) {
      double a = -0.75;
      return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : a * (((x - 5) * x + 8) * x - 4);
    }
  }

  // ---- reading and writing whole tensors

  private interface Source {
    double at(int i);
  }

  private static double[] values(Tensor x) {
    double[] values = new double[Math.toIntExact(x.shape().size())];
    Elements.forEach(x, (i, at) -> values[(int) i] = Elements.getAt(x.segment(), x.dtype(), at));
    return values;
  }

  private static long[] offsets(Tensor x) {
    long[] offsets = new long[Math.toIntExact(x.shape().size())];
    Elements.forEach(x, (i, at) -> offsets[(int) i] = at);
    return offsets;
  }

  private static void map(Tensor y, Tensor x, DoubleUnaryOperator f) {
    double[] v = values(x);
    write(y, i -> f.applyAsDouble(v[i]));
  }

  private static void write(Tensor y, double[] values) {
    write(y, i -> values[i]);
  }

  private static void write(Tensor y, Source source) {
    Elements.forEach(
        y, (i, at) -> Elements.setAt(y.segment(), y.dtype(), at, (float) source.at((int) i)));
  }
}
