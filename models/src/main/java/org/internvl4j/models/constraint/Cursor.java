package org.internvl4j.models.constraint;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/// Where an answer is that is held to a [Constraint]: which tokens may come next.
///
/// At every point at least one token may. For one thread.
public final class Cursor {
  /// States are forgotten beyond this, some 1 kB each.
  private static final int MAX_STATES = 32_768;

  /// Sets of tokens that are kept, 19 kB each for 150,000 tokens.
  private static final int MAX_SETS = 256;

  private final TokenTrie tokens;
  private final int[] ends;
  private final Automaton automaton;
  private final NameTracker names;
  private final boolean watchesNames;
  private final int[] closingNames;
  private final int[] holdingNames;

  /// Sets of tokens by state, the first one's apart, since a space may be dropped in front of it.
  private final Map<Integer, long[]> sets = new HashMap<>();

  private final Deque<long[]> spare = new ArrayDeque<>();
  private final long[] filtered;
  private final ByteArrayOutputStream text = new ByteArrayOutputStream();
  private int state;
  private boolean atStart = true;
  private boolean ended;

  Cursor(SchemaCompiler.Compiled compiled, TokenTrie tokens, int[] ends) {
    this.tokens = tokens;
    this.ends = ends.clone();
    if (ends.length == 0) {
      throw new IllegalArgumentException("there is no token that ends an answer, expected one");
    }
    for (int end : ends) {
      if (end < 0 || end >= tokens.size()) {
        throw new IllegalArgumentException(
            "end token is " + end + ", expected 0 … " + (tokens.size() - 1));
      }
    }
    automaton = new Automaton(compiled.grammar());
    state = automaton.start(compiled.start());
    names = new NameTracker();
    watchesNames = compiled.freeNames();
    closingNames = tokens.withQuote();
    holdingNames = tokens.withQuotes();
    filtered = new long[(tokens.size() + 63) >> 6];
  }

  /// The tokens that may come next, one bit each: token `i` is bit `i & 63` of element `i >> 6`.
  /// There is always one; after the end there is none.
  ///
  /// Not to be changed; what it holds is right until the next call of a method.
  public long[] allowed() {
    if (ended) {
      Arrays.fill(filtered, 0);
      return filtered;
    }
    long[] bits = sets.get(state);
    if (bits == null || atStart) {
      bits = compute();
    }
    return watchesNames ? withoutRepeatedNames(bits) : bits;
  }

  private long[] compute() {
    if (automaton.size() > MAX_STATES) {
      state = automaton.forgetAllBut(state);
      forgetSets();
    } else if (sets.size() == MAX_SETS) {
      forgetSets();
    }
    long[] kept = spare.poll();
    long[] bits = kept == null ? new long[filtered.length] : kept;
    tokens.allow(automaton, state, atStart, bits);
    boolean mayEnd = automaton.mayEnd(state);
    for (int end : ends) {
      if (mayEnd) {
        bits[end >> 6] |= 1L << end;
      } else {
        bits[end >> 6] &= ~(1L << end);
      }
    }
    if (atStart) {
      System.arraycopy(bits, 0, filtered, 0, bits.length);
      spare.push(bits);
      return filtered;
    }
    sets.put(state, bits);
    return bits;
  }

  private void forgetSets() {
    spare.addAll(sets.values());
    sets.clear();
  }

  private long[] withoutRepeatedNames(long[] bits) {
    System.arraycopy(bits, 0, filtered, 0, bits.length);
    for (int id : names.inName() ? closingNames : holdingNames) {
      if ((filtered[id >> 6] >> id & 1) != 0 && names.repeats(tokens.bytes(id))) {
        filtered[id >> 6] &= ~(1L << id);
      }
    }
    return filtered;
  }

  /// Takes the token that came.
  ///
  /// @throws IllegalArgumentException if it is not allowed here
  /// @throws IllegalStateException after the end
  public void accept(int id) {
    if (ended) {
      throw new IllegalStateException("this answer has ended; begin another cursor");
    }
    if (isEnd(id)) {
      if (!mayEnd()) {
        throw notAllowed(id);
      }
      ended = true;
      return;
    }
    byte[] bytes = id >= 0 && id < tokens.size() ? tokens.bytes(id) : new byte[0];
    if (atStart && tokens.dropsSpace() && bytes.length > 0 && bytes[0] == ' ') {
      bytes = Arrays.copyOfRange(bytes, 1, bytes.length);
    }
    int next = bytes.length == 0 ? Automaton.DEAD : state;
    for (byte b : bytes) {
      next = next == Automaton.DEAD ? next : automaton.next(next, b & 0xFF);
    }
    if (next == Automaton.DEAD || repeats(bytes)) {
      throw notAllowed(id);
    }
    names.push(bytes);
    text.write(bytes, 0, bytes.length);
    state = next;
    atStart = false;
  }

  private boolean isEnd(int id) {
    for (int end : ends) {
      if (end == id) {
        return true;
      }
    }
    return false;
  }

  private static IllegalArgumentException notAllowed(int id) {
    return new IllegalArgumentException("token " + id + " may not come here; see allowed()");
  }

  /// Whether the answer is whole as it is, so that an end token is allowed.
  public boolean mayEnd() {
    return !ended && automaton.mayEnd(state);
  }

  /// Whether nothing but an end token may come.
  public boolean mustEnd() {
    return !ended && automaton.mustEnd(state);
  }

  /// Whether an end token has come.
  public boolean ended() {
    return ended;
  }

  /// The answer so far, byte for byte as its tokens say it. A tokenizer's stream may say it
  /// otherwise where it tidies up spaces.
  public String text() {
    return text.toString(StandardCharsets.UTF_8);
  }

  /// Whether these bytes would give an object a name twice.
  boolean repeats(byte[] bytes) {
    return watchesNames && names.repeats(bytes);
  }

  Automaton automaton() {
    return automaton;
  }

  int state() {
    return state;
  }
}
