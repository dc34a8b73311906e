package org.internvl4j.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.models.constraint.Constraint;
import org.internvl4j.models.constraint.Cursor;
import org.internvl4j.models.constraint.TokenTrie;
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
  private final TokenStream stream;
  private final AnswerText text;
  private final @Nullable Cursor cursor; // of an answer that is held to a constraint
  private int cursorTold; // characters of its text that are in text
  private final AnswerListener listener;
  private final IntList made;
  private final Drafts drafts;
  private int drafted;
  private int accepted;
  private final boolean decodesAsItGrows;
  private int decoded; // ids of made that are in text
  private Answer.@Nullable Finish finish;

  /// @param model its name, for messages
  /// @param context tokens that the sequence may have
  /// @param stop the token that ends an answer; its text ends one too
  /// @param tokens what a constraint is checked with; asked only if there is one
  Sequence(
      String model,
      Prompt prompt,
      KvCache cache,
      Generation options,
      int context,
      String stop,
      Tokenizer tokenizer,
      Supplier<TokenTrie> tokens,
      AnswerListener listener) {
    this.model = model;
    this.prompt = prompt;
    this.cache = cache;
    this.options = options;
    this.context = context;
    this.made = new IntList(Math.min(options.maxNewTokens(), context));
    this.drafts = new Drafts(prompt, made);
    this.stopToken =
        tokenizer
            .id(stop)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "tokenizer: has no token " + stop + ", which the template ends answers with"));
    Constraint constraint = options.constraint();
    this.cursor = constraint == null ? null : constraint.cursor(tokens.get(), stopToken);
    this.stops = new ArrayList<>(options.stop());
    stops.add(stop);
    this.tokenizer = tokenizer;
    this.stream = tokenizer.stream(Specials.KEEP_GROUNDING);
    this.text = new AnswerText(stops, listener::text);
    this.listener = listener;
    this.decodesAsItGrows = isHeard(listener) || !options.stop().isEmpty();
  }

  @SuppressWarnings("ReferenceEquality") // NONE is itself
  private static boolean isHeard(AnswerListener listener) {
    return listener != AnswerListener.NONE;
  }

  Prompt prompt() {
    return prompt;
  }

  KvCache cache() {
    return cache;
  }

  Generation options() {
    return options;
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

  /// Whether something is added to logits before a token is chosen: [#bias].
  boolean isBiased() {
    return !options.isUnbiased();
  }

  /// What is added to the logits of the next token.
  ///
  /// @param bias `[V]`, overwritten
  void bias(float[] bias) {
    LogitBias wanted = options.bias();
    Arrays.fill(bias, 0);
    wanted
        .tokens()
        .forEach((id, value) -> {
          if (id >= 0 && id < bias.length) {
            bias[id] += value;
          }
        });
    if (wanted.presence() != 0 || wanted.frequency() != 0) {
      Map<Integer, Integer> counts = new HashMap<>();
      for (int i = 0; i < made.size(); i++) {
        counts.merge(made.get(i), 1, Integer::sum);
      }
      counts.forEach((id, count) -> bias[id] -= wanted.presence() + count * wanted.frequency());
    }
    if (cursor != null) {
      long[] allowed = cursor.allowed();
      for (int id = 0; id < bias.length; id++) {
        if ((allowed[id >> 6] >> id & 1) == 0) {
          bias[id] = Float.NEGATIVE_INFINITY;
        }
      }
    }
  }

  /// Guesses tokens behind the last one, no more than the answer has room for.
  ///
  /// @return how many
  int draft() {
    if (isBiased() || options.logprobs() >= 0) {
      return 0;
    }
    int room = Math.min(options.maxNewTokens(), context - prompt.length()) - made.size() - 1;
    return drafts.find(Math.min(options.lookup(), room));
  }

  /// The row behind the last token: it, or what was guessed to follow it.
  ///
  /// @param row 0 for the last token
  int row(int row) {
    return row == 0 ? last() : drafts.id(row - 1);
  }

  /// Takes the token that was chosen next, and further ones as long as what was guessed is what was
  /// chosen. The cache keeps the rows of tokens that were.
  ///
  /// @param row the row of the pass that was this sequence's last token; its guesses follow
  /// @param guesses how many there are
  void take(Logits logits, int row, int guesses) {
    take(logits, row);
    int right = 0;
    while (right < guesses && !finished() && last() == drafts.id(right)) {
      right++;
      take(logits, row + right);
    }
    cache.truncate(cache.length() - (guesses - right));
    drafted += guesses;
    accepted += right;
  }

  /// Takes the token that was chosen next. Allocates nothing if no text is wanted while the answer
  /// grows.
  ///
  /// @param row the row of the pass that was this sequence's last token
  /// @throws CheckpointException if the logits are no numbers
  void take(Logits logits, int row) {
    int id = logits.chosen(row);
    if (id < 0) {
      throw new CheckpointException(
          model, "computed NaN for the next token; a weight is probably damaged");
    }
    made.add(id);
    if (cursor != null) {
      cursor.accept(id);
    }
    if (options.logprobs() >= 0) {
      listener.token(Likelihoods.choice(id, logits.values(row), options.logprobs(), tokenizer));
    }
    if (id == stopToken) {
      finish = Answer.Finish.STOP;
    } else if (decodesAsItGrows && decode()) {
      finish = Answer.Finish.STOP_TEXT;
    } else if (made.size() == options.maxNewTokens()) {
      finish = Answer.Finish.LENGTH;
    } else if (prompt.length() + made.size() == context) {
      finish = Answer.Finish.CONTEXT;
    }
  }

  /// Decodes the ids that have not been decoded yet, up to one that completes a stop text: it and
  /// nothing behind it belongs to the answer.
  ///
  /// @return whether a stop text has come
  private boolean decode() {
    if (cursor != null) {
      return text.add(fresh(cursor, finish == null));
    }
    while (decoded < made.size()) {
      int id = made.get(decoded++);
      if (id != stopToken && text.add(stream.push(id))) {
        made.truncate(decoded);
        return true;
      }
    }
    return false;
  }

  /// What has come since it was asked last, as the constraint sees it: byte for byte what tokens
  /// say, though a tokenizer may tidy up spaces.
  ///
  /// @param goesOn whether the end may be half a character
  private String fresh(Cursor cursor, boolean goesOn) {
    String all = cursor.text();
    int end = all.length();
    while (goesOn && end > cursorTold && all.charAt(end - 1) == '\ufffd') {
      end--;
    }
    String fresh = all.substring(cursorTold, end);
    cursorTold = end;
    return fresh;
  }

  /// Ends it, whatever comes next.
  void end(Answer.Finish why) {
    finish = why;
  }

  /// The answer, once finished.
  ///
  /// @param cached tokens of the prompt that did not have to be read
  /// @param encoded tiles that had to be
  Answer answer(int cached, int encoded, Answer.Timings timings) {
    if (finish == null) {
      throw new IllegalStateException("sequence: not finished");
    }
    if (decode()) {
      finish = Answer.Finish.STOP_TEXT;
    }
    text.add(stream.finish());
    if (cursor != null) {
      String whole = text.finish();
      return new Answer(whole, whole, finish, usage(cached, encoded), timings);
    }
    String plain = AnswerText.strip(tokenizer.decode(made.toArray(), Specials.SKIP), stops);
    return new Answer(text.finish(), plain, finish, usage(cached, encoded), timings);
  }

  private Answer.Usage usage(int cached, int encoded) {
    return new Answer.Usage(
        prompt.length(), cached, made.size(), prompt.tiles().size(), encoded, drafted, accepted);
  }
}
