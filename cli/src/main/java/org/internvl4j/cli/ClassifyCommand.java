package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.contrastive.Vectors;
import org.internvl4j.models.contrastive.ZeroShot;
import org.internvl4j.models.contrastive.ZeroShot.Guess;
import org.internvl4j.models.contrastive.ZeroShotPrompts;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "classify",
    description = {
      "Says of which class each picture is, of classes that are named and were never trained for.",
      "Needs a model that puts pictures and texts into one space: InternVL-14B-224px.",
      "With --head, of which class of those that a linear probe was trained for; the model is its tower."
    })
final class ClassifyCommand implements Computing {
  private final Console console;

  @Mixin private final ContrastiveOptions contrastive = new ContrastiveOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "PICTURE",
      description = "Picture files, folders of them, or - for a list on stdin.")
  private List<Path> files = List.of();

  @Option(
      names = {"-c", "--class"},
      paramLabel = "NAME",
      description = "A class; repeated for the others.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--classes",
      paramLabel = "FILE",
      description = "Names: a JSON list, JSON lists by data set, or a name a line.")
  private @Nullable Path classes;

  @Option(
      names = "--head",
      paramLabel = "FILE",
      description =
          "A linear probe, .safetensors or .pth, for the model's InternViT; --classes names its classes.")
  private @Nullable Path head;

  @Option(
      names = "--templates",
      paramLabel = "FILE",
      description =
          "Sentences with {c} where a name goes, in the same forms. Default: the name alone.")
  private @Nullable Path templates;

  @Option(
      names = "--dataset",
      paramLabel = "NAME",
      defaultValue = "",
      description = "Which of the data sets in these files: imagenet1k.")
  private String dataset = "";

  @Option(
      names = "--vectors",
      paramLabel = "FILE",
      description =
          "Keeps the vectors of the classes in a safetensors file, and takes them from it the next time.")
  private @Nullable Path vectors;

  @Option(
      names = "--top",
      paramLabel = "K",
      defaultValue = "5",
      description = "How many classes are told of each picture (${DEFAULT-VALUE}).")
  private int top;

  @Option(
      names = "--together",
      description = "The pictures are frames of one video, of which one class is told.")
  private boolean together;

  @Option(names = "--json", description = "One line of JSON a picture.")
  private boolean json;

  ClassifyCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (top < 1) {
      throw new UsageException("--top is " + top + ", expected at least 1");
    }
    if (head != null) {
      requireNoTexts();
      List<String> known = classes == null ? List.of() : ClassNames.read(classes, dataset);
      Map<String, Path> named = PictureFiles.of(files, console);
      return new Probing(head, known, top, json, console).run(contrastive, named);
    }
    if (vectors != null) {
      Outputs.requireFile(vectors);
    }
    ZeroShotPrompts prompts = prompts();
    Map<String, Path> named = PictureFiles.of(files, console);
    try (ContrastiveModel model = contrastive.open(console)) {
      ZeroShot zeroShot = zeroShot(model, prompts);
      ContrastiveOptions.Seen seen = contrastive.see(model, named, false, console);
      if (together && !seen.found().isEmpty()) {
        tell(seen.found().size() + " frames", zeroShot.classify(Vectors.mean(seen.features())));
      } else {
        seen.found().forEach((name, feature) -> tell(name, zeroShot.classify(feature)));
      }
      return seen.code();
    }
  }

  /// A probe knows no texts: what is said about them would be ignored.
  private void requireNoTexts() {
    String other =
        !names.isEmpty()
            ? "-c"
            : templates != null ? "--templates" : vectors != null ? "--vectors" : null;
    if (other != null || together) {
      throw new UsageException(
          (other == null ? "--together" : other)
              + " goes with classes that are described in words, not with --head");
    }
  }

  private ZeroShotPrompts prompts() throws IOException {
    if (names.isEmpty() == (classes == null)) {
      throw new UsageException("expected -c NAME for every class, or --classes FILE");
    }
    List<String> wanted = classes == null ? names : ClassNames.read(classes, dataset);
    return new ZeroShotPrompts(
        wanted, templates == null ? ZeroShotPrompts.PLAIN : ClassNames.read(templates, dataset));
  }

  private ZeroShot zeroShot(ContrastiveModel model, ZeroShotPrompts prompts) throws IOException {
    ClassVectors kept =
        vectors == null
            ? null
            : new ClassVectors(
                vectors, model.name(), contrastive.model.openOptions(console).weights(), prompts);
    ZeroShot found = kept == null ? null : kept.read();
    if (found != null) {
      return found;
    }
    Progress progress = new Progress(console);
    List<float[]> made = new ArrayList<>();
    for (String name : prompts.classes()) {
      made.add(ZeroShot.vector(model.textFeatures(prompts.about(name))));
      progress.show("reading classes", made.size(), prompts.classes().size());
    }
    progress.clear();
    ZeroShot zeroShot = new ZeroShot(prompts.classes(), made);
    if (kept != null) {
      kept.write(zeroShot);
    }
    return zeroShot;
  }

  private void tell(String name, List<Guess> guesses) {
    List<Guess> first = guesses.subList(0, Math.min(top, guesses.size()));
    if (json) {
      JsonWriter line = new JsonWriter().object().field("picture", name).array("classes");
      for (Guess guess : first) {
        line.object()
            .field("class", guess.name())
            .field("index", guess.index())
            .field("probability", guess.probability())
            .field("cosine", guess.cosine())
            .end();
      }
      console.out().println(line.end().end());
    } else {
      console.out().println(console.bold(name));
      for (Guess guess : first) {
        console.out().println("  %5.1f %%  %s".formatted(100 * guess.probability(), guess.name()));
      }
    }
  }
}
