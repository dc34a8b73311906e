package org.internvl4j.models.nn;

import java.util.List;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;

/// One pass through a decoder: some new tokens of one or several sequences, row after row.
///
/// @param spans the sequences, in the order of their rows
public record Step(List<Span> spans) {
  /// The new rows of one sequence.
  ///
  /// @param rows how many
  /// @param cache what came before them
  /// @param length tokens of the whole prompt that these rows belong to; decides the regime of
  ///   scaled positions
  public record Span(int rows, KvCache cache, int length) {}

  public Step {
    spans = List.copyOf(spans);
  }

  /// All rows together.
  public int rows() {
    return spans.stream().mapToInt(Span::rows).sum();
  }

  /// Appends keys and values to each sequence's cache and lets each query look at its own
  /// sequence's past.
  ///
  /// @param layer decoder layer, from 0
  /// @param q `[T, H, D]`, rotated
  /// @param k `[T, K, D]`, rotated
  /// @param v `[T, K, D]`
  /// @return `[T, H, D]`
  Tensor attend(int layer, Tensor q, Tensor k, Tensor v) {
    if (spans.size() == 1) {
      return attend(spans.getFirst(), layer, q, k, v);
    }
    Tensor y = q.workspace().activations(q.shape().toArray());
    int row = 0;
    for (Span span : spans) {
      int n = span.rows();
      y.narrow(0, row, n)
          .copyFrom(
              attend(span, layer, q.narrow(0, row, n), k.narrow(0, row, n), v.narrow(0, row, n)));
      row += n;
    }
    return y;
  }

  private static Tensor attend(Span span, int layer, Tensor q, Tensor k, Tensor v) {
    KvCache cache = span.cache();
    cache.append(layer, k, v);
    int past = cache.length();
    int tokens = past + span.rows();
    Tensor keys = cache.keys(layer, tokens);
    Tensor values = cache.values(layer, tokens);
    return q.view(1, q.dim(0), q.dim(1), q.dim(2))
        .attention(batch(keys), batch(values), Mask.causal(past))
        .view(q.dim(0), q.dim(1), q.dim(2));
  }

  private static Tensor batch(Tensor x) {
    return x.view(1, x.dim(0), x.dim(1), x.dim(2));
  }
}
