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
  private static final List<Renaming> RULES =
      List.of(
          new Renaming("^(?:model\\.)?vision_tower\\.", "vision_model."),
          new Renaming("^(?:model\\.)?multi_modal_projector\\.layer_norm\\.", "mlp1.0."),
          new Renaming("^(?:model\\.)?multi_modal_projector\\.linear_1\\.", "mlp1.1."),
          new Renaming("^(?:model\\.)?multi_modal_projector\\.linear_2\\.", "mlp1.3."),
          new Renaming("^model\\.language_model\\.", "language_model.model."),
          new Renaming("^lm_head\\.", "language_model.lm_head."));

  private static final List<Renaming> TOWER =
      List.of(
          new Renaming("embeddings\\.cls_token", "embeddings.class_embedding"),
          new Renaming(
              "embeddings\\.patch_embeddings\\.projection\\b", "embeddings.patch_embedding"),
          new Renaming("embeddings\\.position_embeddings", "embeddings.position_embedding"),
          new Renaming("encoder\\.layer\\.", "encoder.layers."),
          new Renaming("\\.attention\\.[qkv]_proj\\.", ".attn.qkv."),
          new Renaming("\\.attention\\.projection_layer\\.", ".attn.proj."),
          new Renaming("\\.attention\\.", ".attn."),
          new Renaming("\\.layernorm_before\\.", ".norm1."),
          new Renaming("\\.layernorm_after\\.", ".norm2."),
          new Renaming("\\.lambda_([12])$", ".ls$1"));

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
    String name = Renaming.byFirst(RULES, stored);
    return name.startsWith("vision_model.") ? tower(name) : Place.of(name);
  }

  private static Place tower(String name) {
    Matcher third = THIRD.matcher(name);
    int part = third.find() ? "qkv".indexOf(third.group(1)) : 0;
    return new Place(Renaming.byAll(TOWER, name), part);
  }
}
