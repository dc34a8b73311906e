package org.internvl4j.testkit;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;

/// Attention: heads of many widths, shared keys, masks, strides, what is no number.
final class AttentionCases {
  private final List<KernelCase> cases = new ArrayList<>();

  private AttentionCases() {}

  static List<KernelCase> all() {
    AttentionCases all = new AttentionCases();
    all.attention();
    return all.cases;
  }

  private void add(String name, Tolerance tolerance, KernelCase.Body body) {
    cases.add(new KernelCase(name, tolerance, body));
  }

  private void attention() {
    int[][] shapes = { // N, Tq, Tk, H, K, D
      {1, 1, 1, 1, 1, 1},
      {2, 1, 5, 4, 2, 16},
      {1, 1, 300, 14, 2, 64},
      {1, 3, 200, 6, 2, 24},
      {1, 2, 129, 4, 4, 33},
      {2, 5, 5, 3, 3, 32},
      {1, 49, 49, 2, 1, 64},
      {1, 65, 65, 2, 2, 7},
      {1, 130, 257, 2, 1, 20},
      {1, 40, 300, 4, 2, 96},
      {1, 33, 40, 8, 2, 128},
      {1, 65, 65, 1, 1, 64},
      {2, 128, 176, 2, 1, 32},
      {1, 129, 129, 3, 1, 64},
      {1, 70, 520, 2, 1, 128},
      {1, 100, 177, 2, 2, 72},
      {1, 257, 710, 1, 1, 16}
    };
    for (int[] s : shapes) {
      attention(s, Mask.NONE);
      if (s[2] >= s[1]) {
        attention(s, Mask.causal(s[2] - s[1]));
      }
    }
    attention(new int[] {1, 100, 260, 2, 2, 16}, Mask.causal(3));
    for (int tokens : new int[] {50, 70}) {
      add(
          "attention of the thirds of [2, " + tokens + ", 3·4·24]",
          Tolerance.sum(24 + tokens, 40),
          in -> {
            Tensor h = in.activations(2, tokens, 3 * 96);
            Tensor q = h.narrow(2, 0, 96).view(2, tokens, 4, 24);
            Tensor k = h.narrow(2, 96, 96).view(2, tokens, 4, 24);
            return q.attention(k, h.narrow(2, 192, 96).view(2, tokens, 4, 24), Mask.NONE, 0.2f);
          });
    }
    for (int key : new int[] {0, 10, 69}) {
      add(
          "attention [1, 70, 2, 16], causal, key " + key + " of head 1 no number",
          Tolerance.sum(16 + 70, 40),
          in -> {
            Tensor k = in.activations(1, 70, 2, 16);
            Tensor v = in.activations(1, 70, 2, 16);
            float nan = Float.intBitsToFloat(0xffc00000);
            k.narrow(1, key, 1)
                .narrow(2, 1, 1)
                .narrow(3, 3, 1)
                .copyFrom(in.values(nan).view(1, 1, 1, 1));
            return in.activations(1, 70, 2, 16).attention(k, v, Mask.causal(0));
          });
    }
    for (int tokens : new int[] {40, 70}) {
      add(
          "attention [1, %d, 2, 16] into the first of [1, %d, 2, 16]".formatted(tokens, 2 * tokens),
          Tolerance.sum(16 + tokens, 40),
          in -> {
            Tensor y = in.activations(1, 2 * tokens, 2, 16);
            Tensor q = in.activations(1, tokens, 2, 16);
            Tensor k = in.activations(1, tokens, 2, 16);
            in.kernels().attention(y.narrow(1, 0, tokens), q, k, k, Mask.NONE, 0.25f);
            return y;
          });
    }
    for (int tokens : new int[] {60, 70}) {
      add(
          "attention [1, " + tokens + ", 2, 16] with a cache laid out by heads",
          Tolerance.sum(16 + 30 + tokens, 40),
          in -> {
            Tensor k = in.activations(1, 2, 128, 16).narrow(2, 0, 30 + tokens).transpose(1, 2);
            Tensor v = in.activations(1, 2, 128, 16).narrow(2, 0, 30 + tokens).transpose(1, 2);
            return in.activations(1, tokens, 2, 16).attention(k, v, Mask.causal(30), 0.25f);
          });
    }
    add(
        "attention [1, 70, 2, 16], scores times -0.25",
        Tolerance.sum(16 + 70, 40),
        in -> {
          Tensor k = in.activations(1, 70, 2, 16);
          return in.activations(1, 70, 2, 16).attention(k, k, Mask.NONE, -0.25f);
        });
  }

  /// Scores are sums of D terms; an error δ of a score is a relative error δ of its weight, and
  /// scores are about 1, so it is as large as D roundings of a weight; then a sum over the keys.
  private void attention(int[] s, Mask mask) {
    add(
        "attention N=%d Tq=%d Tk=%d H=%d K=%d D=%d, %s"
            .formatted(s[0], s[1], s[2], s[3], s[4], s[5], mask),
        Tolerance.sum(s[5] + s[2], 40),
        in ->
            in.activations(s[0], s[1], s[3], s[5])
                .attention(
                    in.activations(s[0], s[2], s[4], s[5]),
                    in.activations(s[0], s[2], s[4], s[5]),
                    mask,
                    (float) (1 / Math.sqrt(s[5]))));
  }
}
