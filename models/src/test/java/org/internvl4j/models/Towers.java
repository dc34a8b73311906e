package org.internvl4j.models;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
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

  /// A fixture's checkpoint with a tower of four blocks: the first one comes again.
  static Checkpoint ofFourBlocks(String fixture) throws IOException {
    Map<String, Values> weights = training(fixture, "");
    Map<String, Values> more = new TreeMap<>();
    weights.forEach((name, w) -> more.put(name.replace("blocks.0.", "blocks.3."), w));
    weights.putAll(more);
    SafeTensorsWriter writer = new SafeTensorsWriter();
    weights.forEach((name, w) -> writer.add(published(name), w.values(), w.shape()));
    String config =
        Fixtures.json(Fixtures.folder(fixture).resolve("config.json"))
            .at("vision_config")
            .toString()
            .replace("\"num_hidden_layers\":3", "\"num_hidden_layers\":4");
    return Checkpoint.of(
        "four",
        Map.of("config.json", config.getBytes(UTF_8), "model.safetensors", writer.toBytes()));
  }

  private static String published(String name) {
    return name.replace("patch_embed.proj.", "embeddings.patch_embedding.")
        .replace("pos_embed", "embeddings.position_embedding")
        .replace("cls_token", "embeddings.class_embedding")
        .replace("blocks.", "encoder.layers.")
        .replace(".gamma", "");
  }
}
