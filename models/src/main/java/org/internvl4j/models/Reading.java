package org.internvl4j.models;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A prompt on its way into a cache: tiles first, then tokens, a layer at a time.
final class Reading {
  private final Prefill prefill;
  private final int chunk;
  private final Sequence sequence;
  private final AnswerListener listener;
  private final @Nullable Pooled pooled;
  private final int from;
  private final List<Prompt.Tile> tiles;
  private int seen; // of the tiles
  private int next; // token
  private @Nullable Pieces pass;

  /// @param chunk that of `prefill`
  /// @param from first token that is not in the cache of `sequence`
  /// @param pooled as in [Prefill#reading]
  Reading(
      Prefill prefill,
      int chunk,
      Sequence sequence,
      int from,
      AnswerListener listener,
      @Nullable Pooled pooled) {
    this.prefill = prefill;
    this.chunk = chunk;
    this.sequence = sequence;
    this.listener = listener;
    this.pooled = pooled;
    this.from = from;
    this.next = from;
    this.tiles = prefill.unseen(sequence.prompt(), from);
  }

  /// Tiles that it encodes.
  int tiles() {
    return tiles.size();
  }

  /// Whether the next piece is one of a tile.
  boolean sees() {
    return seen < tiles.size();
  }

  /// Whether it is in the middle of a pass, whose activations are in the workspace.
  boolean isMidPass() {
    return pass != null;
  }

  /// Makes the next piece.
  ///
  /// @return whether that was the last one: the sequence has its first token
  boolean step() {
    return sees() ? see() : read();
  }

  private boolean see() {
    List<Prompt.Tile> group = prefill.group(tiles, seen);
    if (pass == null) {
      pass = prefill.seeing(group);
    }
    if (pass.step()) {
      pass = null;
      for (int i = 0; i < group.size(); i++) {
        listener.tileEncoded(++seen, tiles.size());
      }
    }
    return false;
  }

  private boolean read() {
    int length = sequence.prompt().length();
    int end = Math.min(next + chunk, length);
    if (pass == null) {
      pass =
          prefill.reading(
              sequence, next, pooled, () -> listener.promptRead(end - from, length - from));
    }
    if (pass.step()) {
      pass = null;
      next = end;
    }
    return next == length;
  }
}
