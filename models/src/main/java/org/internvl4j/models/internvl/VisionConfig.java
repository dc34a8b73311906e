package org.internvl4j.models.internvl;

import java.util.List;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.nn.ConfigValues;

/// `vision_config` of a checkpoint's config.json, one to one.
///
/// @param imageSize side of a tile in pixels that the stored position table was made for
/// @param patchSize side of a patch in pixels
/// @param rmsNorm `norm_type`: RMSNorm, else LayerNorm
public record VisionConfig(
    int imageSize,
    int patchSize,
    int hiddenSize,
    int numHiddenLayers,
    int numAttentionHeads,
    int intermediateSize,
    boolean rmsNorm,
    float layerNormEps,
    boolean qkvBias,
    boolean qkNormalization) {

  /// Reads `vision_config`; absent keys have the defaults of `configuration_intern_vit.py`.
  public static VisionConfig of(Json json) {
    ConfigValues c = new ConfigValues(json);
    int hidden = c.count("hidden_size", 3200);
    int heads = c.count("num_attention_heads", 25);
    c.require(
        hidden % heads == 0,
        json.has("num_attention_heads") ? "num_attention_heads" : "hidden_size",
        "heads that divide the width, not " + heads + " of " + hidden);
    c.oneOf("hidden_act", "gelu");
    return new VisionConfig(
        c.count("image_size", 224),
        c.count("patch_size", 14),
        hidden,
        c.count("num_hidden_layers", 48),
        heads,
        c.count("intermediate_size", 12800),
        c.oneOf("norm_type", "rms_norm", "layer_norm").equals("rms_norm"),
        (float) c.positive("layer_norm_eps", 1e-6),
        json.getBoolean("qkv_bias", false),
        json.getBoolean("qk_normalization", true));
  }

  /// Reads `vision_config` of transformers; absent keys have the defaults of
  /// `configuration_internvl.py`.
  static VisionConfig ofTransformers(Json json) {
    ConfigValues c = new ConfigValues(json);
    int hidden = c.count("hidden_size", 1024);
    int heads = c.count("num_attention_heads", 16);
    c.require(
        hidden % heads == 0,
        json.has("num_attention_heads") ? "num_attention_heads" : "hidden_size",
        "heads that divide the width, not " + heads + " of " + hidden);
    c.oneOf("hidden_act", "gelu");
    c.require(
        json.getBoolean("use_mean_pooling", true),
        "use_mean_pooling",
        "true: towers with a norm at the end are not published");
    c.require(
        json.getBoolean("use_absolute_position_embeddings", true),
        "use_absolute_position_embeddings",
        "true");
    return new VisionConfig(
        side(c, "image_size", 448),
        side(c, "patch_size", 14),
        hidden,
        c.count("num_hidden_layers", 24),
        heads,
        c.count("intermediate_size", 4096),
        c.oneOf("norm_type", "layer_norm", "rms_norm").equals("rms_norm"),
        (float) c.positive("layer_norm_eps", 1e-6),
        json.getBoolean("attention_bias", false),
        json.getBoolean("use_qk_norm", false));
  }

  /// A number, or a pair of two equal ones.
  private static int side(ConfigValues c, String key, int otherwise) {
    if (!(c.json().find(key) instanceof Json.Arr pair)) {
      return c.count(key, otherwise);
    }
    List<Json> sides = pair.items();
    c.require(
        sides.size() == 2
            && sides.getFirst().asInt() == sides.getLast().asInt()
            && sides.getFirst().asInt() > 0,
        key,
        "a number or two equal ones");
    return sides.getFirst().asInt();
  }

  /// The same tower with a position table that was made for pictures of another side.
  ///
  /// @param imageSize pixels
  public VisionConfig withImageSize(int imageSize) {
    return new VisionConfig(
        imageSize,
        patchSize,
        hiddenSize,
        numHiddenLayers,
        numAttentionHeads,
        intermediateSize,
        rmsNorm,
        layerNormEps,
        qkvBias,
        qkNormalization);
  }

  /// Patches along a side of the stored position table.
  public int storedGrid() {
    return imageSize / patchSize;
  }
}
