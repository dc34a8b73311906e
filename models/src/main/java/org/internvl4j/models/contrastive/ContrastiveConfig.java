package org.internvl4j.models.contrastive;

import org.internvl4j.loader.json.Json;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.models.nn.ConfigValues;
import org.internvl4j.models.nn.LanguageConfig;

/// config.json of an `InternVLModel` (InternVL-14B-224px), one to one.
///
/// @param forceImageSize side of a picture in pixels
/// @param clipEmbedDim E, width of the space that pictures and texts share
/// @param attnPoolNumHeads heads of the pooling attention
/// @param numQueryToken Q, how many learnt queries look at a picture
/// @param crossAttentionFrequency every which block of QLLaMA looks at the picture, the first one
///   on
public record ContrastiveConfig(
    VisionConfig vision,
    LanguageConfig qllama,
    int forceImageSize,
    int clipEmbedDim,
    int attnPoolNumHeads,
    int numQueryToken,
    int crossAttentionFrequency) {
  private static final String ARCHITECTURE = "InternVLModel";

  private static final int MAX_SIDE = 1 << 14;

  /// Whether a config.json is of this kind of model.
  public static boolean isOf(Json json) {
    return json.has("qllama_config")
        && json.has("architectures")
        && new ConfigValues(json).architecture().equals(ARCHITECTURE);
  }

  /// Reads config.json; absent keys have the defaults of `configuration_internvl.py`.
  ///
  /// @throws UnsupportedModelException if it is another kind of model
  public static ContrastiveConfig of(Json json) {
    ConfigValues c = new ConfigValues(json);
    String architecture = json.has("architectures") ? c.architecture() : "none";
    if (!isOf(json)) {
      throw new UnsupportedModelException(
          "config.json: architecture "
              + architecture
              + " does not put pictures and texts into one space; expected "
              + ARCHITECTURE
              + ", as InternVL-14B-224px has it");
    }
    VisionConfig vision = VisionConfig.of(json.at("vision_config"));
    int side = c.count("force_image_size", vision.imageSize());
    c.require(
        side % vision.patchSize() == 0 && side <= MAX_SIDE,
        json.has("force_image_size") ? "force_image_size" : "vision_config",
        "a side of at most " + MAX_SIDE + " that is a multiple of a patch, " + vision.patchSize());
    LanguageConfig qllama = LanguageConfig.of(json.at("qllama_config"));
    c.at("qllama_config")
        .require(
            qllama.numKeyValueHeads() == qllama.numAttentionHeads(),
            "num_key_value_heads",
            "as many as heads, " + qllama.numAttentionHeads());
    int heads = c.count("attn_pool_num_heads", 16);
    c.require(
        vision.hiddenSize() % heads == 0 && qllama.hiddenSize() % heads == 0,
        json.has("attn_pool_num_heads") ? "attn_pool_num_heads" : "vision_config",
        "heads that divide both widths, not "
            + heads
            + " of "
            + vision.hiddenSize()
            + " and "
            + qllama.hiddenSize());
    return new ContrastiveConfig(
        vision,
        qllama,
        side,
        c.count("clip_embed_dim", 768),
        heads,
        c.count("num_query_token", 96),
        c.count("cross_attention_frequency", 2));
  }
}
