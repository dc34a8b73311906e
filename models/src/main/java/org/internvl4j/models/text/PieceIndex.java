package org.internvl4j.models.text;

import java.util.Arrays;
import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.models.text.SentencePieceModel.Piece;

/// The pieces that text can become, found by a range of a text in constant time: the hash of a
/// range is the difference of two prefix hashes (Karp & Rabin 1987, modulo 2^64).
final class PieceIndex {
  private static final long BASE = 0x9E37_79B9_7F4A_7C15L;

  private final List<Piece> pieces;
  private final int[] slots;
  private final long[] slotHashes;
  private final long[] powers;

  PieceIndex(List<Piece> pieces, String file) {
    this.pieces = pieces;
    int longest = 0;
    for (Piece piece : pieces) {
      longest = piece.type().isText() ? Math.max(longest, piece.text().length()) : longest;
    }
    powers = new long[longest + 1];
    powers[0] = 1;
    for (int i = 1; i <= longest; i++) {
      powers[i] = powers[i - 1] * BASE;
    }
    int capacity = Integer.highestOneBit(Math.max(4, pieces.size())) * 4;
    slots = new int[capacity];
    slotHashes = new long[capacity];
    Arrays.fill(slots, -1);
    for (int id = 0; id < pieces.size(); id++) {
      if (pieces.get(id).type().isText()) {
        put(id, file);
      }
    }
  }

  private void put(int id, String file) {
    String text = pieces.get(id).text();
    int other = find(text);
    if (other >= 0) {
      throw new CheckpointException(
          file, "piece " + Vocabulary.quote(text) + " comes twice, as " + other + " and " + id);
    }
    long[] hashes = hashes(text);
    long hash = hashes[text.length()];
    int slot = home(hash);
    while (slots[slot] >= 0) {
      slot = (slot + 1) & (slots.length - 1);
    }
    slots[slot] = id;
    slotHashes[slot] = hash;
  }

  /// The hashes of all prefixes of a text.
  long[] hashes(String text) {
    long[] hashes = new long[text.length() + 1];
    for (int i = 0; i < text.length(); i++) {
      hashes[i + 1] = hashes[i] * BASE + text.charAt(i) + 1;
    }
    return hashes;
  }

  /// The id of the piece `text`, or -1.
  int find(String text) {
    return find(text, hashes(text), 0, text.length());
  }

  /// The id of the piece that is `[from, to)` of the text, or -1.
  int find(String text, long[] hashes, int from, int to) {
    int length = to - from;
    if (length >= powers.length) {
      return -1;
    }
    long hash = hashes[to] - hashes[from] * powers[length];
    for (int slot = home(hash); slots[slot] >= 0; slot = (slot + 1) & (slots.length - 1)) {
      if (slotHashes[slot] == hash) {
        String piece = pieces.get(slots[slot]).text();
        if (piece.length() == length && text.startsWith(piece, from)) {
          return slots[slot];
        }
      }
    }
    return -1;
  }

  private int home(long hash) {
    long mixed = (hash ^ (hash >>> 29)) * BASE;
    return (int) (mixed >>> 40) & (slots.length - 1);
  }

  /// The score of a piece as an unsigned number that is smaller for a higher score.
  int priority(int id) {
    int bits = Float.floatToIntBits(pieces.get(id).score() + 0f); // -0 becomes 0
    return bits < 0 ? bits : bits ^ 0x7FFF_FFFF;
  }
}
