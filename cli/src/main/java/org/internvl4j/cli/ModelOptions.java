package org.internvl4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.models.internvl.Adapter;
import org.internvl4j.models.internvl.Adapters;
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

  @Option(
      names = "--lora",
      paramLabel = "DIR[=WEIGHT]",
      description =
          "A LoRA adapter as PEFT writes it, and what to multiply its changes by (1); again for more.")
  private List<String> adapters = new ArrayList<>();

  @Mixin private final DeviceOptions device = new DeviceOptions();

  /// The checkpoint; the caller closes it, or hands it to a model.
  Checkpoint checkpoint(Console console) {
    return model.equals(DEMO)
        ? DemoModel.checkpoint()
        : Checkpoint.open(Pulling.folder(model, console));
  }

  OpenOptions openOptions(Console console) {
    OpenOptions options = device.openOptions(console);
    for (Adapters.Choice adapter : adapters()) {
      options = options.withAdapter(adapter.folder(), adapter.weight());
    }
    return options;
  }

  /// What numbers depend on beside the model, by name. Reads all of the adapters.
  Map<String, String> numbers() {
    Map<String, String> numbers = new TreeMap<>(device.numbers());
    numbers.put("adapters", String.join(" ", adapters));
    List<String> hashes = adapters().stream().map(a -> Adapter.sha256(a.folder())).toList();
    numbers.put("adapters_sha256", String.join(" ", hashes));
    return numbers;
  }

  /// The adapters that are asked for.
  ///
  /// @throws UsageException if a weight is not a number
  List<Adapters.Choice> adapters() {
    return adapters.stream().map(ModelOptions::adapter).toList();
  }

  private static Adapters.Choice adapter(String text) {
    int at = text.lastIndexOf('=');
    if (text.isBlank()) {
      throw new UsageException("--lora is empty, expected DIR or DIR=WEIGHT");
    }
    if (at < 0 || Files.isDirectory(Path.of(text))) {
      return new Adapters.Choice(Path.of(text), 1);
    }
    double weight;
    try {
      weight = Double.parseDouble(text.substring(at + 1));
    } catch (NumberFormatException e) {
      weight = Double.NaN;
    }
    if (at == 0 || !Float.isFinite((float) weight)) {
      throw new UsageException(
          "--lora is " + text + ", expected DIR or DIR=WEIGHT, WEIGHT a number: style=0.5");
    }
    return new Adapters.Choice(Path.of(text.substring(0, at)), weight);
  }

  /// Opens the model; the caller closes it.
  VisionLanguageModel open(Console console) {
    Logging.to(console);
    OpenOptions options = openOptions(console); // a wrong value is told before anything is opened
    return VisionLanguageModel.open(checkpoint(console), options);
  }

  /// How the model cuts pictures; its weights are not looked at.
  Tiling tiling(Console console) {
    return config(model, console).tiling();
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
