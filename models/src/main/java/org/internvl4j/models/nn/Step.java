package org.internvl4j.models.nn;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Places;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// One pass through a decoder: some new tokens of one or several sequences, row after row.
///
/// The same step can be made again and again: [#begin], the pass, [#advance]. Everything that
/// differs from one time to the next is then in memory, where a recorded pass
/// ([org.internvl4j.runtime.Device#record]) finds it: angles here, the past in the caches, which
/// the pass itself counts on. Neither of the two allocates.
public final class Step {
  /// The new rows of one sequence.
  ///
  /// @param rows how many
  /// @param cache what came before them
  /// @param length tokens of the whole prompt that these rows belong to; decides the regime of
  ///   scaled positions
  public record Span(int rows, KvCache cache, int length) {}

  private final List<Span> spans;
  private final List<Angles> angles; // of each span
  private final int rows;
  private final boolean isEven; // as many rows of each sequence

  /// @param spans the sequences, in the order of their rows
  /// @param times how often it is made before angles are computed anew
  /// @param workspaces where the angles go, one a device
  Step(Rope rope, List<Span> spans, int times, List<Workspace> workspaces) {
    this.spans = List.copyOf(spans);
    this.angles =
        spans.stream()
            .map(span -> new Angles(rope, span.length, times * span.rows, workspaces))
            .toList();
    this.rows = spans.stream().mapToInt(Span::rows).sum();
    this.isEven = spans.stream().mapToInt(Span::rows).distinct().count() == 1;
  }

  /// All rows together.
  public int rows() {
    return rows;
  }

  /// Makes sure that the angles of the rows' positions, which are those behind what the caches
  /// hold, are there.
  ///
  /// @return this
  /// @throws IllegalStateException if a cache has no room for its rows
  public Step begin() {
    for (int i = 0; i < spans.size(); i++) {
      Span span = spans.get(i);
      span.cache().begin(span.rows());
      angles.get(i).require(span.cache().length(), span.rows());
    }
    return this;
  }

  /// Counts the rows as held on the device of a layer, whose other layers they have been through.
  void count(int layer) {
    for (int i = 0; i < spans.size(); i++) {
      spans.get(i).cache().count(layer, spans.get(i).rows());
    }
  }

  /// Counts the rows, which have been through all layers, as held by their caches.
  public void advance() {
    for (int i = 0; i < spans.size(); i++) {
      spans.get(i).cache().advance(spans.get(i).rows());
    }
  }

  /// Whether all rows are one sequence's.
  boolean isOneSequence() {
    return spans.size() == 1;
  }

  /// What the other [#attend] does, for one sequence, from the residual stream on.
  ///
  /// @param layer decoder layer, from 0
  /// @param x `[T, C]`
  /// @param qkv from C to `(H + 2K)·D`: all queries, then all keys, then all values
  /// @return `[T, H, D]`
  Tensor attend(int layer, Tensor x, Norm.Rms norm, Linear qkv) {
    KvCache cache = spans.getFirst().cache();
    Angles.Table table = angles.getFirst().on(x.device());
    Places places = cache.places(layer, table.cos(), table.sin());
    return norm.forward(x, qkv, cache.pages(layer), places)
        .attention(cache.pages(layer), cache.mask(layer));
  }

  /// Rotates queries and keys to their positions, appends keys and values to each sequence's cache
  /// and lets each query look at its own sequence's past.
  ///
  /// @param layer decoder layer, from 0
  /// @param q `[T, H, D]`
  /// @param k `[T, K, D]`
  /// @param v `[T, K, D]`
  /// @return `[T, H, D]`
  Tensor attend(int layer, Tensor q, Tensor k, Tensor v) {
    if (isEven) {
      return attendTogether(layer, q, k, v);
    }
    Tensor y = q.workspace().activations(q.shape().toArray());
    int row = 0;
    for (int i = 0; i < spans.size(); i++) {
      int n = spans.get(i).rows();
      Tensor part = attend(i, layer, q.narrow(0, row, n), k.narrow(0, row, n), v.narrow(0, row, n));
      y.narrow(0, row, n).copyFrom(part);
      row += n;
    }
    return y;
  }

  private Tensor attendTogether(int layer, Tensor q, Tensor k, Tensor v) {
    List<Pages> pasts = new ArrayList<>();
    List<Places> places = new ArrayList<>();
    List<Mask> masks = new ArrayList<>();
    for (int i = 0; i < spans.size(); i++) {
      KvCache cache = spans.get(i).cache();
      Angles.Table table = angles.get(i).on(q.device());
      pasts.add(cache.pages(layer));
      places.add(cache.places(layer, table.cos(), table.sin()));
      masks.add(cache.mask(layer));
    }
    return q.ropeAppend(k, v, pasts, places).attention(pasts, masks);
  }

  /// The cache's mask, which is in memory, ends attention at the tokens that are held.
  private Tensor attend(int span, int layer, Tensor q, Tensor k, Tensor v) {
    KvCache cache = spans.get(span).cache();
    Angles.Table table = angles.get(span).on(q.device());
    return cache
        .ropeAppend(layer, q, k, v, table.cos(), table.sin())
        .attention(cache.pages(layer), cache.mask(layer));
  }
}
