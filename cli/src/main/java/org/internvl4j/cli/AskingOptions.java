package org.internvl4j.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Conversation;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Everything that the commands which ask a model have in common.
final class AskingOptions {
  @Mixin final ModelOptions model = new ModelOptions();
  @Mixin final PictureInput pictures = new PictureInput();
  @Mixin final GenerationOptions generation = new GenerationOptions();
  @Mixin final DrawOption drawing = new DrawOption();

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "System message in place of the model's own.")
  @Nullable String system;

  @Option(names = "--json", description = "One line of JSON an answer, when it is complete.")
  boolean json;

  @Option(
      names = "--stats",
      description = "Where the time went, tokens a second, memory: to stderr.")
  boolean stats;

  /// Opens the model; the caller closes it.
  VisionLanguageModel open(Console console) {
    generation.generation(); // a wrong value is told before anything is loaded
    long start = System.nanoTime();
    VisionLanguageModel opened = model.open(console);
    if (stats) {
      console.report(
          Stats.opening(
              opened.name(), opened.description(), Duration.ofNanos(System.nanoTime() - start)));
    }
    return opened;
  }

  /// A new conversation with the system message that was asked for; the caller closes it.
  Conversation conversation(VisionLanguageModel opened) {
    return opened.conversation().system(system);
  }

  /// Asks, writes the answer as these options say, and gives it.
  ///
  /// @param shown what the boxes of the answer lie on
  /// @param label what is written before the answer
  Answer ask(
      Console console,
      Conversation conversation,
      Question question,
      List<Path> files,
      Shown shown,
      String label) {
    Answer answer;
    try (StreamedAnswer listener =
        json ? StreamedAnswer.awaited(console) : StreamedAnswer.written(console, label)) {
      answer = conversation.ask(pictures.limit(question), generation.generation(), listener);
      listener.complete();
    }
    if (json) {
      console.out().println(AnswerJson.of(question.text(), files, answer, shown.only()));
    }
    tellCutOff(console, answer);
    if (stats) {
      console.report(Stats.of(answer));
    }
    return answer;
  }

  private static void tellCutOff(Console console, Answer answer) {
    switch (answer.finish()) {
      case LENGTH ->
          console.note(
              "internvl: the answer was cut off after "
                  + answer.usage().newTokens()
                  + " tokens; --max-tokens allows more");
      case CONTEXT -> console.note("internvl: the answer was cut off, the context is full");
      case STOP, STOP_TEXT, CANCELLED -> {}
    }
  }
}
