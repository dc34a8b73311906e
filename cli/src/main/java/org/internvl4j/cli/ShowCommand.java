package org.internvl4j.cli;

import java.util.concurrent.Callable;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.Blueprint;
import org.internvl4j.models.UnsupportedModelException;
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
    try (Checkpoint checkpoint = model.checkpoint(console)) {
      Blueprint blueprint = null;
      UnsupportedModelException obstacle = null;
      try {
        blueprint = Blueprint.of(checkpoint);
      } catch (UnsupportedModelException e) {
        obstacle = e;
      }
      tell(ModelFacts.of(checkpoint, blueprint, model.adapters()));
      if (obstacle != null) {
        console.complain(checkpoint.name() + " cannot run here: " + ExitCodes.sentence(obstacle));
        return ExitCodes.UNSUPPORTED;
      }
    }
    return ExitCodes.OK;
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
