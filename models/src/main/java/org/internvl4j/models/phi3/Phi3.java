package org.internvl4j.models.phi3;

import java.util.stream.IntStream;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.CausalAttention;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.GatedMlp;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Norm;

/// Phi-3 (Abdin et al. 2024, `modeling_phi3.py`): q, k and v in one matrix, gate and up in another.
public final class Phi3 {
  private Phi3() {}

  /// @param w the path of the causal language model, above `model` and `lm_head`
  public static Decoder load(LanguageConfig c, Weights w) {
    return Decoder.load(c, w, layer -> block(c, layer));
  }

  private static Decoder.Block block(LanguageConfig c, Weights w) {
    return new Decoder.Block(
        Norm.rms(w.at("input_layernorm"), c.hiddenSize(), c.rmsNormEps()),
        attention(c, w.at("self_attn")),
        Norm.rms(w.at("post_attention_layernorm"), c.hiddenSize(), c.rmsNormEps()),
        mlp(c, w.at("mlp")));
  }

  /// Rows of `qkv_proj`: all queries, then all keys, then all values.
  private static CausalAttention attention(LanguageConfig c, Weights w) {
    return new CausalAttention(
        c,
        Linear.withoutBias(w.at("qkv_proj"), c.queryWidth() + 2 * c.keyWidth(), c.hiddenSize()),
        Linear.withoutBias(w.at("o_proj"), c.hiddenSize(), c.queryWidth()));
  }

  /// Rows of `gate_up_proj`: the gate, then up.
  private static GatedMlp mlp(LanguageConfig c, Weights w) {
    int f = c.intermediateSize();
    Weights gateUp = w.at("gate_up_proj");
    return new GatedMlp(
        half(c, gateUp, 0),
        half(c, gateUp, f),
        Linear.withoutBias(w.at("down_proj"), c.hiddenSize(), f));
  }

  private static Linear half(LanguageConfig c, Weights gateUp, int from) {
    int f = c.intermediateSize();
    int[] rows = IntStream.range(from, from + f).toArray();
    return new Linear(
        gateUp.rows("weight", 2 * f, c.hiddenSize(), from, f),
        null,
        gateUp.beside("weight", 2 * f, c.hiddenSize(), rows));
  }
}
