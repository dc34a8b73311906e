package org.internvl4j.models.nn;

import java.util.List;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.UnsupportedModelException;

/// `llm_config` of a checkpoint's config.json, one to one.
///
/// @param architecture `Qwen2ForCausalLM`, …
/// @param maxPositionEmbeddings tokens the model was made for
/// @param headDim explicit, or hidden size divided by heads
public record LanguageConfig(
    String architecture,
    int vocabSize,
    int hiddenSize,
    int numHiddenLayers,
    int numAttentionHeads,
    int numKeyValueHeads,
    int headDim,
    int intermediateSize,
    int maxPositionEmbeddings,
    float rmsNormEps,
    double ropeTheta,
    RopeScaling ropeScaling) {

  /// Query width, `H·D`.
  public int queryWidth() {
    return numAttentionHeads * headDim;
  }

  /// Key or value width, `K·D`.
  public int keyWidth() {
    return numKeyValueHeads * headDim;
  }

  /// Tokens a sequence may have: those the model was made for, times the factor of dynamic scaling.
  public int context() {
    return ropeScaling instanceof RopeScaling.DynamicNtk ntk
        ? (int) Math.min(Integer.MAX_VALUE, maxPositionEmbeddings * ntk.factor())
        : maxPositionEmbeddings;
  }

  /// Reads `llm_config`; absent keys have the defaults of the reference's configuration classes.
  public static LanguageConfig of(Json json) {
    ConfigValues c = new ConfigValues(json);
    String architecture = c.architecture();
    int heads = c.count("num_attention_heads");
    int kvHeads = c.count("num_key_value_heads", heads);
    int hidden = c.count("hidden_size");
    int headDim = c.count("head_dim", Math.max(1, hidden / heads));
    int maxPositions = c.count("max_position_embeddings");
    c.require(heads % kvHeads == 0, "num_key_value_heads", "a divisor of " + heads + " heads");
    c.require(
        json.has("head_dim") || hidden % heads == 0,
        "num_attention_heads",
        "a divisor of hidden_size " + hidden);
    c.require(
        headDim % 2 == 0, json.has("head_dim") ? "head_dim" : "hidden_size", "an even head width");
    c.oneOf("hidden_act", "silu");
    return new LanguageConfig(
        architecture,
        c.count("vocab_size"),
        hidden,
        c.count("num_hidden_layers"),
        heads,
        kvHeads,
        headDim,
        c.count("intermediate_size"),
        maxPositions,
        (float) c.positive("rms_norm_eps", architecture.equals("Phi3ForCausalLM") ? 1e-5 : 1e-6),
        c.positive("rope_theta", 10000),
        json.has("rope_scaling")
            ? ropeScaling(
                json.at("rope_scaling"),
                maxPositions,
                c.count("original_max_position_embeddings", maxPositions),
                headDim)
            : RopeScaling.NONE);
  }

  private static RopeScaling ropeScaling(Json json, int maxPositions, int original, int headDim) {
    String type = json.getText("type", json.getText("rope_type", "default"));
    double stretch = (double) maxPositions / original;
    return switch (type) {
      case "default" -> RopeScaling.NONE;
      case "dynamic" ->
          new RopeScaling.DynamicNtk(new ConfigValues(json).positive("factor", 1), maxPositions);
      case "su", "longrope" ->
          longRope(
              json,
              original,
              headDim,
              stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original)));
      case "yarn" ->
          longRope(json, original, headDim, stretch <= 1 ? 1 : 0.1 * Math.log(stretch) + 1);
      default ->
          throw new UnsupportedModelException(
              "config.json: rope_scaling type '"
                  + type
                  + "' is not supported; supported are default, dynamic, su, longrope, yarn");
    };
  }

  private static RopeScaling longRope(Json json, int original, int headDim, double magnitude) {
    return new RopeScaling.LongRope(
        factors(json.at("short_factor"), headDim / 2),
        factors(json.at("long_factor"), headDim / 2),
        original,
        (float) magnitude);
  }

  private static float[] factors(Json json, int count) {
    List<Json> items = json.items();
    if (items.size() != count) {
      throw json.wrong("a list of " + count + " factors, one a frequency");
    }
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) items.get(i).asDouble();
    }
    return values;
  }
}
