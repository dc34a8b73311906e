package org.internvl4j.models.qwen3;

import org.internvl4j.loader.Weights;
import org.internvl4j.models.llama.Llama;
import org.internvl4j.models.nn.CausalAttention;
import org.internvl4j.models.nn.CausalAttention.HeadNorm;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.nn.Linear;

/// Qwen3 (Yang et al. 2025, `modeling_qwen3.py`): Llama with queries and keys normalised head by
/// head.
public final class Qwen3 {
  private Qwen3() {}

  /// @param w the path of the causal language model, above `model` and `lm_head`
  public static Decoder load(LanguageConfig c, Weights w) {
    return Decoder.load(c, w, layer -> block(c, layer));
  }

  private static Decoder.Block block(LanguageConfig c, Weights w) {
    return Llama.block(c, w, attention(c, w.at("self_attn")), Llama.mlp(c, w.at("mlp")));
  }

  static CausalAttention attention(LanguageConfig c, Weights w) {
    return Llama.attention(c, w, Linear::joinedWithoutBias).with(new HeadNorm(c, w));
  }
}
