package org.internvl4j.models;

import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.contrastive.ContrastiveConfig;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.models.nn.ConfigValues;

/// Where the vision tower of a model is.
///
/// @param path of its weights in `source`
/// @param side of the pictures that it is used with
record TowerPlace(VisionConfig config, WeightSource source, String path, int side) {
  private static final String ALONE = "InternVisionModel";

  /// Whether a config.json is of a repository that has a tower and nothing else.
  static boolean isAlone(Json json) {
    return json.has("architectures") && new ConfigValues(json).architecture().equals(ALONE);
  }

  /// @param numbers of the checkpoint's weights
  /// @throws UnsupportedModelException if it is no model with an InternViT
  static TowerPlace of(Checkpoint checkpoint, WeightSource numbers) {
    Json json = checkpoint.config();
    if (isAlone(json)) {
      VisionConfig config = VisionConfig.of(json);
      return new TowerPlace(config, numbers, "", config.imageSize());
    }
    if (ContrastiveConfig.isOf(json)) {
      ContrastiveConfig config = ContrastiveConfig.of(json);
      return new TowerPlace(config.vision(), numbers, "vision_model", config.forceImageSize());
    }
    InternVlConfig config = InternVlConfig.of(checkpoint);
    return new TowerPlace(
        config.vision(), config.layout().relaid(numbers), "vision_model", config.forceImageSize());
  }
}
