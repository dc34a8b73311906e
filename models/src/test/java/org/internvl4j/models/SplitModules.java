package org.internvl4j.models;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/// The modules that transformers has where OpenGVLab has one, of the toys of the fixtures.
final class SplitModules {
  private SplitModules() {}

  /// What transformers calls the parts of a matrix, and which rows they are: by the definitions of
  /// the fused matrices, head by head.
  ///
  /// @param module its path
  /// @param out its rows
  static Map<String, int[]> of(String module, int out) {
    int[] all = IntStream.range(0, out).toArray();
    if (module.endsWith("attn.qkv")) {
      int third = out / 3;
      Map<String, int[]> parts = new HashMap<>();
      String layer =
          "model." + module.replace("vision_model.encoder.layers", "vision_tower.encoder.layer");
      for (int i = 0; i < 3; i++) {
        String part = "attention." + "qkv".charAt(i) + "_proj";
        parts.put(
            layer.replace("attn.qkv", part), Arrays.copyOfRange(all, i * third, (i + 1) * third));
      }
      return parts;
    }
    if (module.startsWith("vision_model")) {
      return Map.of(
          "model."
              + module
                  .replace("vision_model.encoder.layers", "vision_tower.encoder.layer")
                  .replace("attn.proj", "attention.projection_layer"),
          all);
    }
    if (module.startsWith("mlp1")) {
      return Map.of(
          "model.multi_modal_projector.linear_" + (module.endsWith("1.1") ? "1" : "2"), all);
    }
    if (module.endsWith("attention.wqkv")) {
      return heads(module.replace("attention.wqkv", "self_attn."), 4, 2, true);
    }
    if (module.endsWith("self_attn.qkv_proj")) {
      return heads(module.replace("qkv_proj", ""), 4, 4, false);
    }
    if (module.endsWith("gate_up_proj")) {
      int half = out / 2;
      return Map.of(
          module.replace("gate_up", "gate"), Arrays.copyOfRange(all, 0, half),
          module.replace("gate_up", "up"), Arrays.copyOfRange(all, half, out));
    }
    return Map.of(
        module
            .replace("attention.wo", "self_attn.o_proj")
            .replace("feed_forward.w1", "mlp.gate_proj")
            .replace("feed_forward.w3", "mlp.up_proj")
            .replace("feed_forward.w2", "mlp.down_proj"),
        all);
  }

  private static Map<String, int[]> heads(String path, int h, int k, boolean grouped) {
    int d = 16;
    int r = h / k;
    int[] q = new int[h * d];
    int[] key = new int[k * d];
    int[] value = new int[k * d];
    for (int head = 0; head < h; head++) {
      for (int i = 0; i < d; i++) {
        int slot = grouped ? head / r * (r + 2) + head % r : head;
        q[head * d + i] = slot * d + i;
      }
    }
    for (int g = 0; g < k; g++) {
      for (int i = 0; i < d; i++) {
        key[g * d + i] = (grouped ? g * (r + 2) + r : h + g) * d + i;
        value[g * d + i] = (grouped ? g * (r + 2) + r + 1 : h + k + g) * d + i;
      }
    }
    return Map.of(path + "q_proj", q, path + "k_proj", key, path + "v_proj", value);
  }
}
