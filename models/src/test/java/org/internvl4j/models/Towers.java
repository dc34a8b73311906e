package org.internvl4j.models;

import java.util.Map;
import java.util.TreeMap;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.models.heads.HeadFiles.Values;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.testkit.Fixtures;

/// Towers of fixtures by the names that the training code gives to their weights.
final class Towers {
  private static final Device REFERENCE = Devices.open("reference", 1);

  private Towers() {}

  /// @param prefix `backbone.`, say
  static Map<String, Values> training(String fixture, String prefix) {
    Map<String, Values> weights = new TreeMap<>();
    try (SafeTensors file =
        SafeTensors.open(Fixtures.folder(fixture).resolve("model.safetensors"))) {
      for (String name : file.names()) {
        if (name.contains("vision_model.") || name.contains("vision_tower.")) {
          Tensor w = file.tensor(name, REFERENCE);
          weights.put(prefix + training(name), new Values(w.toFloats(), w.shape().toArray()));
        }
      }
    }
    return weights;
  }

  private static String training(String name) {
    return name.replaceFirst("^.*vision_(model|tower)\\.", "")
        .replace("embeddings.patch_embedding.", "patch_embed.proj.")
        .replace("embeddings.position_embedding", "pos_embed")
        .replace("embeddings.class_embedding", "cls_token")
        .replace("encoder.layers.", "blocks.")
        .replaceFirst("\\.ls([12])$", ".ls$1.gamma");
  }
}
