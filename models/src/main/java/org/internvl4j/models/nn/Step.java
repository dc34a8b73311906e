package org.internvl4j.models.nn;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// One pass through a decoder: some new tokens of one or several sequences, row after row.
///
/// The same step can be made again and again: [#begin], the pass, [#advance]. Everything that
/// differs from one time to the next is then in memory, where a recorded pass
/// ([org.internvl4j.runtime.Device#record]) finds it: angles here, the past in the caches. Neither
/// of the two allocates.
public final class Step {
  /// The new rows of one sequence.
  ///
  /// @param rows how many
  /// @param cache what came before them
  /// @param length tokens of the whole prompt that these rows belong to; decides the regime of
  ///   scaled positions
  public record Span(int rows, KvCache cache, int length) {}

  private final Rope rope;
  private final List<Span> spans;
  private final int rows;
  private final List<Angles> angles = new ArrayList<>(); // the same on each device
  private final float[] cosines;
  private final float[] sines;
  private final MemorySegment cosineMemory;
  private final MemorySegment sineMemory;
  private final float[] frequencies;

  /// Of each row, `[T, D/2]`.
  private record Angles(Tensor cos, Tensor sin) {
    Angles narrow(int row, int rows) {
      return new Angles(cos.narrow(0, row, rows), sin.narrow(0, row, rows));
    }
  }

  /// @param spans the sequences, in the order of their rows
  /// @param workspaces where the angles go, one a device
  Step(Rope rope, List<Span> spans, List<Workspace> workspaces) {
    this.rope = rope;
    this.spans = List.copyOf(spans);
    this.rows = spans.stream().mapToInt(Span::rows).sum();
    int width = rope.width();
    for (Workspace workspace : workspaces) {
      angles.add(
          new Angles(
              workspace.allocate(DType.F32, rows, width),
              workspace.allocate(DType.F32, rows, width)));
    }
    this.cosines = new float[rows * width];
    this.sines = new float[rows * width];
    this.cosineMemory = MemorySegment.ofArray(cosines);
    this.sineMemory = MemorySegment.ofArray(sines);
    this.frequencies = new float[width];
  }

  /// All rows together.
  public int rows() {
    return rows;
  }

  /// Computes the angles of the rows' positions, which are those behind what the caches hold.
  ///
  /// @return this
  /// @throws IllegalStateException if a cache has no room for its rows
  public Step begin() {
    int row = 0;
    for (int i = 0; i < spans.size(); i++) {
      Span span = spans.get(i);
      span.cache().requireRoom(span.rows());
      int start = span.cache().length();
      long regime = 0;
      for (int t = 0; t < span.rows(); t++, row++) {
        // A row's frequencies are those that it would have if it came alone.
        int length = Math.max(span.length(), start + t + 1);
        if (t == 0 || rope.regime(length) != regime) {
          regime = rope.regime(length);
          rope.frequencies(frequencies, length);
        }
        rope.angles(cosines, sines, row * frequencies.length, start + t, frequencies);
      }
    }
    for (int i = 0; i < angles.size(); i++) {
      angles.get(i).cos.fromHost(cosineMemory);
      angles.get(i).sin.fromHost(sineMemory);
    }
    return this;
  }

  /// Counts the rows, which have been through all layers, as held by their caches.
  public void advance() {
    for (int i = 0; i < spans.size(); i++) {
      Span span = spans.get(i);
      span.cache().advance(span.rows());
    }
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
    Angles here = angles(q.device());
    if (spans.size() == 1) {
      return attend(spans.getFirst().cache(), layer, q, k, v, here);
    }
    Tensor y = q.workspace().activations(q.shape().toArray());
    int row = 0;
    for (Span span : spans) {
      int n = span.rows();
      Tensor part =
          attend(
              span.cache(),
              layer,
              q.narrow(0, row, n),
              k.narrow(0, row, n),
              v.narrow(0, row, n),
              here.narrow(row, n));
      y.narrow(0, row, n).copyFrom(part);
      row += n;
    }
    return y;
  }

  /// The cache's mask, which is in memory, ends attention at the tokens that are held.
  private static Tensor attend(
      KvCache cache, int layer, Tensor q, Tensor k, Tensor v, Angles angles) {
    return cache
        .ropeAppend(layer, q, k, v, angles.cos, angles.sin)
        .attention(cache.pages(layer), cache.mask(layer));
  }

  @SuppressWarnings("ReferenceEquality") // a device is itself
  private Angles angles(Device device) {
    for (Angles here : angles) {
      if (here.cos.device() == device) {
        return here;
      }
    }
    throw new AssertionError("step: no angles on " + device.name());
  }
}
