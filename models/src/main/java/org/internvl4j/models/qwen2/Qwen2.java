package org.internvl4j.models.qwen2;

import org.internvl4j.loader.Weights;
import org.internvl4j.models.llama.Llama;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.nn.Linear;

/// Qwen2 and Qwen2.5 (Yang et al. 2024, `modeling_qwen2.py`): Llama with biases on queries, keys
/// and values.
public final class Qwen2 {
  private Qwen2() {}

  /// @param w the path of the causal language model, above `model` and `lm_head`
  public static Decoder load(LanguageConfig c, Weights w) {
    return Llama.load(c, w, Linear::joined);
  }
}
