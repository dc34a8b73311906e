package org.internvl4j.models.qwen3;

import org.internvl4j.loader.Weights;
import org.internvl4j.models.llama.Llama;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.Experts;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.nn.LanguageConfig.Mixture;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Mlp;

/// Qwen3-MoE (Yang et al. 2025, `modeling_qwen3_moe.py`): Qwen3 with a mixture of experts in place
/// of the MLP, in all blocks or some.
public final class Qwen3Moe {
  private Qwen3Moe() {}

  /// @param w the path of the causal language model, above `model` and `lm_head`
  public static Decoder load(LanguageConfig c, Weights w) {
    return Decoder.load(c, w, layer -> block(c, layer));
  }

  private static Decoder.Block block(LanguageConfig c, Weights w) {
    return Llama.block(c, w, Qwen3.attention(c, w.at("self_attn")), mlp(c, w.at("mlp")));
  }

  /// Which blocks have experts is what their weights say, as `mlp_only_layers` and
  /// `decoder_sparse_step` do.
  private static Mlp mlp(LanguageConfig c, Weights w) {
    Mixture mixture = c.requireMixture();
    if (!w.has("gate.weight")) {
      return Llama.mlp(c, w);
    }
    return new Experts(
        Linear.withoutBias(w.at("gate"), mixture.experts(), c.hiddenSize()),
        w.each("experts", mixture.experts(), e -> Llama.mlp(c, mixture.intermediateSize(), e)),
        mixture.expertsPerToken(),
        mixture.normTopkProb());
  }
}
