package org.internvl4j.models.internvl;

import java.util.List;
import java.util.function.Function;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.image.Normalization;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.models.internvl.InternVlConfig.Layout;
import org.internvl4j.models.nn.ConfigValues;
import org.internvl4j.models.nn.LanguageConfig;
import org.jspecify.annotations.Nullable;

/// config.json of an `InternVLForConditionalGeneration` (`configuration_internvl.py` of
/// transformers), and how its processor cuts pictures.
final class TransformersConfig {
  private static final String TEMPLATE = "transformers";

  /// The files that say how pictures are cut, the newest first; in that of a processor the values
  /// are below `image_processor`.
  private static final List<String> PROCESSORS =
      List.of("processor_config.json", "preprocessor_config.json");

  private TransformersConfig() {}

  static InternVlConfig of(Json json, Function<String, @Nullable Json> files) {
    ConfigValues c = new ConfigValues(json);
    VisionConfig vision = VisionConfig.ofTransformers(json.at("vision_config"));
    LanguageConfig language = LanguageConfig.of(json.at("text_config"));
    c.require(
        json.getDouble("downsample_ratio", 0.5) == 0.5,
        "downsample_ratio",
        "0.5, the only one of a published model");
    c.oneOf("projector_hidden_act", "gelu");
    c.oneOf("vision_feature_select_strategy", "default");
    int layers = vision.numHiddenLayers();
    int select = json.getInt("vision_feature_layer", -1);
    c.require(
        select >= -1 - layers && select <= layers,
        "vision_feature_layer",
        "a layer of " + (-1 - layers) + " to " + layers);
    ConfigValues p = new ConfigValues(processor(files));
    int side = side(p, vision);
    int fewest = p.count("min_patches", 1);
    int most = p.count("max_patches", Math.max(12, fewest));
    p.require(
        fewest <= most && most <= Tiling.MOST_TILES,
        p.json().has("max_patches") ? "max_patches" : "min_patches",
        "at least min_patches and at most " + Tiling.MOST_TILES);
    boolean cuts = p.json().getBoolean("crop_to_patches", true);
    return new InternVlConfig(
        Layout.TRANSFORMERS,
        vision,
        language,
        side,
        0.5,
        select,
        "v2",
        TEMPLATE,
        cuts,
        cuts,
        fewest,
        most,
        false,
        Normalization.of(p.json()),
        null);
  }

  private static Json processor(Function<String, @Nullable Json> files) {
    for (String file : PROCESSORS) {
      Json found = files.apply(file);
      if (found != null && found.has("image_processor")) {
        return found.at("image_processor");
      }
      if (found != null && (found.has("size") || found.has("crop_to_patches"))) {
        return found;
      }
    }
    return Json.parse(new byte[] {'{', '}'}, PROCESSORS.getLast());
  }

  private static int side(ConfigValues p, VisionConfig vision) {
    if (!p.json().has("size")) {
      return vision.imageSize();
    }
    ConfigValues size = p.at("size");
    int side = size.count("height");
    size.require(side == size.count("width"), "width", "the height, " + side);
    InternVlConfig.requireSide(size, "height", side, vision);
    return side;
  }
}
