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
    all.argMax();
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
