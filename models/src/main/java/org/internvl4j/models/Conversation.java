package org.internvl4j.models;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.internvl4j.models.chat.ChatTemplate;
import org.internvl4j.models.chat.Marks;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// Questions and answers that build on each other.
///
/// Each prompt is the text of the whole conversation, tokenised anew, as in the reference; what it
/// shares with the prompt before is not computed again, and a picture is encoded once. One thread
/// at a time, but for [#cancel]. The caller closes it, before the model.
public final class Conversation implements AutoCloseable {
  private record Said(String question, List<Tiles> pictures, String answer) {}

  private final VisionLanguageModel model;
  private final Workspace steps;
  private final List<Said> said = new ArrayList<>();
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
    this.cache = model.net().decoder().newCache(steps, "conversation");
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
    Said asked = place(question);
    Prompt prompt = prompt(asked);
    model.requireFits(prompt);
    long start = System.nanoTime();
    long seen = start;
    int encoded = 0;
    int reused = 0;
    Sequence sequence = model.sequence(prompt, cache, options, listener);
    try {
      encoded = generator.see(prompt, listener);
      seen = System.nanoTime();
      reused = reuse(prompt);
      past = sequence;
      cache.reserve(model.room(prompt, options));
      sequence.choose(generator.read(prompt, cache, reused, listener));
    } catch (CancellationException e) {
      sequence.cancel();
    }
    long read = System.nanoTime();
    decode(sequence);
    Answer answer =
        sequence.answer(
            new Answer.Usage(
                prompt.length(), reused, sequence.made().size(), prompt.tiles().size(), encoded),
            new Answer.Timings(
                Duration.ofNanos(seen - start),
                Duration.ofNanos(read - seen),
                Duration.ofNanos(System.nanoTime() - read)));
    if (!answer.text().isEmpty() || answer.finish() != Answer.Finish.CANCELLED) {
      said.add(new Said(asked.question(), asked.pictures(), answer.plainText()));
    }
    return answer;
  }

  private void decode(Sequence sequence) {
    try {
      while (!sequence.finished()) {
        generator.advance(List.of(sequence));
      }
    } catch (CancellationException e) {
      sequence.cancel();
    } finally {
      steps.reset(0);
    }
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
    return said.stream().map(s -> new Turn(s.question(), s.answer())).toList();
  }

  /// Adds a question and an answer that were given elsewhere.
  public void remember(Question question, String answer) {
    Said asked = place(question);
    said.add(new Said(asked.question(), asked.pictures(), answer));
  }

  /// Puts another answer in the place of the last one.
  ///
  /// @throws IllegalStateException if nothing was answered yet
  public void correct(String answer) {
    if (said.isEmpty()) {
      throw new IllegalStateException("conversation: nothing was answered yet");
    }
    Said last = said.removeLast();
    said.add(new Said(last.question(), last.pictures(), answer));
  }

  private Said place(Question question) {
    int earlier = said.stream().mapToInt(s -> s.pictures().size()).sum();
    return place(model, question, earlier);
  }

  private Prompt prompt(Said asked) {
    List<Said> all = new ArrayList<>(said);
    all.add(asked);
    return prompt(model, system, all);
  }

  /// The prompt of a question that stands alone.
  static Prompt single(VisionLanguageModel model, Question question) {
    return prompt(model, null, List.of(place(model, question, 0)));
  }

  private static Said place(VisionLanguageModel model, Question question, int earlier) {
    List<Tiles> pictures = model.tiles(question);
    String text = Marks.place(question.text(), pictures.size(), earlier);
    int marks = Marks.count(text);
    if (marks == 1 && pictures.size() > 1) {
      pictures = List.of(Tiles.concat(pictures));
    }
    if (marks < pictures.size() || (marks > pictures.size() && !pictures.isEmpty())) {
      throw new IllegalArgumentException(
          "question: has "
              + marks
              + " marks "
              + Marks.IMAGE
              + " but "
              + pictures.size()
              + " pictures; write one mark a picture, a single one, or none");
    }
    return new Said(text, pictures, "");
  }

  /// The last of `all` is the question that waits for its answer.
  private static Prompt prompt(VisionLanguageModel model, @Nullable String system, List<Said> all) {
    ChatTemplate template =
        system == null ? model.template() : model.template().withSystemMessage(system);
    int perTile = model.config().tokensPerTile();
    List<ChatTemplate.Exchange> exchanges = new ArrayList<>();
    List<Prompt.Tile> tiles = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      Said s = all.get(i);
      List<Integer> counts = s.pictures().stream().map(t -> t.count() * perTile).toList();
      boolean open = i == all.size() - 1;
      exchanges.add(
          new ChatTemplate.Exchange(Marks.expand(s.question(), counts), open ? null : s.answer()));
      for (Tiles picture : s.pictures()) {
        for (int tile = 0; tile < picture.count(); tile++) {
          tiles.add(new Prompt.Tile(picture, tile, picture.digest() + "/" + tile));
        }
      }
    }
    int[] ids = model.tokenizer().encode(template.render(exchanges));
    return new Prompt(ids, model.imageToken(), tiles, perTile);
  }

  /// Keeps of the cache what the new prompt begins with.
  ///
  /// @return how many tokens; at least one of the prompt is left to compute
  private int reuse(Prompt prompt) {
    int common = 0;
    if (past != null && model.regime(past.prompt().length()) == model.regime(prompt.length())) {
      common = prompt.commonPrefix(past.prompt(), past.made());
      common = Math.min(common, Math.min(cache.length(), prompt.length() - 1));
      common = Math.min(common, unmixed());
    }
    cache.truncate(common);
    return common;
  }

  /// Tokens of the cache up to which all keys share the regime of the prompt.
  private int unmixed() {
    Sequence sequence = past;
    if (sequence == null) {
      return 0;
    }
    int prompt = sequence.prompt().length();
    int length = cache.length();
    while (length > prompt && model.regime(length) != model.regime(prompt)) {
      length--;
    }
    return length;
  }

  @Override
  public void close() {
    cache.close();
    generator.close();
    steps.close();
  }
}
