package org.internvl4j.cli;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.internvl.InternVlConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "show",
    description = {
      "Shows a model's architecture, sizes and needs. Reads no weights, only their headers.",
      "Of a model that cannot run here it shows what is known, and ends with code 4."
    })
final class ShowCommand implements Callable<Integer> {
  private static final Set<String> DECODERS =
      Set.of("Qwen2ForCausalLM", "InternLM2ForCausalLM", "LlamaForCausalLM", "Phi3ForCausalLM");

  private final Console console;

  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(names = "--json", description = "One line of JSON; sizes in bytes.")
  private boolean json;

  ShowCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Logging.to(console);
    try (Checkpoint checkpoint = model.checkpoint()) {
      InternVlConfig config = null;
      RuntimeException obstacle = null;
      try {
        config = InternVlConfig.of(checkpoint.config());
        requireSupported(config, checkpoint.config());
      } catch (UnsupportedModelException | UnsupportedOperationException e) {
        obstacle = e;
      }
      tell(ModelFacts.of(checkpoint, config));
      if (obstacle != null) {
        console.complain(checkpoint.name() + " cannot run here: " + ExitCodes.sentence(obstacle));
        return ExitCodes.UNSUPPORTED;
      }
    }
    return ExitCodes.OK;
  }

  private static void requireSupported(InternVlConfig config, Json json) {
    String decoder = config.language().architecture();
    if (!DECODERS.contains(decoder)) {
      throw new UnsupportedModelException(
          "config.json: llm_config architecture " + decoder + " is not supported yet");
    }
    requireTemplate(json);
  }

  /// Opens a model that has this configuration and nothing else: it fails, at the template if that
  /// is unknown, else for want of a tokenizer.
  private static void requireTemplate(Json config) {
    byte[] noTensors = {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    Checkpoint bare =
        Checkpoint.of(
            "configuration",
            Map.of(
                "config.json",
                config.toString().getBytes(StandardCharsets.UTF_8),
                "model.safetensors",
                noTensors));
    try {
      VisionLanguageModel.open(bare, OpenOptions.DEFAULT).close();
    } catch (CheckpointException expected) {
      return;
    }
  }

  private void tell(ModelFacts facts) {
    if (json) {
      console.out().println(facts.json());
    } else {
      facts
          .lines()
          .forEach((name, value) ->
              console.out().println(console.bold("%-15s".formatted(name)) + " " + value));
    }
  }
}
