package org.internvl4j.models.text;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.internvl4j.models.text.SentencePieceModel.Piece;
import org.internvl4j.models.text.SentencePieceModel.PieceType;

/// SentencePiece BPE (Kudo & Richardson 2018; `bpe_model.cc`): of all pairs of neighbours that form
/// a piece, the one with the highest score is joined, of equal ones the leftmost, until none is
/// left.
final class SentencePieceEncoder implements TextEncoder {
  static final char SPACE = '\u2581';

  private final SentencePieceModel model;
  private final PieceIndex index;
  private final Map<String, Integer> reserved = new HashMap<>();
  private final StringTrie userDefined = new StringTrie();
  private final boolean hasUnused;

  /// @param file what errors name
  /// @throws org.internvl4j.loader.CheckpointException if a piece comes twice
  SentencePieceEncoder(SentencePieceModel model, String file) {
    this.model = model;
    this.index = new PieceIndex(model.pieces(), file);
    boolean unused = false;
    for (int id = 0; id < model.pieces().size(); id++) {
      Piece piece = model.pieces().get(id);
      if (!piece.type().isText()) {
        reserved.put(piece.text(), id);
      }
      if (piece.type() == PieceType.USER_DEFINED) {
        userDefined.put(piece.text(), id);
      }
      unused |= piece.type() == PieceType.UNUSED;
    }
    hasUnused = unused;
  }

  /// The id of a piece of any type, or that of the unknown piece.
  int idOf(String piece) {
    Integer id = reserved.get(piece);
    if (id != null) {
      return id;
    }
    int text = index.find(piece);
    return text < 0 ? model.unkId() : text;
  }

  @Override
  public void encode(String text, boolean first, IdSet banned, IntList ids) {
    StringTrie.Filter allowed = (id, start, end) -> !banned.contains(id);
    String normal = normalize(text, allowed);
    if (!normal.isEmpty()) {
      new Merging(normal, banned, allowed).run(ids);
    }
  }

  /// `normalizer.cc` with the identity map.
  private String normalize(String text, StringTrie.Filter allowed) {
    SentencePieceModel.Flags flags = model.flags();
    String space = flags.escapeWhitespaces() ? String.valueOf(SPACE) : " ";
    String body = flags.removeExtraWhitespaces() ? withoutExtraSpaces(text, allowed) : text;
    if (body.isEmpty()) {
      return "";
    }
    String escaped = flags.escapeWhitespaces() ? body.replace(" ", space) : body;
    return flags.addDummyPrefix() ? space + escaped : escaped;
  }

  /// Without spaces at the ends and with single ones between; a user-defined piece is one unit that
  /// loses spaces only at its front.
  private String withoutExtraSpaces(String text, StringTrie.Filter allowed) {
    StringBuilder out = new StringBuilder(text.length());
    boolean afterSpace = true;
    for (int at = 0; at < text.length(); ) {
      StringTrie.Match match = userDefined.longest(text, at, allowed);
      int end = match.end() > 0 ? match.end() : at + 1;
      int from = at;
      while (afterSpace && from < end && text.charAt(from) == ' ') {
        from++;
      }
      if (from < end) {
        out.append(text, from, end);
        afterSpace = text.charAt(end - 1) == ' ';
      }
      at = end;
    }
    boolean escapes = model.flags().escapeWhitespaces();
    int end = out.length();
    while (end > 0 && (out.charAt(end - 1) == ' ' || (escapes && out.charAt(end - 1) == SPACE))) {
      end--;
    }
    return out.substring(0, end);
  }

  /// The merging of one text: symbols are ranges of it.
  private final class Merging {
    private final String text;
    private final IdSet banned;
    private final long[] hashes;
    private final int[] starts;
    private final int[] previous;
    private final int[] next;
    private final boolean[] gone;
    private final boolean[] frozen;
    private final int count;
    private final MergeQueue queue = new MergeQueue();

    /// Where an unused piece is cut again, as an offset into it.
    private final Map<String, Integer> cuts = new HashMap<>();

    Merging(String text, IdSet banned, StringTrie.Filter allowed) {
      this.text = text;
      this.banned = banned;
      hashes = index.hashes(text);
      int symbols = text.length();
      starts = new int[symbols + 1];
      frozen = new boolean[symbols + 1];
      int n = 0;
      for (int at = 0; at < symbols; n++) {
        starts[n] = at;
        StringTrie.Match match = userDefined.longest(text, at, allowed);
        frozen[n] = match.end() > 0;
        at = frozen[n] ? match.end() : at + Character.charCount(text.codePointAt(at));
      }
      count = n;
      starts[n] = symbols;
      previous = new int[n];
      next = new int[n];
      gone = new boolean[n];
    }

    void run(IntList ids) {
      for (int i = 0; i < count; i++) {
        previous[i] = i - 1;
        next[i] = i + 1;
        propose(i - 1, i);
      }
      while (!queue.isEmpty()) {
        int left = queue.position();
        int length = queue.target();
        queue.pop();
        if (gone[left] || next[left] == count || end(next[left]) - starts[left] != length) {
          continue;
        }
        int right = next[left];
        gone[right] = true;
        next[left] = next[right];
        if (next[left] < count) {
          previous[next[left]] = left;
        }
        propose(previous[left], left);
        propose(left, next[left]);
      }
      emitAll(ids);
    }

    private int end(int symbol) {
      return starts[next[symbol]];
    }

    private void propose(int left, int right) {
      if (left < 0 || right == count || frozen[left] || frozen[right]) {
        return;
      }
      int from = starts[left];
      int to = end(right);
      int id = index.find(text, hashes, from, to);
      if (id < 0 || banned.contains(id)) {
        return;
      }
      if (hasUnused && model.pieces().get(id).type() == PieceType.UNUSED) {
        cuts.put(text.substring(from, to), starts[right] - from);
      }
      queue.push(index.priority(id), left, to - from);
    }

    private void emitAll(IntList ids) {
      boolean afterUnknown = false;
      for (int i = 0; i < count; i = next[i]) {
        afterUnknown = emit(text.substring(starts[i], end(i)), afterUnknown, ids);
      }
    }

    /// @return whether the last id is the unknown piece
    private boolean emit(String piece, boolean afterUnknown, IntList ids) {
      int id = idOf(piece);
      Integer cut = hasUnused ? cuts.get(piece) : null;
      if (cut != null && model.pieces().get(id).type() == PieceType.UNUSED) {
        boolean unknown = emit(piece.substring(0, cut), afterUnknown, ids);
        return emit(piece.substring(cut), unknown, ids);
      }
      if (id != model.unkId() && !banned.contains(id)) {
        ids.add(id);
        return false;
      }
      if (model.byteIds().length > 0) {
        for (byte b : piece.getBytes(StandardCharsets.UTF_8)) {
          ids.add(model.byteIds()[b & 0xFF]);
        }
        return false;
      }
      if (!afterUnknown) {
        ids.add(model.unkId());
      }
      return true;
    }
  }
}
