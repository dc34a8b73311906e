package org.internvl4j.models.internvl;

import java.util.List;
import org.internvl4j.loader.Relaid;
import org.internvl4j.loader.Relaid.Place;
import org.internvl4j.loader.WeightSource;

/// The names that `LlavaLlamaForCausalLM` gives to the weights, as those of `InternVLChatModel`.
final class LlavaLayout {
  private static final List<Renaming> RULES =
      List.of(
          new Renaming("^model\\.vision_tower\\.vision_tower\\.", "vision_model."),
          new Renaming("^model\\.mm_projector\\.0\\.", "mlp1.1."),
          new Renaming("^model\\.mm_projector\\.2\\.", "mlp1.3."),
          new Renaming("^(model|lm_head)\\.", "language_model.$1."));

  private LlavaLayout() {}

  static WeightSource of(WeightSource source) {
    return Relaid.of(source, name -> Place.of(Renaming.byFirst(RULES, name)));
  }
}
