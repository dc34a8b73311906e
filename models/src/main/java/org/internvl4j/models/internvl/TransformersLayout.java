package org.internvl4j.models.internvl;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.loader.Relaid;
import org.internvl4j.loader.Relaid.Place;
import org.internvl4j.loader.WeightSource;

/// The names that `InternVLForConditionalGeneration` of transformers gives to the weights, as those
/// of `InternVLChatModel`: of files as written since 2025 (`model.language_model.…`) and of the
/// first ones (`language_model.model.…`).
///
/// A position in the tower keeps its equations; queries, keys and values are joined.
final class TransformersLayout {
  private record Rule(Pattern from, String to) {
    Rule(String from, String to) {
      this(Pattern.compile(from), to);
    }
  }

  private static final List<Rule> RULES =
      List.of(
          new Rule("(?:model\\.)?vision_tower\\.(.*)", "vision_model.$1"),
          new Rule("(?:model\\.)?multi_modal_projector\\.layer_norm\\.(.*)", "mlp1.0.$1"),
          new Rule("(?:model\\.)?multi_modal_projector\\.linear_1\\.(.*)", "mlp1.1.$1"),
          new Rule("(?:model\\.)?multi_modal_projector\\.linear_2\\.(.*)", "mlp1.3.$1"),
          new Rule("model\\.language_model\\.(.*)", "language_model.model.$1"),
          new Rule("lm_head\\.(.*)", "language_model.lm_head.$1"));

  private static final List<Rule> TOWER =
      List.of(
          new Rule("embeddings\\.cls_token", "embeddings.class_embedding"),
          new Rule("embeddings\\.patch_embeddings\\.projection\\b", "embeddings.patch_embedding"),
          new Rule("embeddings\\.position_embeddings", "embeddings.position_embedding"),
          new Rule("encoder\\.layer\\.", "encoder.layers."),
          new Rule("\\.attention\\.[qkv]_proj\\.", ".attn.qkv."),
          new Rule("\\.attention\\.projection_layer\\.", ".attn.proj."),
          new Rule("\\.attention\\.", ".attn."),
          new Rule("\\.layernorm_before\\.", ".norm1."),
          new Rule("\\.layernorm_after\\.", ".norm2."),
          new Rule("\\.lambda_([12])$", ".ls$1"));

  private static final Pattern THIRD = Pattern.compile("\\.attention\\.([qkv])_proj\\.");

  private TransformersLayout() {}

  /// @throws org.internvl4j.loader.CheckpointException if weights of both generations are there, or
  ///   some of queries, keys and values
  static WeightSource of(WeightSource source) {
    return Relaid.of(source, TransformersLayout::place);
  }

  /// Where a weight goes; one that no rule knows keeps its name.
  static Place place(String stored) {
    if (stored.contains(".lora_")) {
      return Place.of(stored); // a change of a weight goes where the weight is: AdapterLayout
    }
    for (Rule rule : RULES) {
      Matcher m = rule.from.matcher(stored);
      if (m.matches()) {
        String name = m.replaceFirst(rule.to);
        return name.startsWith("vision_model.") ? tower(name) : Place.of(name);
      }
    }
    return Place.of(stored);
  }

  private static Place tower(String name) {
    Matcher third = THIRD.matcher(name);
    int part = third.find() ? "qkv".indexOf(third.group(1)) : 0;
    String place = name;
    for (Rule rule : TOWER) {
      place = rule.from.matcher(place).replaceFirst(rule.to);
    }
    return new Place(place, part);
  }
}
