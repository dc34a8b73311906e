package org.internvl4j.models;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.models.text.IntList;
import org.internvl4j.models.text.Specials;
import org.internvl4j.models.text.TokenStream;
import org.internvl4j.models.text.Tokenizer;
import org.internvl4j.runtime.KvCache;
import org.jspecify.annotations.Nullable;

/// One answer in the making: its prompt, its past, what was chosen so far.
final class Sequence {
  private final String model;
  private final Prompt prompt;
  private final KvCache cache;
  private final Generation options;
  private final int context;
  private final int stopToken;
  private final List<String> stops;
  private final Tokenizer tokenizer;
  private final Sampler sampler;
  private final TokenStream stream;
  private final AnswerText text;
  private final IntList made;
  private Answer.@Nullable Finish finish;

  /// @param model its name, for messages
  /// @param context tokens that the sequence may have
  /// @param stop the token that ends an answer; its text ends one too
  Sequence(
      String model,
      Prompt prompt,
      KvCache cache,
      Generation options,
      int context,
      String stop,
      Tokenizer tokenizer,
      AnswerListener listener) {
    this.model = model;
    this.prompt = prompt;
    this.cache = cache;
    this.options = options;
    this.context = context;
    this.made = new IntList(Math.min(options.maxNewTokens(), context));
    this.stopToken =
        tokenizer
            .id(stop)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "tokenizer: has no token " + stop + ", which the template ends answers with"));
    this.stops = new ArrayList<>(options.stop());
    stops.add(stop);
    this.tokenizer = tokenizer;
    this.sampler = new Sampler(options);
    this.stream = tokenizer.stream(Specials.KEEP_GROUNDING);
    this.text = new AnswerText(stops, listener::text);
  }

  Prompt prompt() {
    return prompt;
  }

  KvCache cache() {
    return cache;
  }

  boolean finished() {
    return finish != null;
  }

  /// The id chosen last: input of the next step.
  int last() {
    return made.get(made.size() - 1);
  }

  /// The ids chosen so far.
  IntList made() {
    return made;
  }

  /// Chooses the next token.
  ///
  /// @throws CheckpointException if the logits are no numbers
  void choose(float[] logits) {
    for (float logit : logits) {
      if (Float.isNaN(logit)) {
        throw new CheckpointException(
            model, "computed NaN for the next token; a weight is probably damaged");
      }
    }
    int id = sampler.next(logits);
    made.add(id);
    if (id == stopToken) {
      finish = Answer.Finish.STOP;
    } else if (text.add(stream.push(id))) {
      finish = Answer.Finish.STOP_TEXT;
    } else if (made.size() == options.maxNewTokens()) {
      finish = Answer.Finish.LENGTH;
    } else if (prompt.length() + made.size() == context) {
      finish = Answer.Finish.CONTEXT;
    }
  }

  void cancel() {
    finish = Answer.Finish.CANCELLED;
  }

  /// The answer, once finished.
  Answer answer(Answer.Usage usage, Answer.Timings timings) {
    if (finish == null) {
      throw new IllegalStateException("sequence: not finished");
    }
    text.add(stream.finish());
    String plain = AnswerText.strip(tokenizer.decode(made.toArray(), Specials.SKIP), stops);
    return new Answer(text.finish(), plain, finish, usage, timings);
  }
}
