package org.internvl4j.models.nn;

import java.util.List;
import java.util.Map;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.UnsupportedModelException;
import org.jspecify.annotations.Nullable;

/// `llm_config` of a checkpoint's config.json, or `text_config` in the layout of transformers, one
/// to one.
///
/// @param architecture `Qwen2ForCausalLM`, …
/// @param maxPositionEmbeddings tokens the model was made for
/// @param headDim explicit, or hidden size divided by heads
/// @param mixture of experts; null where every block has one MLP
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
    RopeScaling ropeScaling,
    @Nullable Mixture mixture) {
  private static final Map<String, String> ARCHITECTURES =
      Map.of(
          "internlm2", "InternLM2ForCausalLM",
          "llama", "LlamaForCausalLM",
          "phi3", "Phi3ForCausalLM",
          "qwen2", "Qwen2ForCausalLM",
          "qwen3", "Qwen3ForCausalLM",
          "qwen3_moe", "Qwen3MoeForCausalLM");

  /// Switches for biases that no published model of an architecture turns on.
  private static final Map<String, List<String>> BIASES =
      Map.of(
          "InternLM2ForCausalLM", List.of("bias"),
          "InternLM3ForCausalLM", List.of("bias", "qkv_bias"),
          "LlamaForCausalLM", List.of("attention_bias", "mlp_bias"),
          "Qwen3ForCausalLM", List.of("attention_bias"),
          "Qwen3MoeForCausalLM", List.of("attention_bias"));

  /// A mixture of experts.
  ///
  /// @param experts how many there are in a block
  /// @param expertsPerToken how many of them a token is sent to
  /// @param intermediateSize width of an expert
  /// @param normTopkProb whether the weights of those that a token is sent to sum to 1
  public record Mixture(
      int experts, int expertsPerToken, int intermediateSize, boolean normTopkProb) {
    private static Mixture of(ConfigValues c) {
      int experts = c.count("num_experts");
      int perToken = c.count("num_experts_per_tok");
      c.require(perToken <= experts, "num_experts_per_tok", "at most num_experts, " + experts);
      return new Mixture(
          experts,
          perToken,
          c.count("moe_intermediate_size"),
          c.json().getBoolean("norm_topk_prob", false));
    }
  }

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

  /// The mixture of experts of an architecture that has one.
  ///
  /// @throws IllegalStateException if the configuration has none
  public Mixture requireMixture() {
    if (mixture == null) {
      throw new IllegalStateException(architecture + ": has no mixture of experts");
    }
    return mixture;
  }

  /// Reads `llm_config` or `text_config`; absent keys have the defaults of the reference's
  /// configuration classes.
  public static LanguageConfig of(Json json) {
    return of(json, architecture(new ConfigValues(json)));
  }

  /// As [#of(Json)], for a decoder whose configuration has another name.
  public static LanguageConfig of(Json json, String architecture) {
    ConfigValues c = new ConfigValues(json);
    int heads = c.count("num_attention_heads");
    int kvHeads = c.count("num_key_value_heads", heads);
    int hidden = c.count("hidden_size");
    boolean isExplicit = architecture.startsWith("Qwen3"); // its class has a default of its own
    int headDim = c.count("head_dim", isExplicit ? 128 : Math.max(1, hidden / heads));
    int maxPositions = c.count("max_position_embeddings");
    c.require(heads % kvHeads == 0, "num_key_value_heads", "a divisor of " + heads + " heads");
    c.require(
        json.has("head_dim") || isExplicit || hidden % heads == 0,
        "num_attention_heads",
        "a divisor of hidden_size " + hidden);
    c.require(
        headDim % 2 == 0, json.has("head_dim") ? "head_dim" : "hidden_size", "an even head width");
    c.oneOf("hidden_act", "silu");
    for (String bias : BIASES.getOrDefault(architecture, List.of())) {
      c.require(!json.getBoolean(bias, false), bias, "false, as published models have it");
    }
    ConfigValues rope = json.has("rope_parameters") ? c.at("rope_parameters") : c; // since 5
    String scaling = json.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
    int original = c.count("original_max_position_embeddings", maxPositions);
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
        rope.positive("rope_theta", 10000),
        json.has(scaling)
            ? ropeScaling(c.at(scaling), maxPositions, original, headDim)
            : RopeScaling.NONE,
        architecture.equals("Qwen3MoeForCausalLM") ? Mixture.of(c) : null);
  }

  /// `architectures`, or in the layout of transformers what `model_type` stands for.
  private static String architecture(ConfigValues c) {
    if (c.json().has("architectures") || !c.json().has("model_type")) {
      return c.architecture();
    }
    String type = c.json().getText("model_type");
    return ARCHITECTURES.getOrDefault(type, type);
  }

  private static RopeScaling ropeScaling(
      ConfigValues c, int maxPositions, int otherwise, int headDim) {
    Json json = c.json();
    int original = c.count("original_max_position_embeddings", otherwise);
    String type = json.getText("type", json.getText("rope_type", "default"));
    double stretch = (double) maxPositions / original;
    return switch (type) {
      case "default" -> RopeScaling.NONE;
      case "dynamic" -> new RopeScaling.DynamicNtk(c.positive("factor", 1), maxPositions);
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
