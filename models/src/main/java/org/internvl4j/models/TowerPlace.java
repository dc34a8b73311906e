package org.internvl4j.models;

import java.util.List;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.Weights;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.contrastive.ContrastiveConfig;
import org.internvl4j.models.internvl.InternVit;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.internvl.TrainingLayout;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.models.nn.ConfigValues;

/// Where a tower is.
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
  /// @throws CheckpointException if config.json is wrong
  /// @throws UnsupportedModelException if there is no InternViT in it
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

  /// The same tower with the weights of a file of the training code, whose table of positions has a
  /// size of its own.
  ///
  /// @throws CheckpointException if the table is not of a square
  TowerPlace in(TrainingLayout layout) {
    String table = TrainingLayout.PATH + ".embeddings.position_embedding";
    WeightSource relaid = layout.source();
    List<Long> shape = relaid.info(table).shape();
    long rows = shape.size() == 3 ? shape.get(1) - 1 : 0;
    long grid = Math.round(Math.sqrt((double) rows));
    if (rows < 1 || grid * grid != rows || grid > Integer.MAX_VALUE / config.patchSize()) {
      throw new CheckpointException(
          relaid.stored(table).getFirst(),
          "is " + shape + ", expected [1, 1 + P, " + config.hiddenSize() + "], P a square");
    }
    VisionConfig other = config.withImageSize((int) grid * config.patchSize());
    return new TowerPlace(other, relaid, TrainingLayout.PATH, side);
  }

  /// @param w of its source
  /// @param pixels of a side of the pictures that it will see
  /// @param blocks how many of them, the first ones
  InternVit tower(Weights w, int pixels, int blocks) {
    return new InternVit(config, pixels, blocks, w.at(path));
  }
}
