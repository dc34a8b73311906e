package org.internvl4j.testkit;

import static org.internvl4j.runtime.DType.F32;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;

/// What a recorded step of a decoder needs: places and pasts that are in memory, the likeliest
/// token.
final class DecodingCases {
  private final List<KernelCase> cases = new ArrayList<>();

  private DecodingCases() {}

  static List<KernelCase> all() {
    DecodingCases all = new DecodingCases();
    all.placed();
    all.appended();
    all.argMax();
    all.cases.addAll(SampleCases.all());
    return all.cases;
  }

  private void add(String name, Tolerance tolerance, KernelCase.Body body) {
    cases.add(new KernelCase(name, tolerance, body));
  }

  private void placed() {
    for (DType to : KernelCases.WEIGHTS) {
      add(
          "putRows [3, 2, 33] f32 into " + to + " [9, 2, 33] at 5",
          Tolerance.exact(),
          in -> in.data(to, 9, 2, 33).putRows(in.data(F32, 3, 2, 33), in.number(5)));
    }
    add(
        "putRows [4, 3, 16] into a cache laid out by heads, at its end",
        Tolerance.exact(),
        in -> {
          Tensor cache = in.activations(3, 90, 16);
          cache.transpose(0, 1).putRows(in.activations(4, 3, 16), in.number(86));
          return cache;
        });
    add(
        "putRows [200, 2, 64], rows with gaps, into [201, 2, 64] at 0",
        Tolerance.exact(),
        in -> in.activations(201, 2, 64).putRows(in.strided(64, 64, 200, 2, 64), in.number(0)));
    add(
        "putRows [5] i32 into [7] at 2",
        Tolerance.exact(),
        in -> in.ids(100, 7).putRows(in.ids(100, 5), in.number(2)));
    for (int queries : new int[] {1, 2, 8, 9, 40, 70}) {
      add(
          "attention [1, " + queries + ", 4, 24], past 131 in memory, room for 300",
          Tolerance.sum(24 + 131 + queries, 40),
          in -> {
            Tensor k = in.activations(1, 2, 300, 24).transpose(1, 2);
            Tensor v = in.activations(1, 2, 300, 24).transpose(1, 2);
            return in.activations(1, queries, 4, 24)
                .attention(k, v, Mask.past(in.number(131)), 0.2f);
          });
    }
  }

  /// Queries, keys and values are parts of the rows of one product.
  private void appended() {
    for (int half : new int[] {1, 7, 8, 12, 16, 32, 48, 64}) {
      appended(3, 4, 2, half, 5);
    }
    appended(1, 14, 2, 32, 89);
    appended(70, 3, 1, 16, 0);
    appended(2, 2, 2, 20, 88);
    add(
        "ropeAppend [9, 4, 80] less rope and putRows",
        Tolerance.exact(),
        in -> {
          Tensor q = in.activations(9, 4, 80);
          Tensor cos = in.uniform(1, 9, 40);
          Tensor sin = in.uniform(1, 9, 40);
          Tensor at = in.number(3);
          Tensor k = q.narrow(1, 1, 2);
          Tensor v = q.narrow(1, 2, 2);
          Tensor cache = in.activations(2, 2, 12, 80);
          Tensor parts = in.result(in.device().activations(), 2, 2, 12, 80).copyFrom(cache);
          Tensor keys = cache.select(0, 0).transpose(0, 1);
          Tensor values = cache.select(0, 1).transpose(0, 1);
          Tensor y = q.ropeAppend(k, v, cos, sin, keys, values, at);
          parts.select(0, 0).transpose(0, 1).putRows(k.rope(cos, sin), at);
          parts.select(0, 1).transpose(0, 1).putRows(v, at);
          Tensor minus = in.values(-1);
          return joined(in, y.add(q.rope(cos, sin).mul(minus)), cache.add(parts.mul(minus)));
        });
    add(
        "ropeAppend in place, rows of odd alignment",
        Tolerance.chain(4),
        in -> {
          Tensor q = in.strided(1, 2, 5, 3, 24);
          Tensor k = in.strided(3, 0, 5, 1, 24);
          Tensor cache = in.activations(2, 9, 25).narrow(2, 1, 24);
          Tensor keys = cache.narrow(0, 0, 1).transpose(0, 1);
          Tensor values = cache.narrow(0, 1, 1).transpose(0, 1);
          Tensor cos = in.uniform(1, 5, 12);
          Tensor sin = in.uniform(1, 5, 12);
          in.kernels().ropeAppend(q, keys, values, q, k, k, cos, sin, in.number(4));
          return joined(in, q, keys, values);
        });
  }

  private void appended(int tokens, int heads, int kvHeads, int half, int at) {
    add(
        "ropeAppend [%d, %d, %d], %d kv heads, at %d of 90"
            .formatted(tokens, heads, 2 * half, kvHeads, at),
        Tolerance.chain(4),
        in -> appended(in, tokens, heads, kvHeads, half, at));
  }

  private static Tensor appended(Inputs in, int tokens, int heads, int kvHeads, int half, int at) {
    int width = 2 * half;
    Tensor rows = in.activations(tokens, heads + 2 * kvHeads, width);
    Tensor cache = in.activations(2, kvHeads, 90, width);
    Tensor keys = cache.select(0, 0).transpose(0, 1);
    Tensor values = cache.select(0, 1).transpose(0, 1);
    Tensor q =
        rows.narrow(1, 0, heads)
            .ropeAppend(
                rows.narrow(1, heads, kvHeads),
                rows.narrow(1, heads + kvHeads, kvHeads),
                in.uniform(1, tokens, half),
                in.uniform(1, tokens, half),
                keys,
                values,
                in.number(at));
    return joined(in, q, keys, values);
  }

  /// Elements of all three, one after the other.
  private static Tensor joined(Inputs in, Tensor... parts) {
    int size = 0;
    for (Tensor part : parts) {
      size += Math.toIntExact(part.shape().size());
    }
    Tensor all = in.result(in.device().activations(), size);
    int at = 0;
    for (Tensor part : parts) {
      int n = Math.toIntExact(part.shape().size());
      all.narrow(0, at, n).view(part.shape().toArray()).copyFrom(part);
      at += n;
    }
    return all;
  }

  private void argMax() {
    for (int n : KernelCases.LENGTHS) {
      add("argMax [3, " + n + "]", Tolerance.exact(), in -> in.activations(3, n).argMax());
      add(
          "argMax of zeros of both signs [2, " + n + "]",
          Tolerance.exact(),
          in -> in.uniform(0, 2, n).argMax());
    }
    add("argMax [4, 151] with gaps", Tolerance.exact(), in -> in.strided(3, 7, 4, 151).argMax());
    add(
        "argMax of NaN and infinities",
        Tolerance.exact(),
        in -> {
          float infinity = Float.POSITIVE_INFINITY;
          return in.values(
                  -infinity, -infinity, -1e38f, -1, //
                  1, Float.NaN, 2, 3, //
                  infinity, 1, infinity, Float.NaN, //
                  -infinity, -infinity, -infinity, -infinity)
              .view(4, 4)
              .argMax();
        });
    for (int place : new int[] {0, 69}) {
      add(
          "argMax of a NaN at " + place + " of [1, 70]",
          Tolerance.exact(),
          in -> {
            Tensor x = in.activations(1, 70);
            x.narrow(1, place, 1).copyFrom(in.values(Float.NaN).view(1, 1));
            return x.argMax();
          });
    }
  }
}
