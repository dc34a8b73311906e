package org.internvl4j.models.internvl;

import java.util.List;
import java.util.regex.Pattern;
import org.internvl4j.loader.Relaid;
import org.internvl4j.loader.Relaid.Place;
import org.internvl4j.loader.WeightSource;

/// The names that the training code gives to the weights of a tower (`blocks.0.ls1.gamma`; behind
/// `backbone.` in segmentation), as those of `InternVLChatModel`. All others keep theirs.
public final class TrainingLayout {
  /// Where the tower is.
  public static final String PATH = "vision_model";

  private record Rule(Pattern from, String to) {
    Rule(String from, String to) {
      this(Pattern.compile("^(?:backbone\\.)?" + from), PATH + "." + to);
    }
  }

  private static final List<Rule> RULES =
      List.of(
          new Rule("patch_embed\\.proj\\.", "embeddings.patch_embedding."),
          new Rule("pos_embed$", "embeddings.position_embedding"),
          new Rule("cls_token$", "embeddings.class_embedding"),
          new Rule("blocks\\.(\\d+)\\.ls([12])\\.gamma$", "encoder.layers.$1.ls$2"),
          new Rule("blocks\\.", "encoder.layers."));

  private final WeightSource source;

  private TrainingLayout(WeightSource source) {
    this.source = source;
  }

  /// @throws org.internvl4j.loader.CheckpointException if a weight is there with and without
  ///   `backbone.`
  public static TrainingLayout of(WeightSource source) {
    return new TrainingLayout(Relaid.of(source, name -> Place.of(name(name))));
  }

  private static String name(String stored) {
    for (Rule rule : RULES) {
      if (rule.from.matcher(stored).find()) {
        return rule.from.matcher(stored).replaceFirst(rule.to);
      }
    }
    return stored;
  }

  /// The weights by the names of `InternVLChatModel`.
  public WeightSource source() {
    return source;
  }

  /// Whether a tower is among them, or a part of one.
  public boolean hasTower() {
    return source.names().stream().anyMatch(name -> name.startsWith(PATH + "."));
  }
}
