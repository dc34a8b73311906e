package org.internvl4j.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.json.Json;
import org.internvl4j.runtime.DType;

/// Every published model of the InternVL line by its sizes (`family.json`), and empty checkpoints
/// in their shapes, which are holes in a file and cost no disk.
public final class Family {
  private static final Json FAMILY = read();

  private Family() {}

  private static Json read() {
    String name = "family.json";
    try (InputStream in = Family.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + ": missing from the jar");
      }
      return Json.parse(in.readAllBytes(), name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A model, or several of the same shapes.
  ///
  /// @param name of the repository; further ones behind a comma
  /// @param kind `chat`, `transformers`, `llava`, `contrastive`, `tower`
  /// @param vision name of the tower
  /// @param language name of the decoder; empty for none
  /// @param fixture that its architecture is held against the reference with; empty for none
  public record Model(
      String name, String kind, String vision, String language, String fixture, Json row) {
    @Override
    public String toString() {
      return name;
    }
  }

  /// A model that does not run.
  public record Refused(String name, String why) {}

  /// All models that run.
  public static List<Model> models() {
    return FAMILY.at("models").items().stream()
        .map(row ->
            new Model(
                row.getText("name"),
                row.getText("kind"),
                row.getText("vision"),
                row.getText("language"),
                row.getText("fixture"),
                row))
        .toList();
  }

  /// The model of this name.
  public static Model model(String name) {
    return models().stream().filter(m -> m.name().equals(name)).findFirst().orElseThrow();
  }

  /// All that do not.
  public static List<Refused> refused() {
    return FAMILY.at("refused").items().stream()
        .map(row -> new Refused(row.getText("name"), row.getText("why")))
        .toList();
  }

  /// Writes config.json and empty weights of a model.
  ///
  /// @return `folder`
  public static Path write(Model model, Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), new FamilyConfig(model, FAMILY).text());
    SafeTensorsWriter writer = new SafeTensorsWriter();
    for (FamilyTensors.Named tensor : new FamilyTensors(model, FAMILY).all()) {
      writer.zeros(tensor.name(), DType.BF16, tensor.dims());
    }
    writer.write(folder.resolve("model.safetensors"));
    return folder;
  }

  /// Weights of a model, in numbers.
  public static long parameters(Model model) {
    long sum = 0;
    for (FamilyTensors.Named tensor : new FamilyTensors(model, FAMILY).all()) {
      long size = 1;
      for (int dim : tensor.dims()) {
        size *= dim;
      }
      sum += size;
    }
    return sum;
  }

  static int count(Json json, String key) {
    return json.at(key).asInt();
  }
}
