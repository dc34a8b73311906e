package org.internvl4j.models.llama;

import java.util.List;
import org.internvl4j.loader.Weights;
import org.internvl4j.loader.Weights.Part;
import org.internvl4j.models.nn.CausalAttention;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.GatedMlp;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Mlp;
import org.internvl4j.models.nn.Norm;

/// Llama (Touvron et al. 2023, `modeling_llama.py`): no bias.
public final class Llama {
  private Llama() {}

  /// @param w the path of the causal language model, above `model` and `lm_head`
  public static Decoder load(LanguageConfig c, Weights w) {
    return load(c, w, Linear::joinedWithoutBias);
  }

  /// @param qkv how the projections of queries, keys and values are read: with biases or without
  public static Decoder load(LanguageConfig c, Weights w, Linear.Maker qkv) {
    return Decoder.load(c, w, layer -> block(c, layer, qkv));
  }

  private static Decoder.Block block(LanguageConfig c, Weights w, Linear.Maker qkv) {
    return block(c, w, attention(c, w.at("self_attn"), qkv), mlp(c, w.at("mlp")));
  }

  /// A block with its norms; what descendants change is inside.
  public static Decoder.Block block(
      LanguageConfig c, Weights w, CausalAttention attention, Mlp mlp) {
    return new Decoder.Block(
        Norm.rms(w.at("input_layernorm"), c.hiddenSize(), c.rmsNormEps()),
        attention,
        Norm.rms(w.at("post_attention_layernorm"), c.hiddenSize(), c.rmsNormEps()),
        mlp);
  }

  /// @param qkv how the projections of queries, keys and values are read: with biases or without
  public static CausalAttention attention(LanguageConfig c, Weights w, Linear.Maker qkv) {
    Part q = new Part("q_proj", c.queryWidth());
    Part k = new Part("k_proj", c.keyWidth());
    Part v = new Part("v_proj", c.keyWidth());
    return new CausalAttention(
        c,
        qkv.make(w, c.hiddenSize(), List.of(q, k, v)),
        Linear.withoutBias(w.at("o_proj"), c.hiddenSize(), c.queryWidth()));
  }

  /// The MLP, as wide as the configuration says.
  public static GatedMlp mlp(LanguageConfig c, Weights w) {
    return mlp(c, c.intermediateSize(), w);
  }

  /// @param f its width
  public static GatedMlp mlp(LanguageConfig c, int f, Weights w) {
    return new GatedMlp(
        Linear.withoutBias(w.at("gate_proj"), f, c.hiddenSize()),
        Linear.withoutBias(w.at("up_proj"), f, c.hiddenSize()),
        Linear.withoutBias(w.at("down_proj"), c.hiddenSize(), f));
  }
}
