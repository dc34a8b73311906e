package org.internvl4j.models.internvl;

import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.Relaid.Place;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.models.internlm2.InternLm2;
import org.internvl4j.models.nn.LanguageConfig;
import org.jspecify.annotations.Nullable;

/// Where the changes of an adapter go, which may be made for another layout of the same model: for
/// that of transformers, with the queries, keys and values apart that InternLM2 and Phi-3 have in
/// one matrix.
final class AdapterLayout {
  /// A weight, or some of its rows.
  ///
  /// @param rows the row for each row of the change; null for all
  record Target(String weight, int @Nullable [] rows) {}

  private static final Pattern LAYER =
      Pattern.compile("(language_model\\.model\\.layers\\.\\d+\\.)((?:self_attn|mlp)\\.\\w+)");
  private static final Pattern THIRD = Pattern.compile(".*\\.attention\\.([qkv])_proj");

  /// What InternLM2 calls modules that are whole there.
  private static final Map<String, String> INTERNLM2 =
      Map.of(
          "self_attn.o_proj", "attention.wo",
          "mlp.gate_proj", "feed_forward.w1",
          "mlp.up_proj", "feed_forward.w3",
          "mlp.down_proj", "feed_forward.w2");

  private final WeightSource model;
  private final InternVlConfig config;

  AdapterLayout(WeightSource model, InternVlConfig config) {
    this.model = model;
    this.config = config;
  }

  /// @param module its path, in either layout
  /// @param file the adapter, for messages
  /// @throws CheckpointException if the model has no such weight
  Target of(String module, String file) {
    Place place = TransformersLayout.place(module + ".weight");
    Matcher third = THIRD.matcher(module);
    Target target =
        third.matches() && place.name().startsWith("vision_model.")
            ? rows(place.name(), place.part() * width(), width())
            : fused(place.name());
    if (!model.has(target.weight)) {
      throw missing(module + " changes " + target.weight, file);
    }
    return target;
  }

  /// The weight that a tensor stands in place of.
  String replaced(String tensor, String file) {
    Place place = TransformersLayout.place(tensor);
    boolean whole = !THIRD.matcher(tensor.replaceFirst("\\.\\w+$", "")).matches();
    if (!whole || !model.has(place.name())) {
      throw missing(tensor + " replaces " + place.name(), file);
    }
    return place.name();
  }

  private static CheckpointException missing(String what, String file) {
    return new CheckpointException(
        file, what + ", which this model does not have; the adapter is made for another one");
  }

  private int width() {
    return config.vision().hiddenSize();
  }

  private static Target rows(String weight, int from, int count) {
    return new Target(weight, IntStream.range(from, from + count).toArray());
  }

  private Target fused(String weight) {
    Matcher layer = LAYER.matcher(weight.substring(0, weight.length() - ".weight".length()));
    if (model.has(weight)) {
      return new Target(weight, null);
    }
    if (weight.equals("language_model.lm_head.weight")) {
      return new Target("language_model.output.weight", null);
    }
    if (!layer.matches()) {
      return new Target(weight, null);
    }
    boolean phi3 = model.has(layer.group(1) + "self_attn.qkv_proj.weight");
    return phi3
        ? phi3(layer.group(1), layer.group(2), weight)
        : internLm2(layer.group(1), layer.group(2), weight);
  }

  private Target phi3(String layer, String module, String weight) {
    LanguageConfig c = config.language();
    String qkv = layer + "self_attn.qkv_proj.weight";
    String gateUp = layer + "mlp.gate_up_proj.weight";
    return switch (module) {
      case "self_attn.q_proj" -> rows(qkv, 0, c.queryWidth());
      case "self_attn.k_proj" -> rows(qkv, c.queryWidth(), c.keyWidth());
      case "self_attn.v_proj" -> rows(qkv, c.queryWidth() + c.keyWidth(), c.keyWidth());
      case "mlp.gate_proj" -> rows(gateUp, 0, c.intermediateSize());
      case "mlp.up_proj" -> rows(gateUp, c.intermediateSize(), c.intermediateSize());
      default -> new Target(weight, null);
    };
  }

  private Target internLm2(String layer, String module, String weight) {
    LanguageConfig c = config.language();
    int queries = c.queryWidth();
    int keys = c.keyWidth();
    return switch (module) {
      case "self_attn.q_proj" -> wqkv(layer, 0, queries);
      case "self_attn.k_proj" -> wqkv(layer, queries, queries + keys);
      case "self_attn.v_proj" -> wqkv(layer, queries + keys, queries + 2 * keys);
      default -> {
        String name = INTERNLM2.get(module);
        yield new Target(name == null ? weight : layer + name + ".weight", null);
      }
    };
  }

  private Target wqkv(String layer, int from, int to) {
    int[] rows = Arrays.copyOfRange(InternLm2.order(config.language()), from, to);
    return new Target(layer + "attention.wqkv.weight", rows);
  }
}
