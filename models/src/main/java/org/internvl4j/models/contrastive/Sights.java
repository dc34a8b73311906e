package org.internvl4j.models.contrastive;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;

/// The rows of one pass through QLLaMA: where each stands, and which others it sees.
///
/// @param positions of the rows
/// @param all every row once
record Sights(int[] positions, List<Sight> all) {
  /// Rows `from … from + rows - 1` look at keys `keysFrom … keysFrom + keys - 1`, as the mask says.
  record Sight(int from, int rows, int keysFrom, int keys, Mask mask) {
    Tensor attention(Tensor q, Tensor k, Tensor v) {
      return rows(q, from, rows)
          .attention(rows(k, keysFrom, keys), rows(v, keysFrom, keys), mask)
          .view(rows, q.dim(1), q.dim(2));
    }

    /// `[R, H, D]` to `[1, n, H, D]`.
    private static Tensor rows(Tensor x, int from, int n) {
      return x.narrow(0, from, n).view(1, n, x.dim(1), x.dim(2));
    }
  }

  /// @param q `[R, H, D]`
  /// @param k `[S, H, D]`
  /// @param v `[S, H, D]`
  /// @return `[R, H, D]`
  Tensor attention(Tensor q, Tensor k, Tensor v) {
    if (all.size() == 1) {
      return all.getFirst().attention(q, k, v);
    }
    Tensor y = q.workspace().activations(q.dim(0), q.dim(1), q.dim(2));
    for (Sight sight : all) {
      y.narrow(0, sight.from, sight.rows).copyFrom(sight.attention(q, k, v));
    }
    return y;
  }

  /// Queries, all of which see each other.
  static Sights open(int queries) {
    return new Sights(upTo(queries), List.of(new Sight(0, queries, 0, queries, Mask.NONE)));
  }

  /// Queries, all of which see each other, and the tokens of a text behind them, which see those
  /// before.
  static Sights prompt(int queries, int tokens) {
    return new Sights(
        upTo(queries + tokens),
        List.of(
            new Sight(0, queries, 0, queries, Mask.NONE),
            new Sight(queries, tokens, 0, queries + tokens, Mask.causal(queries))));
  }

  /// One more token of each of several sequences, whose keys lie one behind the other.
  ///
  /// @param sequences how many
  /// @param past tokens of each before this one
  /// @param room keys of a sequence that there is room for
  static Sights next(int sequences, int past, int room) {
    int[] positions = new int[sequences];
    List<Sight> all = new ArrayList<>();
    for (int i = 0; i < sequences; i++) {
      positions[i] = past;
      all.add(new Sight(i, 1, i * room, past + 1, Mask.NONE));
    }
    return new Sights(positions, all);
  }

  private static int[] upTo(int n) {
    int[] positions = new int[n];
    for (int i = 0; i < n; i++) {
      positions[i] = i;
    }
    return positions;
  }
}
