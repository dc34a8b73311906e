package org.internvl4j.models;

import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.KvPool;
import org.internvl4j.runtime.Workspace;

/// What answers that are made at the same time share: keys and values in pages of one budget, those
/// of prompts that begin alike only once, image tokens, and workspaces. It moves each answer on by
/// a piece when it is told to; whose turn it is, somebody else decides.
///
/// An answer does not depend on who else is there, to the last bit: prompts are read in chunks that
/// begin at the same tokens whatever is shared, and a pass over the weights has no more rows than
/// kernels take one by one. For the same reason an answer that was suspended comes out the same.
///
/// One thread at a time, but for [#prepare], which any thread may call. The caller closes it before
/// the model.
public final class Session implements AutoCloseable {
  /// Answers that one pass over the weights can make grow.
  public static final int MOST_TOGETHER = 8;

  private static final int FEWEST_ROWS = 128; // of a chunk
  private static final int DEFAULT_TOKENS = 4096; // of an answer, its prompt included

  private final VisionLanguageModel model;
  private final int chunk;
  private final List<KvPool> pools;
  private final int tokens;
  private final Prefixes prefixes;
  private final ImageTokens imageTokens;
  private final Workspace readingSteps;
  private final Workspace decodingSteps;
  private final Prefill prefill;
  private final Decoding decoding;
  private final Set<Answering> admitted = new LinkedHashSet<>();

  Session(VisionLanguageModel model, SessionOptions options) {
    Decoder decoder = model.net().decoder();
    int pageTokens =
        decoder.stages().stream().mapToInt(s -> s.device().pageTokens()).max().orElseThrow();
    int rows = Math.max(FEWEST_ROWS, decoder.device().rows());
    this.model = model;
    this.chunk = Math.ceilDiv(rows, pageTokens) * pageTokens;
    int pages = pages(decoder, pageTokens, options.kvBytes(), model.context());
    this.pools = pools(decoder, pageTokens, pages, options.kvBytes());
    this.tokens = pages * pageTokens;
    this.prefixes = new Prefixes(chunk);
    this.imageTokens =
        new ImageTokens(decoder.device(), options.pictureBytes(), "session", this::needed);
    this.readingSteps = new Workspace(model.device(), "session");
    this.decodingSteps = new Workspace(model.device(), "session");
    this.prefill = new Prefill(model.net(), chunk, readingSteps, imageTokens);
    this.decoding = new Decoding(model.net(), decodingSteps);
  }

  private static int pages(Decoder decoder, int pageTokens, long bytes, int context) {
    if (bytes == 0) {
      int each = Math.min(Math.ceilDiv(context, 2), DEFAULT_TOKENS);
      return MOST_TOGETHER * Math.ceilDiv(each, pageTokens);
    }
    long page = 0;
    for (KvPool pool : decoder.newPools(pageTokens, 0, "session")) {
      page += pool.pageBytes();
      pool.close();
    }
    if (bytes < page) {
      throw new KvMemoryException(
          "session: kvBytes is " + bytes + ", but a page of " + pageTokens + " tokens has " + page,
          null);
    }
    return (int) Math.min(bytes / page, Integer.MAX_VALUE / pageTokens);
  }

  /// @param bytes that were asked for, 0 if none were
  private static List<KvPool> pools(Decoder decoder, int pageTokens, int pages, long bytes) {
    try {
      return decoder.newPools(pageTokens, pages, "session");
    } catch (OutOfMemoryError | DeviceException e) {
      if (bytes == 0) {
        throw e;
      }
      throw new KvMemoryException(
          "session: kvBytes is " + bytes + ", more than there is: " + e.getMessage(), e);
    }
  }

  /// What an answer is to be made of: tokenises text and finds how pictures are to be cut, computes
  /// nothing else. Any thread.
  ///
  /// @param listener hears of the answer on the session's thread; must not wait
  /// @throws PromptTooLongException if it does not fit the context, or all memory of this session
  /// @throws IllegalArgumentException if marks and pictures do not match, or answers of this model
  ///   cannot be held to a constraint
  public Answering prepare(Dialogue dialogue, Generation options, AnswerListener listener) {
    Prompt prompt = Prompt.of(model, dialogue);
    requireFits(prompt);
    if (options.constraint() != null) {
      model.requireTokens();
    }
    List<String> chunks = prefixes.chunks(prompt, model.regime(prompt.length()));
    return new Answering(prompt, options, chunks, listener, null);
  }

  /// Another answer to the question of one that was prepared here. Shares its pictures. Like
  /// [#prepare] otherwise.
  public Answering prepareAnother(Answering prepared, Generation options, AnswerListener listener) {
    return new Answering(prepared.prompt(), options, prepared.chunks(), listener, null);
  }

  /// A text that is to be read only, with its pictures, for what it is about: the mean of the
  /// decoder's last states over all its tokens, after the final norm, of length 1. No template is
  /// put around it. Like [#prepare] otherwise; [Answering#embedding] has it in the end.
  ///
  /// @throws PromptTooLongException if it does not fit the context, or all memory of this session
  public Answering prepareEmbedding(Question question, AnswerListener listener) {
    Prompt prompt = Prompt.bare(model, question);
    if (prompt.length() == 0) {
      throw new IllegalArgumentException("embedding: the text is empty");
    }
    requireFits(prompt);
    Pooled pooled = new Pooled(model.config().language().hiddenSize());
    return new Answering(prompt, Generation.GREEDY, List.of(), listener, pooled);
  }

  private void requireFits(Prompt prompt) {
    model.requireFits(prompt);
    if (prompt.length() >= tokens) {
      throw new PromptTooLongException(
          "prompt: is "
              + prompt.length()
              + " tokens, but the session has memory for "
              + tokens
              + "; shorten it, or give the session more",
          prompt.length(),
          tokens);
    }
  }

  /// Gives an answer memory for its prompt, where there is enough, and for what it had before it
  /// was suspended: what was read and nobody uses makes room, other answers do not. It is to be
  /// read then.
  ///
  /// @return whether there was
  public boolean admit(Answering answering) {
    KvCache cache = prefixes.find(answering.chunks(), "session");
    if (cache == null) {
      cache = new KvCache(pools, "session");
    }
    if (!reserve(cache, answering.reached() + 1)) {
      cache.close();
      return false;
    }
    Sequence sequence =
        model.sequence(
            answering.prompt(),
            cache,
            answering.options(),
            Math.min(tokens, model.context()),
            answering.listener());
    answering.begin(
        cache,
        sequence,
        new Reading(
            prefill, chunk, sequence, cache.length(), answering.listener(), answering.pooled()));
    admitted.add(answering);
    return true;
  }

  private boolean reserve(KvCache cache, int length) {
    int more = Math.ceilDiv(length - cache.capacity(), pageTokens());
    while (more > freePages() && prefixes.dropOldest()) {}
    if (more > freePages()) {
      return false;
    }
    cache.reserve(length);
    return true;
  }

  /// Makes a piece of reading a prompt: a layer over a chunk of its tokens, or over a tile. With
  /// the last one its answer has its first token.
  ///
  /// @return whether that was the last one
  /// @throws IllegalStateException if another one [Answering#isMidPass]
  public boolean read(Answering answering) {
    for (Answering other : admitted) {
      if (other != answering && other.isMidPass()) {
        throw new IllegalStateException("session: another prompt is in the middle of a pass");
      }
    }
    if (!answering.isMidPass()) {
      readingSteps.reset();
      imageTokens.trim();
    }
    boolean done = answering.read();
    if (done) {
      prefixes.keep(answering.chunks(), answering.cache());
    }
    return done;
  }

  /// The tiles of prompts that are still to be read.
  private Set<String> needed() {
    Set<String> needed = new HashSet<>();
    for (Answering answering : admitted) {
      if (answering.isReading()) {
        answering.prompt().tiles().forEach(tile -> needed.add(tile.digest()));
      }
    }
    return needed;
  }

  /// Makes sure that an answer has memory for one more token.
  ///
  /// @return whether it has; if not, another one has to end or to be suspended first
  public boolean hasRoom(Answering answering) {
    KvCache cache = answering.cache();
    return cache.length() < cache.capacity() || reserve(cache, cache.length() + 1);
  }

  /// One more token for each of some answers, which have been read, are not finished and have room.
  ///
  /// @param answerings at most [#MOST_TOGETHER]
  public void advance(List<Answering> answerings) {
    if (answerings.size() > MOST_TOGETHER) {
      throw new IllegalArgumentException(
          "session: "
              + answerings.size()
              + " answers in a pass, expected at most "
              + MOST_TOGETHER);
    }
    long start = System.nanoTime();
    decoding.advance(answerings.stream().map(Answering::sequence).toList());
    long time = System.nanoTime() - start;
    answerings.forEach(a -> a.decoded(time));
  }

  /// Takes the memory of an answer, which begins anew when it is admitted again and comes out the
  /// same; its listener hears nothing twice.
  public void suspend(Answering answering) {
    if (admitted.remove(answering)) {
      if (answering.isMidPass()) {
        readingSteps.reset();
      }
      answering.suspend();
    }
  }

  /// Ends an answer, finished or not, and takes its memory.
  ///
  /// @return what there is of it
  public Answer end(Answering answering) {
    if (!admitted.remove(answering)) {
      return answering.waiting();
    }
    if (answering.isMidPass()) {
      readingSteps.reset();
    }
    answering.cancel();
    Answer answer = answering.answer();
    answering.release();
    return answer;
  }

  /// Tokens of a page of keys and values.
  public int pageTokens() {
    return pools.getFirst().pageTokens();
  }

  /// Pages of keys and values, on each device.
  public int pages() {
    return pools.getFirst().pages();
  }

  /// Pages that nobody has, neither an answer nor what was kept of one's prompt.
  public int freePages() {
    return pools.stream().mapToInt(KvPool::freePages).min().orElse(0);
  }

  /// Pages that are kept of prompts for others that begin alike, and that no answer has: they make
  /// room when answers need it.
  public int keptPages() {
    BitSet answers = new BitSet();
    admitted.forEach(answering -> answering.cache().addPagesTo(answers));
    KvPool pool = pools.getFirst();
    return pool.pages() - pool.freePages() - answers.cardinality();
  }

  /// Lets go of everything that is kept for prompts to come, and that none needs that is being
  /// read.
  public void forget() {
    while (prefixes.dropOldest()) {}
    imageTokens.forget();
  }

  @Override
  public void close() {
    List.copyOf(admitted).forEach(this::suspend);
    prefixes.close();
    imageTokens.close();
    prefill.close();
    decoding.close();
    decodingSteps.close();
    readingSteps.close();
    pools.forEach(KvPool::close);
  }
}
