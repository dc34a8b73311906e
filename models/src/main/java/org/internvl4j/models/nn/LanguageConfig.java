package org.internvl4j.models.nn;

import java.util.List;
import org.internvl4j.loader.json.Json;

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
    String architecture = json.at("architectures").items().getFirst().asText();
    boolean phi3 = architecture.equals("Phi3ForCausalLM");
    int heads = json.at("num_attention_heads").asInt();
    int hidden = json.at("hidden_size").asInt();
    int maxPositions = json.at("max_position_embeddings").asInt();
    return new LanguageConfig(
        architecture,
        json.at("vocab_size").asInt(),
        hidden,
        json.at("num_hidden_layers").asInt(),
        heads,
        json.getInt("num_key_value_heads", heads),
        json.getInt("head_dim", hidden / heads),
        json.at("intermediate_size").asInt(),
        maxPositions,
        (float) json.getDouble("rms_norm_eps", phi3 ? 1e-5 : 1e-6),
        json.getDouble("rope_theta", 10000),
        json.has("rope_scaling")
            ? ropeScaling(
                json.at("rope_scaling"),
                maxPositions,
                json.getInt("original_max_position_embeddings", maxPositions))
            : RopeScaling.NONE);
  }

  private static RopeScaling ropeScaling(Json json, int maxPositions, int original) {
    String type = json.getText("type", json.getText("rope_type", "default"));
    double stretch = (double) maxPositions / original;
    return switch (type) {
      case "default" -> RopeScaling.NONE;
      case "dynamic" -> new RopeScaling.DynamicNtk(json.at("factor").asDouble(), maxPositions);
      case "su", "longrope" ->
          longRope(
              json,
              original,
              stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original)));
      case "yarn" -> longRope(json, original, stretch <= 1 ? 1 : 0.1 * Math.log(stretch) + 1);
      default ->
          throw new UnsupportedOperationException(
              "config.json: rope_scaling type '"
                  + type
                  + "' is not supported; supported are default, dynamic, su, longrope, yarn");
    };
  }

  private static RopeScaling longRope(Json json, int original, double magnitude) {
    return new RopeScaling.LongRope(
        floats(json.at("short_factor").items()),
        floats(json.at("long_factor").items()),
        original,
        (float) magnitude);
  }

  private static float[] floats(List<Json> items) {
    float[] values = new float[items.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) items.get(i).asDouble();
    }
    return values;
  }
}
