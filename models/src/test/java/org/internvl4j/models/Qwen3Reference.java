package org.internvl4j.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.internvl4j.models.nn.LanguageConfig;

/// Qwen3 and Qwen3-MoE in plain loops of doubles, written from their equations: what the decoders
/// are compared with where no golden file is.
///
/// @param weights by name below `language_model`, row-major
record Qwen3Reference(LanguageConfig c, Map<String, float[]> weights) {
  /// Logits after each token.
  ///
  /// @return `[T][V]`
  double[][] logits(int[] ids) {
    double[][] y = norm(blocks(ids, (layer, experts) -> {}), "model.norm.weight");
    double[][] logits = new double[ids.length][];
    for (int t = 0; t < ids.length; t++) {
      logits[t] = times("lm_head.weight", y[t]);
    }
    return logits;
  }

  /// The residual stream behind the last block.
  ///
  /// @param tap hears of each block with experts to which of them a token is sent
  double[][] blocks(int[] ids, BiConsumer<Integer, int[]> tap) {
    int width = c.hiddenSize();
    double[][] x = new double[ids.length][width];
    for (int t = 0; t < ids.length; t++) {
      for (int i = 0; i < width; i++) {
        x[t][i] = w("model.embed_tokens.weight")[ids[t] * width + i];
      }
    }
    for (int layer = 0; layer < c.numHiddenLayers(); layer++) {
      String p = "model.layers." + layer + ".";
      add(x, attention(p + "self_attn.", norm(x, p + "input_layernorm.weight")));
      double[][] h = norm(x, p + "post_attention_layernorm.weight");
      for (int t = 0; t < h.length && isMixture(p + "mlp."); t++) {
        tap.accept(layer, chosen(softmax(times(p + "mlp.gate.weight", h[t]))));
      }
      add(x, mlp(p + "mlp.", h));
    }
    return x;
  }

  private boolean isMixture(String p) {
    return weights.containsKey(p + "gate.weight");
  }

  /// The likeliest tokens after `ids`, one after another.
  int[] greedy(int[] ids, int count) {
    List<Integer> all = new ArrayList<>(IntStream.of(ids).boxed().toList());
    for (int i = 0; i < count; i++) {
      double[][] logits = logits(all.stream().mapToInt(id -> id).toArray());
      double[] last = logits[logits.length - 1];
      all.add(
          IntStream.range(0, last.length)
              .boxed()
              .max(Comparator.comparingDouble(v -> last[v]))
              .orElseThrow());
    }
    return all.subList(ids.length, all.size()).stream().mapToInt(id -> id).toArray();
  }

  private float[] w(String name) {
    float[] found = weights.get(name);
    if (found == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return found;
  }

  private static void add(double[][] x, double[][] y) {
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < x[t].length; i++) {
        x[t][i] += y[t][i];
      }
    }
  }

  private double[][] norm(double[][] x, String weight) {
    double[][] y = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      y[t] = norm(x[t], 0, x[t].length, w(weight));
    }
    return y;
  }

  private double[] norm(double[] x, int from, int n, float[] weight) {
    double square = 0;
    for (int i = 0; i < n; i++) {
      square += x[from + i] * x[from + i];
    }
    double[] y = new double[n];
    for (int i = 0; i < n; i++) {
      y[i] = x[from + i] / Math.sqrt(square / n + c.rmsNormEps()) * weight[i];
    }
    return y;
  }

  private double[] times(String weight, double[] x) {
    float[] m = w(weight);
    double[] y = new double[m.length / x.length];
    for (int o = 0; o < y.length; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += (double) m[o * x.length + i] * x[i];
      }
    }
    return y;
  }

  private double[][] attention(String p, double[][] x) {
    int d = c.headDim();
    int group = c.numAttentionHeads() / c.numKeyValueHeads();
    double[][][] q = heads(p + "q", x, true);
    double[][][] k = heads(p + "k", x, true);
    double[][][] v = heads(p + "v", x, false);
    double[][] y = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] all = new double[c.numAttentionHeads() * d];
      for (int h = 0; h < c.numAttentionHeads(); h++) {
        double[] scores = new double[t + 1];
        for (int s = 0; s <= t; s++) {
          for (int i = 0; i < d; i++) {
            scores[s] += q[t][h][i] * k[s][h / group][i] / Math.sqrt(d);
          }
        }
        double[] share = softmax(scores);
        for (int s = 0; s <= t; s++) {
          for (int i = 0; i < d; i++) {
            all[h * d + i] += share[s] * v[s][h / group][i];
          }
        }
      }
      y[t] = times(p + "o_proj.weight", all);
    }
    return y;
  }

  /// `[T][heads][D]`; queries and keys normalised and rotated.
  private double[][][] heads(String name, double[][] x, boolean rotated) {
    int d = c.headDim();
    double[][][] heads = new double[x.length][][];
    for (int t = 0; t < x.length; t++) {
      double[] all = times(name + "_proj.weight", x[t]);
      heads[t] = new double[all.length / d][];
      for (int h = 0; h < heads[t].length; h++) {
        double[] head = Arrays.copyOfRange(all, h * d, (h + 1) * d);
        heads[t][h] = rotated ? rotate(norm(head, 0, d, w(name + "_norm.weight")), t) : head;
      }
    }
    return heads;
  }

  private double[] rotate(double[] x, int position) {
    int half = x.length / 2;
    double[] y = new double[x.length];
    for (int j = 0; j < half; j++) {
      double angle = position / Math.pow(c.ropeTheta(), 2.0 * j / x.length);
      y[j] = x[j] * Math.cos(angle) - x[j + half] * Math.sin(angle);
      y[j + half] = x[j + half] * Math.cos(angle) + x[j] * Math.sin(angle);
    }
    return y;
  }

  private double[][] mlp(String p, double[][] x) {
    double[][] y = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      y[t] = isMixture(p) ? mixture(p, x[t]) : gated(p, x[t]);
    }
    return y;
  }

  private double[] gated(String p, double[] x) {
    double[] gate = times(p + "gate_proj.weight", x);
    double[] up = times(p + "up_proj.weight", x);
    for (int i = 0; i < gate.length; i++) {
      gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
    }
    return times(p + "down_proj.weight", gate);
  }

  private double[] mixture(String p, double[] x) {
    double[] share = softmax(times(p + "gate.weight", x));
    int[] chosen = chosen(share);
    double sum =
        c.requireMixture().normTopkProb()
            ? IntStream.of(chosen).mapToDouble(e -> share[e]).sum()
            : 1;
    double[] y = new double[x.length];
    for (int e : chosen) {
      double[] said = gated(p + "experts." + e + ".", x);
      for (int i = 0; i < y.length; i++) {
        y[i] += share[e] / sum * said[i];
      }
    }
    return y;
  }

  private int[] chosen(double[] share) {
    return IntStream.range(0, share.length)
        .boxed()
        .sorted(Comparator.comparingDouble(e -> -share[e]))
        .limit(c.requireMixture().expertsPerToken())
        .mapToInt(e -> e)
        .toArray();
  }

  private static double[] softmax(double[] x) {
    double sum = 0;
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = Math.exp(x[i]);
      sum += y[i];
    }
    for (int i = 0; i < x.length; i++) {
      y[i] /= sum;
    }
    return y;
  }
}
