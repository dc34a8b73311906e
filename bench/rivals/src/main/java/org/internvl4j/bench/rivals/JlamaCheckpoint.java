package org.internvl4j.bench.rivals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Shape;

/// The language model of an InternVL as a checkpoint of its own, as Jlama reads one: the same bytes
/// under the names that they have without the vision tower, a config.json, a tokenizer that is
/// never asked.
final class JlamaCheckpoint {
  private static final String PREFIX = "language_model.";

  private JlamaCheckpoint() {}

  /// The folder beside the model; made where there is none.
  static Path of(Path model) {
    Path folder = model.resolveSibling(model.getFileName() + "-jlama");
    if (!Files.exists(folder)) {
      try {
        Path partial = folder.resolveSibling(folder.getFileName() + ".partial");
        Files.createDirectories(partial);
        write(model, partial);
        Files.move(partial, folder, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return folder;
  }

  private static void write(Path model, Path folder) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(model)) {
      SafeTensorsWriter writer = new SafeTensorsWriter();
      for (String name : checkpoint.names()) {
        if (name.startsWith(PREFIX)) {
          SafeTensors.TensorInfo info = checkpoint.info(name);
          writer.add(
              name.substring(PREFIX.length()),
              DType.BF16,
              Shape.of(info.shape().stream().mapToInt(Math::toIntExact).toArray()),
              () -> checkpoint.bytes(name));
        }
      }
      writer.write(folder.resolve("model.safetensors"));
      text(folder, "config.json", config(checkpoint.config().at("llm_config")));
      text(folder, "tokenizer.json", tokenizer());
      text(folder, "tokenizer_config.json", "{\"tokenizer_class\": \"Qwen2Tokenizer\"}");
    }
  }

  private static void text(Path folder, String name, String content) throws IOException {
    Files.writeString(folder.resolve(name), content, StandardCharsets.UTF_8);
  }

  private static String config(Json language) {
    JsonWriter json = new JsonWriter().object();
    language.fields().forEach((name, value) -> json.name(name).value(value));
    return json.field("model_type", "qwen2")
        .field("hidden_act", "silu")
        .field("bos_token_id", 1)
        .field("eos_token_id", 2)
        .end()
        .toString();
  }

  /// Letters only.
  private static String tokenizer() {
    JsonWriter json = new JsonWriter().object().field("version", "1.0");
    json.array("added_tokens").end();
    json.object("pre_tokenizer")
        .field("type", "ByteLevel")
        .field("add_prefix_space", false)
        .field("use_regex", false)
        .end();
    json.object("decoder").field("type", "ByteLevel").end();
    json.object("model").field("type", "BPE").object("vocab");
    for (int i = 0; i < 90; i++) {
      json.field(Character.toString('!' + i), i);
    }
    return json.end().array("merges").end().end().end().toString();
  }
}
