package org.internvl4j.models.internlm2;

import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.CausalAttention;
import org.internvl4j.models.nn.CausalAttention.Qkv;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.GatedMlp;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Norm;
import org.internvl4j.models.nn.Rope;
import org.internvl4j.runtime.Tensor;

/// InternLM2 (Cai et al. 2024, `modeling_internlm2.py`): Llama with other names, and `wqkv` grouped
/// by kv head.
public final class InternLm2 {
  private InternLm2() {}

  /// @param w the path of the causal language model, above `model` and `output`
  public static Decoder load(LanguageConfig c, Weights w) {
    Weights embeddings = w.at("model.tok_embeddings");
    return new Decoder(
        c,
        embeddings.table("weight", c.vocabSize(), c.hiddenSize()),
        w.each("model.layers", c.numHiddenLayers(), layer -> block(c, layer)),
        Norm.rms(w.at("model.norm"), c.hiddenSize(), c.rmsNormEps()),
        Decoder.head(c, w.at("output"), embeddings),
        new Rope(c.headDim(), c.ropeTheta(), c.ropeScaling()));
  }

  private static Decoder.Block block(LanguageConfig c, Weights w) {
    return new Decoder.Block(
        Norm.rms(w.at("attention_norm"), c.hiddenSize(), c.rmsNormEps()),
        attention(c, w.at("attention")),
        Norm.rms(w.at("ffn_norm"), c.hiddenSize(), c.rmsNormEps()),
        new GatedMlp(
            Linear.withoutBias(w.at("feed_forward.w1"), c.intermediateSize(), c.hiddenSize()),
            Linear.withoutBias(w.at("feed_forward.w3"), c.intermediateSize(), c.hiddenSize()),
            Linear.withoutBias(w.at("feed_forward.w2"), c.hiddenSize(), c.intermediateSize())));
  }

  /// Rows of `wqkv`: for each kv head the H/K query heads that read it, then its key, then its
  /// value.
  private static CausalAttention attention(LanguageConfig c, Weights w) {
    int groups = c.numKeyValueHeads();
    int queries = c.numAttentionHeads() / groups;
    int d = c.headDim();
    Linear wqkv =
        Linear.withoutBias(w.at("wqkv"), c.queryWidth() + 2 * c.keyWidth(), c.hiddenSize());
    return new CausalAttention(
        x -> {
          int t = x.dim(0);
          Tensor h = wqkv.forward(x).view(t, groups, queries + 2, d);
          Tensor q = h.narrow(2, 0, queries).contiguous().view(t, groups * queries, d);
          return new Qkv(q, h.select(2, queries), h.select(2, queries + 1));
        },
        Linear.withoutBias(w.at("wo"), c.hiddenSize(), c.queryWidth()));
  }
}
