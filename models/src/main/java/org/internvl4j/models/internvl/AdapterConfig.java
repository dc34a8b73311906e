package org.internvl4j.models.internvl;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.UnsupportedModelException;
import org.jspecify.annotations.Nullable;

/// `adapter_config.json` of a PEFT adapter, as far as it says what its tensors mean. What they are
/// for (`target_modules`, `layers_to_transform`), their names say.
///
/// @param r rank, where no pattern says another
/// @param alpha `lora_alpha`, where no pattern says another
/// @param rootScaled `use_rslora`: a change is scaled by `alpha / √r`, not by `alpha / r`
record AdapterConfig(
    int r,
    double alpha,
    boolean rootScaled,
    Map<String, Integer> ranks,
    Map<String, Double> alphas) {
  private static final int MOST_RANK = 4096;
  private static final Pattern MODULE = Pattern.compile("\\^?[\\w.]+");

  /// Beginnings of matrices that change the model's own weights, too.
  private static final List<String> OTHER_BASES = List.of("pissa", "olora", "corda", "loftq");

  /// @throws UnsupportedModelException if it is another kind of adapter
  static AdapterConfig of(Json json) {
    String type = json.getText("peft_type", "LORA");
    if (!type.equals("LORA")) {
      throw unsupported(json, "peft_type " + type, "LORA");
    }
    for (String key : List.of("use_dora", "fan_in_fan_out", "lora_bias", "use_qalora")) {
      if (json.getBoolean(key, false)) {
        throw unsupported(json, key + " true", "plain LoRA");
      }
    }
    for (String key :
        List.of("target_parameters", "trainable_token_indices", "layer_replication")) {
      Json value = json.find(key);
      if (value != null && !value.toString().equals("[]")) {
        throw unsupported(json, key, "plain LoRA of modules");
      }
    }
    String bias = json.getText("bias", "none");
    if (!bias.equals("none")) {
      throw unsupported(json, "bias " + bias, "none");
    }
    requireItsOwnBase(json);
    Map<String, Integer> ranks = new LinkedHashMap<>();
    pattern(json, "rank_pattern").forEach((name, value) -> ranks.put(name, rank(value)));
    Map<String, Double> alphas = new LinkedHashMap<>();
    pattern(json, "alpha_pattern").forEach((name, value) -> alphas.put(name, value.asDouble()));
    return new AdapterConfig(
        rank(json.at("r")),
        json.getDouble("lora_alpha"),
        json.getBoolean("use_rslora", false),
        ranks,
        alphas);
  }

  private static UnsupportedModelException unsupported(Json json, String what, String supported) {
    return new UnsupportedModelException(
        json.place().source() + ": " + what + " is not supported; supported is " + supported);
  }

  private static void requireItsOwnBase(Json json) {
    if (json.find("init_lora_weights") instanceof Json.Str begun
        && OTHER_BASES.stream().anyMatch(begun.text()::startsWith)) {
      throw unsupported(
          json,
          "init_lora_weights " + begun.text() + ", which also changed the model's own weights,",
          "an adapter that was converted to plain LoRA when it was saved");
    }
  }

  private static Map<String, Json> pattern(Json json, String key) {
    Json patterns = json.find(key);
    Map<String, Json> fields = patterns == null ? Map.of() : patterns.fields();
    for (String name : fields.keySet()) {
      if (!MODULE.matcher(name).matches()) {
        throw unsupported(json, key + " with the expression " + name, "names of modules");
      }
    }
    return fields;
  }

  private static int rank(Json value) {
    if (value.asLong() < 1 || value.asLong() > MOST_RANK) {
      throw value.wrong("a rank of 1 to " + MOST_RANK);
    }
    return value.asInt();
  }

  /// The rank of a module's change.
  int rank(String module) {
    Integer rank = match(ranks, module);
    return rank == null ? r : rank;
  }

  /// What a module's change is scaled by.
  double scale(String module) {
    Double other = match(alphas, module);
    double top = other == null ? alpha : other;
    return top / (rootScaled ? Math.sqrt(rank(module)) : rank(module));
  }

  /// What the first pattern says that ends the module's path, or is it, if it begins with `^`.
  private static <T> @Nullable T match(Map<String, T> patterns, String module) {
    for (Map.Entry<String, T> pattern : patterns.entrySet()) {
      String name = pattern.getKey();
      boolean matches =
          name.startsWith("^")
              ? module.equals(name.substring(1))
              : ("." + module).endsWith("." + name);
      if (matches) {
        return pattern.getValue();
      }
    }
    return null;
  }
}
