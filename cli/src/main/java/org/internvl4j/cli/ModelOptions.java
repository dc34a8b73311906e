package org.internvl4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.text.TokenizerFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Which model, and what computes it.
final class ModelOptions {
  /// The name of the model that ships with the command line; `./demo` names a folder.
  static final String DEMO = "demo";

  @Option(
      names = {"-m", "--model"},
      required = true,
      paramLabel = "MODEL",
      defaultValue = "${env:INTERNVL_MODEL}",
      description =
          "Folder with config.json, tokenizer and *.safetensors; name of a model in the Hugging Face cache"
              + " (OpenGVLab/InternVL2-1B); or 'demo'. Default: $INTERNVL_MODEL.")
  String model = "";

  @Mixin private final DeviceOptions device = new DeviceOptions();

  /// The checkpoint; the caller closes it, or hands it to a model.
  Checkpoint checkpoint(Console console) {
    return model.equals(DEMO)
        ? DemoModel.checkpoint()
        : Checkpoint.open(Pulling.folder(model, console));
  }

  OpenOptions openOptions(Console console) {
    return device.openOptions(console);
  }

  /// Opens the model; the caller closes it.
  VisionLanguageModel open(Console console) {
    Logging.to(console);
    OpenOptions options = openOptions(console); // a wrong value is told before anything is opened
    return VisionLanguageModel.open(checkpoint(console), options);
  }

  /// The small files of a model, by name; its weights are not looked at.
  static TokenizerFiles files(String model, Console console) {
    if (model.equals(DEMO)) {
      return DemoModel::file;
    }
    Path folder = Pulling.folder(model, console);
    return name -> {
      Path file = folder.resolve(name);
      try {
        return Files.isRegularFile(file) ? Files.readAllBytes(file) : null;
      } catch (IOException e) {
        throw new UncheckedIOException(file + ": cannot be read", e);
      }
    };
  }

  /// A model's configuration; its weights are not looked at.
  static InternVlConfig config(String model, Console console) {
    TokenizerFiles files = files(model, console);
    Json config = json(files, "config.json");
    if (config == null) {
      throw new CheckpointException(model, "has no config.json");
    }
    return InternVlConfig.of(config, name -> json(files, name));
  }

  private static @Nullable Json json(TokenizerFiles files, String name) {
    byte[] bytes = files.read(name);
    return bytes == null ? null : Json.parse(bytes, name);
  }
}
