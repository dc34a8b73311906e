package org.internvl4j.models.contrastive;

import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Norm;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;

/// From many vectors to one: the mean of all looks at each of them (`AttentionPoolingBlock` of
/// `modeling_internvl.py`).
record AttentionPool(
    int heads, Norm normQ, Norm normK, Norm normV, Linear q, Linear k, Linear v, Linear proj) {
  private static final float EPS = 1e-5f; // PyTorch's default; not in config.json

  /// @param width C, of the vectors
  /// @param w the path of the projector
  AttentionPool(ContrastiveConfig c, int width, Weights w) {
    this(
        c.attnPoolNumHeads(),
        Norm.layer(w.at("norm1_q"), width, EPS),
        Norm.layer(w.at("norm1_k"), width, EPS),
        Norm.layer(w.at("norm1_v"), width, EPS),
        linear(w.at("cross_attn"), "q", width),
        linear(w.at("cross_attn"), "k", width),
        linear(w.at("cross_attn"), "v", width),
        Linear.of(w.at("cross_attn.proj"), c.clipEmbedDim(), width));
  }

  private static Linear linear(Weights w, String name, int width) {
    return new Linear(w.matrix(name + ".weight", width, width), w.get(name + "_bias", width));
  }

  /// @param x `[1, T, C]`
  /// @return `[1, E]`
  Tensor forward(Tensor x) {
    int c = x.dim(2);
    Tensor query = q.forward(normQ.forward(mean(x))).view(1, 1, heads, c / heads);
    Tensor keys = k.forward(normK.forward(x)).view(1, x.dim(1), heads, c / heads);
    Tensor values = v.forward(normV.forward(x)).view(1, x.dim(1), heads, c / heads);
    return proj.forward(query.attention(keys, values, Mask.NONE).view(1, c));
  }

  /// `[1, C]`, summed in double.
  private static Tensor mean(Tensor x) {
    int rows = x.dim(1);
    int width = x.dim(2);
    float[] values = x.toFloats();
    float[] mean = new float[width];
    for (int i = 0; i < width; i++) {
      double sum = 0;
      for (int row = 0; row < rows; row++) {
        sum += values[row * width + i];
      }
      mean[i] = (float) (sum / rows);
    }
    return x.workspace().activations(1, width).copyFrom(x.workspace().of(mean, 1, width));
  }
}
