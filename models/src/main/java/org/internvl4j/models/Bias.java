package org.internvl4j.models;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// What is added to the logits of some answers before their tokens are chosen, where the logits
/// are: zeros for those that ask for nothing.
final class Bias {
  private final Tensor values; // [A, V]
  private final float[] row;
  private final MemorySegment rowMemory;
  private final boolean[] isZero; // of each answer

  /// @param answers A
  /// @param vocabulary V
  /// @param workspace where it goes; not to be used for other things as long as answers are
  ///   followed
  Bias(int answers, int vocabulary, Workspace workspace) {
    this.values = workspace.allocate(DType.F32, answers, vocabulary);
    this.row = new float[vocabulary];
    this.rowMemory = MemorySegment.ofArray(row);
    this.isZero = new boolean[answers];
  }

  /// Makes sure that the values of an answer are those of its next token.
  void follow(int answer, Sequence sequence) {
    if (sequence.isBiased()) {
      sequence.bias(row);
      isZero[answer] = false;
    } else if (isZero[answer]) {
      return;
    } else {
      Arrays.fill(row, 0);
      isZero[answer] = true;
    }
    values.select(0, answer).fromHost(rowMemory);
  }

  /// Adds: part of the step that made the logits.
  ///
  /// @param logits `[A, V]`
  Tensor addTo(Tensor logits) {
    return logits.add(values);
  }
}
