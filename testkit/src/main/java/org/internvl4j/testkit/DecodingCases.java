package org.internvl4j.testkit;

import static org.internvl4j.runtime.DType.F32;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Places;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// What a recorded step of a decoder needs: places and pasts that are in memory, the likeliest
/// token.
final class DecodingCases {
  private final List<KernelCase> cases = new ArrayList<>();

  private DecodingCases() {}

  static List<KernelCase> all() {
    DecodingCases all = new DecodingCases();
    all.placed();
    all.paged();
    all.appended();
    all.projected();
    all.sequences();
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
    for (int n : new int[] {1, 2, 255, 257}) {
      add(
          "advance [" + n + "] by 3",
          Tolerance.exact(),
          in -> in.result(DType.I32, n).copyFrom(in.ids(100, n)).advance(3));
    }
    add(
        "advance by less than nothing, among others",
        Tolerance.exact(),
        in -> {
          Tensor all = in.result(DType.I32, 9).copyFrom(in.ids(100, 9));
          all.narrow(0, 2, 5).advance(-200);
          return all;
        });
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

  private void paged() {
    int[][] shapes = { // T, H, K, D, S, past
      {1, 4, 2, 24, 16, 0},
      {1, 14, 2, 64, 64, 300},
      {1, 3, 3, 7, 32, 131},
      {2, 4, 2, 33, 16, 15},
      {8, 4, 1, 128, 256, 140},
      {9, 4, 2, 24, 16, 131},
      {40, 2, 2, 96, 32, 3},
      {70, 4, 2, 64, 64, 131},
      {70, 2, 1, 128, 16, 420},
      {130, 2, 1, 32, 128, 250},
      {65, 2, 2, 20, 64, 31}
    };
    for (int[] s : shapes) {
      String name =
          "attentionPaged [%d, %d, %d], %d kv heads, past %d in pages of %d"
              .formatted(s[0], s[1], s[3], s[2], s[5], s[4]);
      int[] table = table((s[5] + s[0]) / s[4] + 2);
      add(
          name,
          Tolerance.sum(s[3] + s[5] + s[0], 40),
          in ->
              in.activations(s[0], s[1], s[3])
                  .attention(pages(in, s[2], s[4], s[3], table), past(in, s[5]), 0.2f));
      add(
          name + ", less that in pages of 512",
          Tolerance.exact(),
          in -> {
            Tensor q = in.activations(s[0], s[1], s[3]);
            Pages pages = pages(in, s[2], s[4], s[3], table);
            Tensor y = q.attention(pages, past(in, s[5]), 0.2f);
            Tensor large = q.attention(large(in, pages, table), past(in, s[5]), 0.2f);
            return y.add(large.mul(in.values(-1)));
          });
    }
    for (int[] s : new int[][] {{1, 300}, {9, 130}, {70, 131}, {150, 60}}) {
      int seen = s[0] + s[1];
      add(
          "attentionPaged [%d, 4, 72], past %d, nothing behind it".formatted(s[0], s[1]),
          Tolerance.sum(72 + seen, 40),
          in -> {
            int[] table = table(seen / 32 + 3);
            Tensor[] parts = new Tensor[2];
            for (int i = 0; i < 2; i++) {
              parts[i] = in.copy(in.activations(table.length, 2, 32, 72));
              for (int t = seen; t < table.length * 32; t++) {
                Tensor row = parts[i].select(0, table[t / 32]).narrow(1, t % 32, 1);
                row.copyFrom(row.mul(in.values(Float.NaN)));
              }
            }
            return in.activations(s[0], 4, 72)
                .attention(new Pages(parts[0], parts[1], in.numbers(table)), past(in, s[1]), 0.2f);
          });
    }
    add(
        "attentionPaged of everything in pages [2, 2, 16, 16]",
        Tolerance.sum(16 + 48, 40),
        in -> in.activations(20, 4, 16).attention(pages(in, 2, 16, 16, 1, 0, 1), Mask.NONE, 0.25f));
  }

  private static Mask past(Inputs in, int tokens) {
    return Mask.past(in.number(tokens));
  }

  /// Pages in no order, each once.
  private static int[] table(int count) {
    int[] table = new int[count];
    for (int i = 0; i < count; i++) {
      table[i] = i % 2 == 0 ? count - 1 - i / 2 : i / 2;
    }
    return table;
  }

  private static Pages pages(Inputs in, int kvHeads, int size, int width, int... table) {
    int count = Arrays.stream(table).max().orElseThrow() + 1;
    return new Pages(
        in.activations(count, kvHeads, size, width),
        in.activations(count, kvHeads, size, width),
        in.numbers(table));
  }

  /// The same in pages of 512, the first of which is the second of a sequence.
  private static Pages large(Inputs in, Pages pages, int[] table) {
    int tokens = Math.min(1024, pages.capacity());
    Tensor[] larger = new Tensor[2];
    for (int i = 0; i < 2; i++) {
      Tensor small = i == 0 ? pages.keys() : pages.values();
      larger[i] = in.activations(2, small.dim(1), 512, small.dim(3));
      Tensor rows = inRows(in, small, table);
      for (int t = 0; t < tokens; t += 512) {
        int some = Math.min(512, tokens - t);
        Tensor page = larger[i].select(0, 1 - t / 512).transpose(0, 1);
        page.narrow(0, 0, some).copyFrom(rows.narrow(0, t, some));
      }
    }
    return new Pages(larger[0], larger[1], in.numbers(1, 0));
  }

  private static Tensor inRows(Inputs in, Tensor pages, int[] table) {
    int size = pages.dim(2);
    Tensor rows = in.result(pages.dtype(), table.length * size, pages.dim(1), pages.dim(3));
    for (int i = 0; i < table.length; i++) {
      rows.narrow(0, i * size, size).copyFrom(pages.select(0, table[i]).transpose(0, 1));
    }
    return rows;
  }

  /// Sequences of several lengths, more than one launch takes.
  private void sequences() {
    int[][] shapes = { // A, T/A, H, K, D
      {2, 1, 4, 2, 24},
      {3, 2, 14, 2, 64},
      {35, 1, 2, 1, 16},
      {5, 8, 2, 2, 7},
      {2, 9, 2, 2, 32},
      {17, 3, 2, 1, 8}
    };
    for (int[] s : shapes) {
      String of =
          "[%d, %d, %d] of %d sequences, %d kv heads"
              .formatted(s[0] * s[1], s[2], s[4], s[0], s[3]);
      add(
          "attentionPaged " + of,
          Tolerance.sum(s[4] + 300, 40),
          in -> {
            Sequences all = new Sequences(in, s);
            return in.activations(s[0] * s[1], s[2], s[4]).attention(all.pages, all.masks);
          });
      add(
          "attentionPaged " + of + ", less one after the other",
          Tolerance.exact(),
          in -> {
            Sequences all = new Sequences(in, s);
            Tensor q = in.activations(s[0] * s[1], s[2], s[4]);
            Tensor minus = in.copy(q.attention(all.pages, all.masks)).mul(in.values(-1));
            for (int i = 0; i < s[0]; i++) {
              Tensor part = minus.narrow(0, i * s[1], s[1]);
              Tensor qi = q.narrow(0, i * s[1], s[1]);
              part.copyFrom(part.add(qi.attention(all.pages.get(i), all.masks.get(i))));
            }
            return minus;
          });
      if (s[4] % 2 == 0) {
        add(
            "ropeAppend " + of,
            Tolerance.chain(4),
            in -> {
              Sequences all = new Sequences(in, s);
              Tensor rows = in.activations(s[0] * s[1], s[2] + 2 * s[3], s[4]);
              Tensor q =
                  rows.narrow(1, 0, s[2])
                      .ropeAppend(
                          rows.narrow(1, s[2], s[3]),
                          rows.narrow(1, s[2] + s[3], s[3]),
                          all.pages,
                          all.places(in));
              Tensor[] parts = new Tensor[1 + 2 * s[0]];
              parts[0] = q;
              for (int i = 0; i < s[0]; i++) {
                parts[1 + 2 * i] = all.pages.get(i).keys();
                parts[2 + 2 * i] = all.pages.get(i).values();
              }
              return joined(in, parts);
            });
      }
    }
  }

  /// Pasts of several sequences, some in a pool that they share.
  private static final class Sequences {
    private final int width;
    private final List<Pages> pages = new ArrayList<>();
    private final List<Tensor> at = new ArrayList<>();
    private final List<Mask> masks = new ArrayList<>();

    /// @param s A, T/A, H, K, D
    Sequences(Inputs in, int[] s) {
      this.width = s[4];
      int shared = s[0] / 2;
      Pages pool = DecodingCases.pages(in, s[3], 16, s[4], table(3 * shared));
      for (int i = 0; i < s[0]; i++) {
        int past = 41 * i % 38;
        if (i < shared) {
          Tensor table = in.numbers(3 * i, 3 * i + 2, 3 * i + 1);
          pages.add(new Pages(pool.keys(), pool.values(), table));
        } else {
          past += i == s[0] - 1 ? 250 : 0;
          pages.add(DecodingCases.pages(in, s[3], 16, s[4], table((past + s[1]) / 16 + 1)));
        }
        at.add(in.number(past));
        masks.add(Mask.past(at.get(i)));
      }
    }

    List<Places> places(Inputs in) {
      return at.stream()
          .map(a -> new Places(in.uniform(1, 11, width / 2), in.uniform(1, 11, width / 2), a))
          .toList();
    }
  }

  /// From the residual stream on; widths that every block normalises for itself and wider ones.
  private void projected() {
    int[][] shapes = { // T, H, K, D, C, at
      {1, 14, 2, 64, 896, 95},
      {2, 4, 2, 24, 70, 0},
      {3, 3, 3, 6, 33, 15},
      {5, 4, 1, 16, 520, 60},
      {8, 6, 2, 32, 96, 88},
      {8, 2, 1, 16, 4300, 7},
      {20, 2, 2, 16, 64, 30},
      {70, 3, 1, 32, 128, 20}
    };
    for (int[] s : shapes) {
      String name =
          "rmsNormMatMulRopeAppend [%d, %d], %d and %d heads of %d, at %d of 96"
              .formatted(s[0], s[4], s[1], s[2], s[3], s[5]);
      add(name, Tolerance.sum(s[4], 16), in -> new Projection(in, s).together());
      add(
          name + ", less norm, product and ropeAppend",
          Tolerance.exact(),
          in -> {
            Projection p = new Projection(in, s);
            return p.together().add(p.apart().mul(in.values(-1)));
          });
    }
  }

  /// From a residual stream to queries and pages, all of which come out.
  private static final class Projection {
    private final Inputs in;
    private final int heads;
    private final int kvHeads;
    private final int width;
    private final Tensor x;
    private final Tensor norm;
    private final Tensor weight;
    private final @Nullable Tensor bias;
    private final Pages pages;
    private final Places places;

    /// @param s T, H, K, D, C and where the tokens go
    Projection(Inputs in, int[] s) {
      this.in = in;
      this.heads = s[1];
      this.kvHeads = s[2];
      this.width = s[3];
      int out = (heads + 2 * kvHeads) * width;
      this.x = in.activations(s[0], s[4]);
      this.norm = in.weight(DType.BF16, Role.VECTOR, s[4]);
      this.weight = in.weight(DType.BF16, Role.MATRIX, out, s[4]);
      this.bias = s[0] % 2 == 0 ? in.weight(DType.BF16, Role.VECTOR, out) : null;
      this.pages = pages(in, kvHeads, 16, width, 5, 2, 7, 0, 3, 1);
      Tensor cos = in.uniform(1, s[0] + 3, width / 2);
      Tensor sin = in.uniform(1, s[0] + 3, width / 2);
      this.places = new Places(cos, sin, in.number(s[5]));
    }

    Tensor together() {
      Pages own = own();
      Tensor q = x.rmsNormMatMulRopeAppend(norm, 1e-6f, weight, bias, own, places);
      return joined(in, q, own.keys(), own.values());
    }

    Tensor apart() {
      Pages own = own();
      int all = heads + 2 * kvHeads;
      Tensor h = x.rmsNormMatMul(norm, 1e-6f, weight, bias).view(x.dim(0), all, width);
      Tensor k = h.narrow(1, heads, kvHeads);
      Tensor v = h.narrow(1, heads + kvHeads, kvHeads);
      Tensor q = h.narrow(1, 0, heads).ropeAppend(k, v, own, places);
      return joined(in, q, own.keys(), own.values());
    }

    private Pages own() {
      return new Pages(in.copy(pages.keys()), in.copy(pages.values()), pages.table());
    }
  }

  /// Queries, keys and values are parts of the rows of one product.
  private void appended() {
    for (int half : new int[] {1, 7, 8, 12, 16, 32, 48, 64}) {
      appended(3, 4, 2, half, 5);
    }
    appended(1, 14, 2, 32, 95);
    appended(70, 3, 1, 16, 0);
    appended(2, 2, 2, 20, 79);
    for (int[] angles : new int[][] {{7, 16}, {64, 1}, {3, 70}}) {
      int rows = angles[0];
      int at = angles[1];
      add(
          "ropeAppend [3, 4, 32] at %d of 96, angles of %d places".formatted(at, rows),
          Tolerance.chain(4),
          in -> appended(in, 3, 4, 2, 16, at, rows));
    }
    add(
        "ropeAppend [9, 4, 80] less rope and copies",
        Tolerance.exact(),
        in -> {
          Tensor q = in.activations(9, 4, 80);
          Tensor cos = in.uniform(1, 22, 40);
          Tensor sin = in.uniform(1, 22, 40);
          Tensor k = q.narrow(1, 1, 2);
          Tensor v = q.narrow(1, 2, 2);
          int[] table = {3, 0};
          Pages pages = pages(in, 2, 16, 80, table);
          Tensor parts = in.result(in.device().activations(), 2, 32, 2, 80);
          parts.select(0, 0).copyFrom(inRows(in, pages.keys(), table));
          parts.select(0, 1).copyFrom(inRows(in, pages.values(), table));
          Tensor c = cos.narrow(0, 13, 9);
          Tensor s = sin.narrow(0, 13, 9);
          Tensor y = q.ropeAppend(k, v, pages, new Places(cos, sin, in.number(13)));
          parts.select(0, 0).narrow(0, 13, 9).copyFrom(k.rope(c, s));
          parts.select(0, 1).narrow(0, 13, 9).copyFrom(v);
          Tensor minus = in.values(-1);
          return joined(
              in,
              y.add(q.rope(c, s).mul(minus)),
              inRows(in, pages.keys(), table).add(parts.select(0, 0).mul(minus)),
              inRows(in, pages.values(), table).add(parts.select(0, 1).mul(minus)));
        });
    add(
        "ropeAppend in place, rows of odd alignment",
        Tolerance.chain(4),
        in -> {
          Tensor q = in.strided(1, 2, 5, 3, 24);
          Tensor k = in.strided(3, 0, 5, 1, 24);
          Tensor keys = in.activations(2, 1, 16, 25).narrow(3, 1, 24);
          Tensor values = in.activations(2, 1, 16, 25).narrow(3, 1, 24);
          Tensor cos = in.uniform(1, 5, 12);
          Tensor sin = in.uniform(1, 5, 12);
          Pages pages = new Pages(keys, values, in.numbers(1, 0));
          in.kernels().ropeAppend(q, pages, q, k, k, new Places(cos, sin, in.number(14)));
          return joined(in, q, keys, values);
        });
  }

  private void appended(int tokens, int heads, int kvHeads, int half, int at) {
    add(
        "ropeAppend [%d, %d, %d], %d kv heads, at %d of 96"
            .formatted(tokens, heads, 2 * half, kvHeads, at),
        Tolerance.chain(4),
        in -> appended(in, tokens, heads, kvHeads, half, at, tokens));
  }

  private static Tensor appended(
      Inputs in, int tokens, int heads, int kvHeads, int half, int at, int angles) {
    int width = 2 * half;
    Tensor rows = in.activations(tokens, heads + 2 * kvHeads, width);
    Pages pages = pages(in, kvHeads, 16, width, 5, 2, 7, 0, 3, 1);
    Tensor q =
        rows.narrow(1, 0, heads)
            .ropeAppend(
                rows.narrow(1, heads, kvHeads),
                rows.narrow(1, heads + kvHeads, kvHeads),
                pages,
                new Places(
                    in.uniform(1, angles, half), in.uniform(1, angles, half), in.number(at)));
    return joined(in, q, pages.keys(), pages.values());
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
