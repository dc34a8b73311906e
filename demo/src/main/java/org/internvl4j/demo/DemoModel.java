package org.internvl4j.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;

/// A tiny InternVL that ships inside the jar: a real checkpoint in the layout of InternVL2-1B,
/// trained from nothing on drawn shapes and numbers. It knows nothing but that world; it is a toy.
///
/// Everything is read into memory, nothing is written to disk.
public final class DemoModel {
  private static final List<String> FILES =
      List.of(
          "config.json",
          "model.safetensors",
          "vocab.json",
          "merges.txt",
          "added_tokens.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "generation_config.json",
          "preprocessor_config.json");

  private DemoModel() {}

  /// A dialogue to show.
  ///
  /// @param title what it shows
  /// @param images names of its pictures, in the order of the marks `<image>` in the first question
  /// @param maxTiles most tiles a picture
  /// @param turns questions and the reference implementation's own answers, all right
  public record Sample(String title, List<String> images, int maxTiles, List<Turn> turns) {
    /// The pictures, read anew.
    public List<Picture> pictures() {
      return images.stream().map(name -> Pictures.read(resource(name), name)).toList();
    }
  }

  /// A question and the reference's answer to it, without grounding marks.
  public record Turn(String question, String answer) {}

  /// The checkpoint, named `demo`; the caller closes it, or hands it to a model.
  public static Checkpoint checkpoint() {
    Map<String, byte[]> files = new HashMap<>();
    FILES.forEach(file -> files.put(file, resource("model/" + file)));
    return Checkpoint.of("demo", files);
  }

  /// A small file of the checkpoint by its name: `config.json`; null if it has none of this name.
  public static byte @Nullable [] file(String name) {
    return FILES.contains(name) ? resource("model/" + name) : null;
  }

  /// The dialogues of the demo, in their order.
  public static List<Sample> samples() {
    return Json.parse(resource("samples.json"), "samples.json").items().stream()
        .map(DemoModel::sample)
        .toList();
  }

  private static Sample sample(Json json) {
    return new Sample(
        json.getText("title"),
        json.at("images").items().stream().map(Json::asText).toList(),
        json.getInt("max_num"),
        json.at("turns").items().stream()
            .map(turn -> new Turn(turn.getText("question"), turn.getText("answer")))
            .toList());
  }

  /// A file of this package, whether the jar lies on the class path or on the module path.
  private static byte[] resource(String name) {
    try (InputStream in = DemoModel.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new AssertionError("demo: its jar lacks " + name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("demo: " + name + " cannot be read from its jar", e);
    }
  }
}
