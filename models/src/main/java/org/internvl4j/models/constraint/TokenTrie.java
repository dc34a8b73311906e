package org.internvl4j.models.constraint;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.internvl4j.models.text.Tokenizer;

/// The bytes of all tokens of a vocabulary as one tree, so that what tokens have in common at their
/// beginning is walked once.
///
/// Immutable, safe for use by several threads; made once a model, some 4 MB and half a second for
/// 150,000 tokens.
public final class TokenTrie {
  private final int size;
  private final byte[][] bytes;
  private final boolean dropsSpace;

  private final ByteTree all;

  /// Tokens that are more than a few whole characters of a string.
  private final ByteTree others;

  /// The other tokens, one bit each.
  private final long[] plain;

  private final int[] withQuote;
  private final int[] withQuotes;

  /// How many characters a token has at most that need not be looked at in a free text.
  static final int FREE = 16;

  private TokenTrie(byte[][] bytes, boolean dropsSpace) {
    this.size = bytes.length;
    this.bytes = bytes;
    this.dropsSpace = dropsSpace;
    this.withQuote = quoted(1);
    this.withQuotes = quoted(2);
    this.plain = new long[(size + 63) >> 6];
    for (int id = 0; id < size; id++) {
      if (isPlain(bytes[id])) {
        plain[id >> 6] |= 1L << id;
      }
    }
    this.all = new ByteTree(bytes, id -> true);
    this.others = new ByteTree(bytes, id -> (plain[id >> 6] >> id & 1) == 0);
  }

  private static boolean isPlain(byte[] token) {
    String text = new String(token, StandardCharsets.UTF_8);
    return token.length > 0
        && text.length() <= FREE
        && Arrays.equals(text.getBytes(StandardCharsets.UTF_8), token)
        && text.chars().allMatch(c -> c >= 0x20 && c != '"' && c != '\\');
  }

  /// The tokens of a tokenizer.
  ///
  /// @param size how many tokens the model chooses from; those the tokenizer does not have are
  ///   never allowed
  /// @throws IllegalArgumentException if there is a byte that no token stands for alone: an answer
  ///   could run into a dead end
  public static TokenTrie of(Tokenizer tokenizer, int size) {
    byte[][] bytes = new byte[size][];
    for (int id = 0; id < size; id++) {
      bytes[id] = id < tokenizer.size() ? tokenizer.bytes(id) : new byte[0];
    }
    return of(bytes, tokenizer.dropsFirstSpace());
  }

  static TokenTrie of(byte[][] bytes, boolean dropsSpace) {
    boolean[] alone = new boolean[256];
    for (byte[] token : bytes) {
      if (token.length == 1) {
        alone[token[0] & 0xFF] = true;
      }
    }
    for (int value = 0x20; value < 0xF5; value++) {
      // what no UTF-8 has: the mark of one byte written as two, and delete, which is never needed
      boolean needed = value != 0xC0 && value != 0xC1;
      if (needed && !alone[value]) {
        throw new IllegalArgumentException(
            "tokenizer: no token stands for byte 0x%02X alone, so answers cannot be held to a schema"
                .formatted(value));
      }
    }
    return new TokenTrie(bytes, dropsSpace);
  }

  /// How many tokens the model chooses from.
  public int size() {
    return size;
  }

  /// The bytes of a token; none if it never stands in an answer. Not to be changed.
  byte[] bytes(int id) {
    return bytes[id];
  }

  boolean dropsSpace() {
    return dropsSpace;
  }

  private int[] quoted(int least) {
    return IntStream.range(0, size)
        .filter(id -> {
          int quotes = 0;
          for (byte b : bytes[id]) {
            quotes += b == '"' ? 1 : 0;
          }
          return quotes >= least;
        })
        .toArray();
  }

  /// Ids of tokens with a quote. Not to be changed.
  int[] withQuote() {
    return withQuote;
  }

  /// Ids of tokens with two quotes or more. Not to be changed.
  int[] withQuotes() {
    return withQuotes;
  }

  /// Sets the bits of all tokens that lead from a state to one that is not dead, and no others.
  ///
  /// @param atStart whether the first space of a token does not count, if the tokenizer drops it
  void allow(Automaton automaton, int state, boolean atStart, long[] bits) {
    if (automaton.isFree(state)) {
      System.arraycopy(plain, 0, bits, 0, bits.length);
      others.allow(automaton, state, false, bits);
    } else {
      Arrays.fill(bits, 0);
      all.allow(automaton, state, atStart && dropsSpace, bits);
    }
  }
}
