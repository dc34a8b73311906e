package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.batch.Task;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.contrastive.ZeroShotPrompts;
import org.internvl4j.models.grounding.Grounding;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What is done with every row of a batch.
final class TaskOptions {
  /// Kinds of tasks.
  enum Kind {
    ASK,
    DESCRIBE,
    BOXES,
    EMBED,
    CLASSIFY
  }

  @Option(
      names = "--task",
      defaultValue = "ask",
      paramLabel = "TASK",
      description =
          "ask (default): a question, -p; describe: at length; boxes: where is this, --find; embed: vectors; classify:"
              + " the nearest classes, -c.")
  private Kind kind = Kind.ASK;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "The question, for rows that have none of their own.")
  private @Nullable String prompt;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "System message in place of the model's own.")
  private @Nullable String system;

  @Option(names = "--find", paramLabel = "TEXT", description = "With boxes: what to point at.")
  private @Nullable String find;

  @Option(
      names = "--vectors",
      defaultValue = "mean",
      paramLabel = "WHAT",
      description =
          "With embed: mean (default) of the tower's patches; class: its class token; c, g: InternVL-14B's; states: the"
              + " decoder's mean.")
  private Task.Vectors vectors = Task.Vectors.MEAN;

  @Option(
      names = {"-c", "--class"},
      paramLabel = "NAME",
      description = "With classify: a class; again for more.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--classes",
      paramLabel = "FILE",
      description = "With classify: a name a line, or a JSON list.")
  private @Nullable Path classes;

  @Option(
      names = "--templates",
      paramLabel = "FILE",
      description = "With classify: sentences with {c} where a name goes.")
  private @Nullable Path templates;

  @Option(
      names = "--mode",
      defaultValue = "c",
      paramLabel = "MODE",
      description = "With classify: c (default) or g.")
  private ContrastiveModel.Mode mode = ContrastiveModel.Mode.C;

  @Option(
      names = "--top",
      paramLabel = "K",
      defaultValue = "5",
      description = "With classify: how many classes a picture (${DEFAULT-VALUE}).")
  private int top;

  @Mixin private final GenerationOptions generation = new GenerationOptions();

  /// @throws UsageException if something is missing, or does not go together
  Task task(PictureInput pictures) throws IOException {
    requireAlone(kind == Kind.BOXES, "--find", find != null, "boxes");
    requireAlone(kind == Kind.CLASSIFY, "-c", !names.isEmpty(), "classify");
    requireAlone(kind == Kind.CLASSIFY, "--classes", classes != null, "classify");
    requireAlone(
        kind != Kind.EMBED && kind != Kind.CLASSIFY, "-p", prompt != null, "ask or describe");
    return switch (kind) {
      case ASK -> asking(prompt == null ? Task.Asking.NONE : prompt, pictures);
      case DESCRIBE -> asking(prompt == null ? Task.Asking.DESCRIBE : prompt, pictures);
      case BOXES -> asking(finding(), pictures);
      case EMBED -> new Task.Embedding(vectors);
      case CLASSIFY -> classifying();
    };
  }

  private static void requireAlone(boolean fits, String option, boolean given, String task) {
    if (given && !fits) {
      throw new UsageException(option + " goes with --task " + task);
    }
  }

  private Task asking(String question, PictureInput pictures) {
    if (prompt != null && prompt.isBlank()) {
      throw new UsageException("the prompt is empty");
    }
    int most = pictures.maxTiles == null ? 0 : PictureInput.requireMaxTiles(pictures.maxTiles);
    return new Task.Asking(
        question,
        kind == Kind.BOXES,
        system,
        most,
        generation.generation().withConstraint(null),
        generation.schemaText());
  }

  private String finding() {
    if (find == null || prompt != null) {
      throw new UsageException(
          "--task boxes looks for what --find names, "
              + (prompt == null ? "which is missing" : "not for -p"));
    }
    try {
      return Grounding.question(find);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--" + e.getMessage());
    }
  }

  private Task classifying() throws IOException {
    if (names.isEmpty() == (classes == null)) {
      throw new UsageException("expected -c NAME for every class, or --classes FILE");
    }
    if (top < 1) {
      throw new UsageException("--top is " + top + ", expected at least 1");
    }
    List<String> wanted = classes == null ? names : ClassNames.read(classes, "");
    List<String> sentences =
        templates == null ? ZeroShotPrompts.PLAIN : ClassNames.read(templates, "");
    return new Task.Classifying(new ZeroShotPrompts(wanted, sentences), mode, top);
  }
}
