package org.internvl4j.models.internvl;

import org.internvl4j.loader.json.Json;

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
    return new VisionConfig(
        json.getInt("image_size", 224),
        json.getInt("patch_size", 14),
        json.getInt("hidden_size", 3200),
        json.getInt("num_hidden_layers", 48),
        json.getInt("num_attention_heads", 25),
        json.getInt("intermediate_size", 12800),
        rmsNorm(json),
        (float) json.getDouble("layer_norm_eps", 1e-6),
        json.getBoolean("qkv_bias", false),
        json.getBoolean("qk_normalization", true));
  }

  private static boolean rmsNorm(Json json) {
    return switch (json.getText("norm_type", "rms_norm")) {
      case "rms_norm" -> true;
      case "layer_norm" -> false;
      default -> throw json.at("norm_type").wrong("layer_norm or rms_norm");
    };
  }

  /// Patches along a side of the stored position table.
  public int storedGrid() {
    return imageSize / patchSize;
  }
}
