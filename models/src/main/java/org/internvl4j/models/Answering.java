package org.internvl4j.models;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.runtime.KvCache;
import org.jspecify.annotations.Nullable;

/// An answer in the making that shares a [Session] with others: a prompt that waits, is read, grows
/// into an answer. Made on any thread; everything else happens on the session's own.
public final class Answering {
  private final Prompt prompt;
  private final Generation options;
  private final List<String> chunks;
  private final Retelling listener;
  private final @Nullable Pooled pooled;
  private @Nullable KvCache cache;
  private @Nullable Sequence sequence;
  private @Nullable Reading reading;
  private int made; // tokens, before it was suspended
  private int cached;
  private int encoded;
  private long vision; // ns
  private long prefill;
  private long decode;

  /// @param chunks what the prompt begins with: [Prefixes#chunks]
  /// @param pooled gets the states of a prompt that is not to be answered; null for others
  Answering(
      Prompt prompt,
      Generation options,
      List<String> chunks,
      AnswerListener listener,
      @Nullable Pooled pooled) {
    this.prompt = prompt;
    this.pooled = pooled;
    this.options = options;
    this.chunks = chunks;
    this.listener = new Retelling(listener);
  }

  /// Tokens of the prompt, those of pictures included.
  public int promptTokens() {
    return prompt.length();
  }

  /// Tiles of its pictures.
  public int tiles() {
    return prompt.tiles().size();
  }

  /// Cuts its pictures on this thread, which is left to the session's own otherwise.
  ///
  /// @return bytes of all tiles
  public long cutPictures() {
    List<Tiles> pictures = prompt.tiles().stream().map(Prompt.Tile::tiles).distinct().toList();
    pictures.forEach(Tiles::cut);
    return pictures.stream().mapToLong(Tiles::bytes).sum();
  }

  /// Tokens of the answer so far.
  public int newTokens() {
    return sequence == null ? 0 : sequence.made().size();
  }

  /// Whether it has memory in its session: [Session#admit].
  public boolean isAdmitted() {
    return cache != null;
  }

  /// Whether its prompt has to be read first: [Session#read].
  public boolean isReading() {
    return reading != null;
  }

  /// Whether reading it was left in the middle of a pass: no other prompt can be read then.
  public boolean isMidPass() {
    return reading != null && reading.isMidPass();
  }

  /// Whether the answer is complete, or the embedding.
  public boolean isFinished() {
    return sequence != null && sequence.finished();
  }

  /// Whether there is an [#embedding].
  public boolean hasEmbedding() {
    return pooled != null && pooled.rows() == prompt.length();
  }

  /// What the text is about ([Session#prepareEmbedding]), once finished.
  ///
  /// @return `[C]`, of length 1
  /// @throws IllegalStateException if it is to be answered, or not finished
  public float[] embedding() {
    if (pooled == null || !hasEmbedding()) {
      throw new IllegalStateException("answering: there is no embedding");
    }
    return pooled.vector();
  }

  // ---- for the session

  Prompt prompt() {
    return prompt;
  }

  Generation options() {
    return options;
  }

  List<String> chunks() {
    return chunks;
  }

  AnswerListener listener() {
    return listener;
  }

  @Nullable Pooled pooled() {
    return pooled;
  }

  KvCache cache() {
    return Objects.requireNonNull(cache);
  }

  Sequence sequence() {
    return Objects.requireNonNull(sequence);
  }

  /// Begins, or begins anew after [#suspend].
  ///
  /// @param cache holds the first tokens of the prompt already
  void begin(KvCache cache, Sequence sequence, Reading reading) {
    this.cache = cache;
    this.sequence = sequence;
    this.reading = reading;
    this.cached = cache.length();
  }

  /// Makes a piece of reading its prompt.
  ///
  /// @return whether that was the last one
  boolean read() {
    Reading now = Objects.requireNonNull(reading);
    boolean sees = now.sees();
    long start = System.nanoTime();
    boolean done = now.step();
    long time = System.nanoTime() - start;
    if (sees) {
      vision += time;
    } else {
      prefill += time;
    }
    if (done) {
      encoded += now.tiles();
      reading = null;
    }
    return done;
  }

  void decoded(long nanoseconds) {
    decode += nanoseconds;
  }

  /// Tokens that it has had so far, the prompt's included.
  int reached() {
    return prompt.length() + Math.max(made, newTokens());
  }

  /// Gives up its memory; what the listener has heard it will not hear again.
  void suspend() {
    made = Math.max(made, newTokens());
    if (pooled != null) {
      pooled.clear();
    }
    if (cache != null) {
      cache.close();
    }
    cache = null;
    reading = null;
    sequence = null;
    listener.restart();
  }

  /// Ends an answer that is not finished.
  void cancel() {
    if (sequence != null && !sequence.finished()) {
      sequence.end(Answer.Finish.CANCELLED);
    }
  }

  Answer answer() {
    return sequence().answer(cached, encoded, timings());
  }

  /// What there is of it while it has no memory.
  Answer waiting() {
    String text = listener.told.toString();
    Answer.Usage usage =
        new Answer.Usage(prompt.length(), 0, made, prompt.tiles().size(), encoded, 0, 0);
    return new Answer(text, text, Answer.Finish.CANCELLED, usage, timings());
  }

  private Answer.Timings timings() {
    return new Answer.Timings(
        Duration.ofNanos(vision), Duration.ofNanos(prefill), Duration.ofNanos(decode));
  }

  /// Closes its cache; the answer stays.
  void release() {
    if (cache != null) {
      cache.close();
    }
    cache = null;
    reading = null;
  }

  /// Tells a listener nothing twice when an answer begins anew, which comes out the same.
  private static final class Retelling implements AnswerListener {
    private final AnswerListener listener;
    private final StringBuilder told = new StringBuilder();
    private int again; // characters that have come since the answer began anew
    private int tokens; // that the listener has heard of
    private int tokensAgain;
    private boolean isAnew;

    Retelling(AnswerListener listener) {
      this.listener = listener;
    }

    void restart() {
      again = 0;
      tokensAgain = 0;
      isAnew = true;
    }

    @Override
    public void text(String piece) {
      int known = Math.min(piece.length(), told.length() - again);
      again += piece.length();
      if (known < piece.length()) {
        String fresh = piece.substring(known);
        told.append(fresh);
        listener.text(fresh);
      }
    }

    @Override
    public void token(TokenChoice choice) {
      if (++tokensAgain > tokens) {
        tokens++;
        listener.token(choice);
      }
    }

    @Override
    public void tileEncoded(int done, int total) {
      if (!isAnew) {
        listener.tileEncoded(done, total);
      }
    }

    @Override
    public void promptRead(int done, int total) {
      if (!isAnew) {
        listener.promptRead(done, total);
      }
    }
  }
}
