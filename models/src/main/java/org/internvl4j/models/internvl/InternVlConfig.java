package org.internvl4j.models.internvl;

import java.util.function.Function;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.models.image.Normalization;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.models.nn.ConfigValues;
import org.internvl4j.models.nn.LanguageConfig;
import org.jspecify.annotations.Nullable;

/// config.json of an `InternVLChatModel`, one to one; that of an `InternVLForConditionalGeneration`
/// in the same words.
///
/// @param layout how weights are named
/// @param forceImageSize side of a tile in pixels
/// @param downsampleRatio of the pixel shuffle; 0.5 in every published model, 1 without one
/// @param selectLayer which block's output feeds the projector; negative counts from the end, -1 is
///   the last
/// @param psVersion of the pixel shuffle: `v1` (token grid transposed), `v2`, or `none`
/// @param template name of the conversation template
/// @param pad2square whether pictures are first padded to a square with the mean colour
/// @param normalization of pixels
/// @param systemMessage the checkpoint's own system message, if it states one
public record InternVlConfig(
    Layout layout,
    VisionConfig vision,
    LanguageConfig language,
    int forceImageSize,
    double downsampleRatio,
    int selectLayer,
    String psVersion,
    String template,
    boolean dynamicImageSize,
    boolean useThumbnail,
    int minDynamicPatch,
    int maxDynamicPatch,
    boolean pad2square,
    Normalization normalization,
    @Nullable String systemMessage) {
  private static final int MAX_SIDE = 1 << 14;

  /// Who wrote a checkpoint, which decides how its weights are named.
  public enum Layout {
    /// `InternVLChatModel`: OpenGVLab's own code.
    CHAT_MODEL,
    /// `InternVLForConditionalGeneration` of transformers.
    TRANSFORMERS,
    /// `LlavaLlamaForCausalLM`: the chat models of version 1.0, made with LLaVA's code.
    LLAVA;

    /// The weights by the names that [#CHAT_MODEL] gives them.
    ///
    /// @throws org.internvl4j.loader.CheckpointException if they do not fit together
    public WeightSource relaid(WeightSource source) {
      return switch (this) {
        case CHAT_MODEL -> source;
        case TRANSFORMERS -> TransformersLayout.of(source);
        case LLAVA -> LlavaLayout.of(source);
      };
    }
  }

  /// Reads config.json and what belongs to it.
  ///
  /// @throws UnsupportedModelException if it is another kind of model
  public static InternVlConfig of(Checkpoint checkpoint) {
    return LlavaConfig.isOf(checkpoint.config())
        ? LlavaConfig.of(checkpoint)
        : of(checkpoint.config(), checkpoint::json);
  }

  /// Reads config.json and what belongs to it.
  ///
  /// @param files reads other files of the model by name; null for one that is not there
  /// @throws UnsupportedModelException if it is another kind of model
  public static InternVlConfig of(Json json, Function<String, @Nullable Json> files) {
    String architecture =
        json.has("architectures") ? new ConfigValues(json).architecture() : "none";
    return switch (architecture) {
      case "InternVLChatModel" -> of(json);
      case "InternVLForConditionalGeneration" -> TransformersConfig.of(json, files);
      case "LlavaLlamaForCausalLM" ->
          throw new UnsupportedModelException(
              "config.json: architecture LlavaLlamaForCausalLM says what it is only together with its"
                  + " weights");
      case "InternVLModel" ->
          throw new UnsupportedModelException(
              "config.json: architecture InternVLModel answers no questions; it classifies, ranks,"
                  + " captions and embeds");
      case "InternVisionModel" ->
          throw new UnsupportedModelException(
              "config.json: architecture InternVisionModel answers no questions; it embeds");
      default ->
          throw new UnsupportedModelException(
              "config.json: architecture "
                  + architecture
                  + " is not supported; supported are InternVLChatModel,"
                  + " InternVLForConditionalGeneration and LlavaLlamaForCausalLM, which answer"
                  + " questions, InternVLModel and InternVisionModel");
    };
  }

  private static InternVlConfig of(Json json) {
    ConfigValues c = new ConfigValues(json);
    VisionConfig vision = VisionConfig.of(json.at("vision_config"));
    int side = c.count("force_image_size", vision.imageSize());
    requireSide(
        c, json.has("force_image_size") ? "force_image_size" : "vision_config", side, vision);
    c.require(
        json.getDouble("downsample_ratio", 0.5) == 0.5,
        "downsample_ratio",
        "0.5, the only one of a published model");
    int layers = vision.numHiddenLayers();
    int select = json.getInt("select_layer", -1);
    c.require(
        select >= -1 - layers && select <= layers,
        "select_layer",
        "a layer of " + (-1 - layers) + " to " + layers);
    int fewest = c.count("min_dynamic_patch", 1);
    int most = c.count("max_dynamic_patch", Math.max(6, fewest));
    c.require(
        fewest <= most && most <= Tiling.MOST_TILES,
        json.has("max_dynamic_patch") ? "max_dynamic_patch" : "min_dynamic_patch",
        "at least min_dynamic_patch and at most " + Tiling.MOST_TILES);
    return new InternVlConfig(
        Layout.CHAT_MODEL,
        vision,
        LanguageConfig.of(json.at("llm_config")),
        side,
        0.5,
        select,
        c.oneOf("ps_version", "v1", "v2"),
        json.at("template").asText(),
        json.getBoolean("dynamic_image_size", false),
        json.getBoolean("use_thumbnail", false),
        fewest,
        most,
        json.getBoolean("pad2square", false),
        Normalization.IMAGENET,
        json.has("system_message") ? json.at("system_message").asText() : null);
  }

  /// @param key what says how long a side of a tile is
  static void requireSide(ConfigValues c, String key, int side, VisionConfig vision) {
    int cell = 2 * vision.patchSize();
    c.require(
        side % cell == 0 && side <= MAX_SIDE,
        key,
        "a tile side of at most " + MAX_SIDE + " that is a multiple of two patches, " + cell);
  }

  /// Patches along a side of a tile.
  public int grid() {
    return forceImageSize / vision.patchSize();
  }

  /// Image tokens that a tile becomes.
  public int tokensPerTile() {
    return (int) ((double) grid() * grid() * downsampleRatio * downsampleRatio);
  }

  /// How many blocks of the vision tower feed the projector: those behind the selected layer are
  /// not needed.
  public int visionBlocks() {
    return selectLayer < 0 ? vision.numHiddenLayers() + 1 + selectLayer : selectLayer;
  }

  /// How pictures are cut into tiles.
  public Tiling tiling() {
    return new Tiling(
        forceImageSize, minDynamicPatch, maxDynamicPatch, useThumbnail, dynamicImageSize);
  }
}
