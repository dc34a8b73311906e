package org.internvl4j.models;

import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.internvl4j.models.nn.Layer;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// A pass through a network that is made layer by layer, so that other passes can come between two.
/// What it computes does not depend on that. Its workspace must not be reset in between.
final class Pieces {
  private final Supplier<Tensor> start;
  private final List<Layer> layers;
  private final Consumer<Tensor> end;
  private @Nullable Tensor x;
  private int next;

  /// @param start makes what goes into the first layer
  /// @param end gets what comes out of the last one
  Pieces(Supplier<Tensor> start, List<Layer> layers, Consumer<Tensor> end) {
    this.start = start;
    this.layers = layers;
    this.end = end;
  }

  /// Makes the next piece.
  ///
  /// @return whether that was the last one
  boolean step() {
    Tensor in = x == null ? start.get() : x;
    if (next < layers.size()) {
      Layer layer = layers.get(next++);
      in = layer.forward().apply(in.to(layer.device()));
    }
    x = in;
    if (next < layers.size()) {
      return false;
    }
    end.accept(Objects.requireNonNull(x));
    return true;
  }

  /// Makes all pieces that are left.
  void finish() {
    while (!step()) {}
  }
}
