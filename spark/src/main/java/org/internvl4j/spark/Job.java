package org.internvl4j.spark;

import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
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

  Job {
    classes = List.copyOf(classes);
  }

  /// @throws IllegalArgumentException if an option makes no sense, naming it
  static Job asking(Map<String, String> options) {
    return checked(new Job(Kind.ASK, Options.ofAnswers(options), List.of()));
  }

  /// @throws IllegalArgumentException if an option makes no sense, naming it
  static Job pointing(Map<String, String> options) {
    return checked(new Job(Kind.BOXES, Options.ofAnswers(options), List.of()));
  }

  /// @throws IllegalArgumentException if an option makes no sense, naming it
  static Job embedding(Map<String, String> options) {
    return checked(new Job(Kind.EMBED, Options.of(options, Set.of("vectors")), List.of()));
  }

  /// @throws IllegalArgumentException if an option makes no sense, naming it
  static Job classifying(Map<String, String> options, List<String> classes) {
    return checked(new Job(Kind.CLASSIFY, Options.of(options, Set.of("mode", "top")), classes));
  }

  /// Wrong options are told where they are given, not by executors.
  private static Job checked(Job job) {
    Task _ = job.task();
    return job;
  }

  Task task() {
    return switch (kind) {
      case ASK, BOXES ->
          new Task.Asking(
              options.text("prompt", Task.Asking.NONE),
              kind == Kind.BOXES,
              options.find("system"),
              (int) options.number("max_tiles", 0, 0),
              generation(),
              options.find("schema"));
      case EMBED -> new Task.Embedding(choice("vectors", Task.Vectors.values(), Task.Vectors.MEAN));
      case CLASSIFY ->
          new Task.Classifying(
              new ZeroShotPrompts(classes, ZeroShotPrompts.PLAIN),
              choice("mode", ContrastiveModel.Mode.values(), ContrastiveModel.Mode.C),
              (int) options.number("top", 5, 1));
    };
  }

  private Generation generation() {
    Generation plain = Generation.GREEDY;
    return plain
        .withMaxNewTokens((int) options.number("max_tokens", plain.maxNewTokens(), 1))
        .withTemperature(options.fraction("temperature", plain.temperature()))
        .withTopK((int) options.number("top_k", plain.topK(), 0))
        .withTopP(options.fraction("top_p", plain.topP()))
        .withRepetitionPenalty(options.fraction("repetition_penalty", plain.repetitionPenalty()))
        .withSeed(options.number("seed", plain.seed(), Long.MIN_VALUE));
  }

  private <E extends Enum<E>> E choice(String name, E[] values, E otherwise) {
    String text = options.find(name);
    if (text == null) {
      return otherwise;
    }
    for (E value : values) {
      if (value.name().equalsIgnoreCase(text)) {
        return value;
      }
    }
    throw Options.wrong(
        name, text, "one of " + List.of(values).toString().toLowerCase(Locale.ROOT));
  }
}
