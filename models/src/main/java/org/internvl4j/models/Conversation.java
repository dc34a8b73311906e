package org.internvl4j.models;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// Questions and answers that build on each other.
///
/// Each prompt is the text of the whole conversation, tokenised anew, as in the reference; what it
/// shares with the prompt before is not computed again, and a picture is encoded once. One thread
/// at a time, but for [#cancel]. The caller closes it, before the model. What a turn shares with
/// the one before is not computed again. Its last bits may then differ from those of a conversation
/// that reads all of it at once, since few rows may sum in another order than many: a near tie may
/// be decided otherwise.
public final class Conversation implements AutoCloseable {
  private final VisionLanguageModel model;
  private final Workspace steps;
  private final List<Prompt.Said> said = new ArrayList<>();
  private Generator generator;
  private KvCache cache;
  private @Nullable Sequence past; // whose tokens the cache holds
  private @Nullable String system;
  private volatile boolean cancelled;

  Conversation(VisionLanguageModel model) {
    this.model = model;
    this.steps = new Workspace(model.device(), "conversation");
    steps.cancelWhen(() -> cancelled);
    this.generator = new Generator(model.net(), steps);
    this.cache = model.net().decoder().newCache("conversation");
  }

  /// Replaces the system message; null brings back the checkpoint's own.
  ///
  /// @return this
  public Conversation system(@Nullable String message) {
    system = message;
    return this;
  }

  /// Asks and waits for the whole answer, greedy.
  public Answer ask(Question question) {
    return ask(question, Generation.GREEDY, AnswerListener.NONE);
  }

  /// Asks, tells the answer piece by piece, and remembers both.
  ///
  /// @param listener called on this thread
  /// @return the whole answer; with [Answer.Finish#CANCELLED] what had come by then
  /// @throws PromptTooLongException if question and history do not fit the context; nothing is
  ///   remembered then
  /// @throws IllegalArgumentException if marks and pictures do not match
  public Answer ask(Question question, Generation options, AnswerListener listener) {
    cancelled = false;
    Asked asked = asked(question);
    Prompt prompt = Prompt.of(model, system, said, asked);
    model.requireFits(prompt);
    long start = System.nanoTime();
    Duration vision = Duration.ZERO;
    Duration prefill = Duration.ZERO;
    int encoded = 0;
    int reused = 0;
    Sequence sequence = model.sequence(prompt, cache, options, listener);
    try {
      encoded = generator.see(prompt, listener);
      vision = since(start);
      reused = reuse(prompt);
      past = sequence;
      cache.reserve(model.room(prompt, options));
      generator.read(sequence, reused, listener);
      prefill = since(start).minus(vision);
      List<Sequence> only = List.of(sequence);
      while (!sequence.finished()) {
        generator.advance(only);
      }
    } catch (CancellationException e) {
      sequence.end(Answer.Finish.CANCELLED);
    } finally {
      steps.reset();
    }
    Answer answer =
        sequence.answer(
            reused,
            encoded,
            new Answer.Timings(vision, prefill, since(start).minus(vision).minus(prefill)));
    if (!answer.text().isEmpty() || answer.finish() != Answer.Finish.CANCELLED) {
      said.add(new Prompt.Said(asked, answer.plainText()));
    }
    return answer;
  }

  private static Duration since(long start) {
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /// Stops the answer in the making within one kernel. Callable from any thread; does nothing if
  /// none is.
  public void cancel() {
    cancelled = true;
  }

  /// Forgets everything but the system message.
  public void clear() {
    said.clear();
    past = null;
    cache.truncate(0);
    generator.close();
    generator = new Generator(model.net(), steps);
  }

  /// What was said so far, oldest first.
  public List<Turn> history() {
    return said.stream().map(s -> new Turn(s.asked().text().text(), s.answer())).toList();
  }

  /// Adds a question and an answer that were given elsewhere.
  public void remember(Question question, String answer) {
    said.add(new Prompt.Said(asked(question), answer));
  }

  /// Puts another answer in the place of the last one.
  ///
  /// @throws IllegalStateException if nothing was answered yet
  public void correct(String answer) {
    if (said.isEmpty()) {
      throw new IllegalStateException("conversation: nothing was answered yet");
    }
    said.add(new Prompt.Said(said.removeLast().asked(), answer));
  }

  private Asked asked(Question question) {
    int earlier = said.stream().mapToInt(s -> s.asked().pictures().size()).sum();
    return Asked.of(model, question, earlier);
  }

  /// Keeps of the cache what the new prompt begins with.
  ///
  /// @return how many tokens; at least one of the prompt is left to compute
  private int reuse(Prompt prompt) {
    int common = past == null ? 0 : Math.min(common(past, prompt), prompt.length() - 1);
    cache.truncate(common);
    return common;
  }

  /// Tokens of the cache that `prompt` begins with and whose keys share its regime: what decoding
  /// added may have gone over to another.
  private int common(Sequence earlier, Prompt prompt) {
    long regime = model.regime(prompt.length());
    int read = earlier.prompt().length();
    if (model.regime(read) != regime) {
      return 0;
    }
    int common = Math.min(prompt.commonPrefix(earlier.prompt(), earlier.made()), cache.length());
    while (common > read && model.regime(common) != regime) {
      common--;
    }
    return common;
  }

  @Override
  public void close() {
    cache.close();
    generator.close();
    steps.close();
  }
}
