package org.internvl4j.spark;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.internvl4j.batch.Task;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.Generation;
import org.internvl4j.models.contrastive.ZeroShotPrompts;

/// What is done with rows, as it travels to executors.
///
/// @param classes of pictures, for those that are classified; else none
record Job(Kind kind, Options options, List<String> classes) implements Serializable {
  /// Kinds of tasks.
  enum Kind {
    ASK,
    BOXES,
    EMBED,
    CLASSIFY
  }

  /// Wrong options are told where they are given, not by executors.
  ///
  /// @throws IllegalArgumentException if one makes no sense, naming it
  Job {
    classes = List.copyOf(classes);
    Opening.check(options);
    Task _ = task(kind, options, classes);
  }

  static Job asking(Map<?, ?> options) {
    return new Job(Kind.ASK, Options.of(options, List.of(Options.ANSWERS)), List.of());
  }

  static Job pointing(Map<?, ?> options) {
    return new Job(Kind.BOXES, Options.of(options, List.of(Options.ANSWERS)), List.of());
  }

  static Job embedding(Map<?, ?> options) {
    return new Job(Kind.EMBED, Options.of(options, List.of(Options.VECTORS)), List.of());
  }

  static Job classifying(Map<?, ?> options, List<String> classes) {
    return new Job(Kind.CLASSIFY, Options.of(options, List.of(Options.CLASSES)), classes);
  }

  Task task() {
    return task(kind, options, classes);
  }

  private static Task task(Kind kind, Options options, List<String> classes) {
    return switch (kind) {
      case ASK, BOXES ->
          new Task.Asking(
              options.text("prompt", Task.Asking.NONE),
              kind == Kind.BOXES,
              options.find("system"),
              options.count("max_tiles", 0, 0),
              generation(options),
              options.find("schema"));
      case EMBED ->
          new Task.Embedding(options.choice("vectors", Task.Vectors.values(), Task.Vectors.MEAN));
      case CLASSIFY ->
          new Task.Classifying(
              new ZeroShotPrompts(classes, ZeroShotPrompts.PLAIN),
              options.choice("mode", ContrastiveModel.Mode.values(), ContrastiveModel.Mode.C),
              options.count("top", 5, 1));
    };
  }

  private static Generation generation(Options options) {
    Generation plain = Generation.GREEDY;
    return plain
        .withMaxNewTokens(options.count("max_tokens", plain.maxNewTokens(), 1))
        .withTemperature(options.fraction("temperature", plain.temperature()))
        .withTopK(options.count("top_k", plain.topK(), 0))
        .withTopP(options.fraction("top_p", plain.topP()))
        .withRepetitionPenalty(options.fraction("repetition_penalty", plain.repetitionPenalty()))
        .withSeed(options.number("seed", plain.seed(), Long.MIN_VALUE, Long.MAX_VALUE));
  }
}
