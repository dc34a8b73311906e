package org.internvl4j.models.internvl;

import java.util.List;
import java.util.regex.Pattern;
import org.internvl4j.loader.Relaid;
import org.internvl4j.loader.Relaid.Place;
import org.internvl4j.loader.WeightSource;

/// The names that `LlavaLlamaForCausalLM` gives to the weights, as those of `InternVLChatModel`.
final class LlavaLayout {
  private record Rule(Pattern from, String to) {
    Rule(String from, String to) {
      this(Pattern.compile(from), to);
    }
  }

  private static final List<Rule> RULES =
      List.of(
          new Rule("^model\\.vision_tower\\.vision_tower\\.", "vision_model."),
          new Rule("^model\\.mm_projector\\.0\\.", "mlp1.1."),
          new Rule("^model\\.mm_projector\\.2\\.", "mlp1.3."),
          new Rule("^(model|lm_head)\\.", "language_model.$1."));

  private LlavaLayout() {}

  static WeightSource of(WeightSource source) {
    return Relaid.of(source, name -> Place.of(name(name)));
  }

  private static String name(String stored) {
    for (Rule rule : RULES) {
      if (rule.from.matcher(stored).find()) {
        return rule.from.matcher(stored).replaceFirst(rule.to);
      }
    }
    return stored;
  }
}
