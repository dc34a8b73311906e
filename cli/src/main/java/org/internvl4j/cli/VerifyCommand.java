package org.internvl4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.ContrastiveVerifier;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Verifier;
import org.internvl4j.models.Verifier.Check;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.contrastive.ContrastiveConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "verify",
    description = {
      "Compares a model with what the reference implementation computed from the same checkpoint.",
      "That is: hidden states, features, logits, greedy tokens, tokenizer, template, chats."
    })
final class VerifyCommand implements Computing {
  private final Console console;

  @Mixin private final ModelOptions model = new ModelOptions();

  @Parameters(
      arity = "0..1",
      paramLabel = "GOLDEN",
      description =
          "The reference's numbers. Default: golden.safetensors beside the model, if it is there.")
  private @Nullable Path golden;

  @Option(
      names = "--cases",
      paramLabel = "FILE",
      description = "Text-level cases. Default: cases.json beside the model, if it is there.")
  private @Nullable Path cases;

  @Option(
      names = "--eval",
      paramLabel = "FILE",
      description = "Held-out dialogues with the reference's answers; pictures lie beside it.")
  private @Nullable Path eval;

  @Option(names = "--json", description = "One line of JSON a comparison.")
  private boolean json;

  private int failed;
  private int made;

  VerifyCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Logging.to(console);
    golden = golden == null ? besideModel("golden.safetensors") : golden;
    cases = cases == null ? besideModel("cases.json") : cases;
    OpenOptions options = model.openOptions(console).withWholeTower();
    Checkpoint checkpoint = model.checkpoint(console);
    if (ContrastiveConfig.isOf(checkpoint.config())) {
      try (ContrastiveModel opened = ContrastiveModel.open(checkpoint, options)) {
        compare(new ContrastiveVerifier(opened, this::tell));
      }
    } else {
      try (VisionLanguageModel opened = VisionLanguageModel.open(checkpoint, options)) {
        requireComparable(); // a model that cannot be opened is told before
        compare(new Verifier(opened, this::tell));
      }
    }
    console.note(
        "%d %s, %d failed".formatted(made, made == 1 ? "comparison" : "comparisons", failed));
    return failed == 0 ? ExitCodes.OK : ExitCodes.FAILED;
  }

  private void requireComparable() {
    if (golden == null && eval == null) {
      throw new UsageException("nothing to compare with; name a golden.safetensors or --eval FILE");
    }
    if (golden == null && cases != null) {
      throw new UsageException("--cases needs the pictures in a golden.safetensors; name one");
    }
  }

  private void compare(ContrastiveVerifier verifier) {
    if (golden == null || cases == null) {
      throw new UsageException(
          "nothing to compare with; name a golden.safetensors and --cases FILE with its texts");
    }
    try (SafeTensors numbers = SafeTensors.open(golden)) {
      verifier.golden(numbers, read(cases));
    }
  }

  private void compare(Verifier verifier) {
    if (golden != null) {
      try (SafeTensors numbers = SafeTensors.open(golden)) {
        Json texts = cases == null ? null : read(cases);
        verifier.golden(numbers, texts);
        if (texts != null) {
          verifier.cases(texts, numbers);
        }
      }
    }
    if (eval != null) {
      Path file = eval;
      verifier.eval(read(file), name -> Pictures.read(file.resolveSibling(name)));
    }
  }

  private @Nullable Path besideModel(String name) {
    if (model.model.equals(ModelOptions.DEMO)) {
      return null;
    }
    Path file = Pulling.folder(model.model, console).resolve(name);
    return Files.exists(file) ? file : null;
  }

  private static Json read(Path file) {
    try {
      return Json.parse(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void tell(Check check) {
    made++;
    failed += check.passed() ? 0 : 1;
    console
        .out()
        .println(
            json
                ? line(check)
                : "%-6s %s: %s"
                    .formatted(check.passed() ? "ok" : "FAILED", check.name(), check.detail()));
  }

  private static String line(Check check) {
    JsonWriter line =
        new JsonWriter().object().field("name", check.name()).field("passed", check.passed());
    check
        .figures()
        .forEach((name, figure) -> {
          if (Double.isFinite(figure)) { // JSON has no word for the others
            line.field(name, figure);
          }
        });
    return line.field("detail", check.detail()).end().toString();
  }
}
