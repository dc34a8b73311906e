package org.internvl4j.models.contrastive;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Keys and values of several sequences of one length, for a search that goes on with some of them
/// and drops others. There is one at first.
final class Past {
  private final int room;
  private final List<Tensor> keys = new ArrayList<>(); // [S·room, H, D] of each layer
  private final List<Tensor> values = new ArrayList<>();
  private int sequences = 1;
  private int length;

  /// @param sequences S, most of them
  /// @param room tokens that a sequence may have
  Past(int layers, int sequences, int room, int heads, int width, Workspace workspace) {
    this.room = room;
    for (int layer = 0; layer < layers; layer++) {
      keys.add(workspace.activations(sequences * room, heads, width));
      values.add(workspace.activations(sequences * room, heads, width));
    }
  }

  /// Tokens of every sequence.
  int length() {
    return length;
  }

  int room() {
    return room;
  }

  Tensor keys(int layer) {
    return keys.get(layer);
  }

  Tensor values(int layer) {
    return values.get(layer);
  }

  /// Writes the keys and values of new tokens behind those that are held.
  ///
  /// @param k `[R, H, D]`: as many tokens of each sequence
  void put(int layer, Tensor k, Tensor v) {
    int each = k.dim(0) / sequences;
    for (int i = 0; i < sequences; i++) {
      int at = i * room + length;
      keys.get(layer).narrow(0, at, each).copyFrom(k.narrow(0, i * each, each));
      values.get(layer).narrow(0, at, each).copyFrom(v.narrow(0, i * each, each));
    }
  }

  /// Counts new tokens of every sequence as held.
  void advance(int tokens) {
    length += tokens;
  }

  /// Goes on with these sequences, some perhaps more than once: what was sequence `from[i]` becomes
  /// sequence `i`.
  void select(int[] from, Workspace scratch) {
    sequences = from.length;
    if (isInPlace(from)) {
      return;
    }
    for (List<Tensor> all : List.of(keys, values)) {
      for (Tensor tensor : all) {
        long start = scratch.position();
        Tensor old =
            scratch.activations(tensor.dim(0), tensor.dim(1), tensor.dim(2)).copyFrom(tensor);
        for (int i = 0; i < from.length; i++) {
          if (from[i] != i) {
            tensor.narrow(0, i * room, length).copyFrom(old.narrow(0, from[i] * room, length));
          }
        }
        scratch.rewind(start);
      }
    }
  }

  private static boolean isInPlace(int[] from) {
    for (int i = 0; i < from.length; i++) {
      if (from[i] != i) {
        return false;
      }
    }
    return true;
  }
}
