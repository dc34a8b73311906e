package org.internvl4j.models.llama;

import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.CausalAttention;
import org.internvl4j.models.nn.CausalAttention.Qkv;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.GatedMlp;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Norm;

/// Llama (Touvron et al. 2023, `modeling_llama.py`): separate projections, no bias.
public final class Llama {
  private Llama() {}

  /// @param w the path of the causal language model, above `model` and `lm_head`
  public static Decoder load(LanguageConfig c, Weights w) {
    return Decoder.load(c, w, layer -> block(c, layer, Linear::withoutBias));
  }

  /// @param qkv how the projections of queries, keys and values are read: the one thing that
  ///   descendants change
  public static Decoder.Block block(LanguageConfig c, Weights w, Linear.Maker qkv) {
    return new Decoder.Block(
        Norm.rms(w.at("input_layernorm"), c.hiddenSize(), c.rmsNormEps()),
        attention(c, w.at("self_attn"), qkv),
        Norm.rms(w.at("post_attention_layernorm"), c.hiddenSize(), c.rmsNormEps()),
        new GatedMlp(
            Linear.withoutBias(w.at("mlp.gate_proj"), c.intermediateSize(), c.hiddenSize()),
            Linear.withoutBias(w.at("mlp.up_proj"), c.intermediateSize(), c.hiddenSize()),
            Linear.withoutBias(w.at("mlp.down_proj"), c.hiddenSize(), c.intermediateSize())));
  }

  private static CausalAttention attention(LanguageConfig c, Weights w, Linear.Maker qkv) {
    Linear q = qkv.make(w.at("q_proj"), c.queryWidth(), c.hiddenSize());
    Linear k = qkv.make(w.at("k_proj"), c.keyWidth(), c.hiddenSize());
    Linear v = qkv.make(w.at("v_proj"), c.keyWidth(), c.hiddenSize());
    return new CausalAttention(
        x -> Qkv.ofHeads(q.forward(x), k.forward(x), v.forward(x), c.headDim()),
        Linear.withoutBias(w.at("o_proj"), c.hiddenSize(), c.queryWidth()));
  }
}
