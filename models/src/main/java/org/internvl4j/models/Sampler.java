package org.internvl4j.models;

import java.lang.foreign.MemorySegment;
import org.internvl4j.models.text.IntList;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// Chooses the next tokens of some answers where their logits are ([Kernels#sample]): as their
/// options say, and by what they have said, both of which the device remembers.
///
/// Only tokens of an answer are penalised, not those of its prompt: the reference generates from
/// embeddings.
final class Sampler {
  private final int vocabulary;
  private final Tensor options; // [A, 4]
  private final Tensor draws; // [A, 2]
  private final Tensor said; // [A, V]
  private final @Nullable IntList[] followed; // the answers that the device remembers
  private final int[] counts; // tokens that it knows of each

  /// @param answers A
  /// @param vocabulary V
  /// @param workspace where all of it goes, on the device of the logits; not to be used for other
  ///   things as long as answers are followed
  Sampler(int answers, int vocabulary, Workspace workspace) {
    this.vocabulary = vocabulary;
    this.options = workspace.allocate(DType.F32, answers, 4);
    this.draws = workspace.allocate(DType.I64, answers, 2);
    this.said = workspace.allocate(DType.U8, answers, vocabulary);
    this.followed = new IntList[answers];
    this.counts = new int[answers];
  }

  /// Makes sure that the device knows an answer; it does if it has chosen all its tokens.
  ///
  /// @param answer from 0
  /// @param made its tokens so far; the list is what tells it from others
  @SuppressWarnings("ReferenceEquality") // a list is itself
  void follow(int answer, Generation how, IntList made) {
    if (followed[answer] == made && counts[answer] == made.size()) {
      return;
    }
    float[] numbers = {how.temperature(), how.topK(), how.topP(), how.repetitionPenalty()};
    options.select(0, answer).fromHost(MemorySegment.ofArray(numbers));
    long[] state = {how.seed(), made.size()};
    draws.select(0, answer).fromHost(MemorySegment.ofArray(state));
    byte[] flags = new byte[vocabulary];
    for (int i = 0; i < made.size(); i++) {
      flags[made.get(i)] = 1;
    }
    said.select(0, answer).fromHost(MemorySegment.ofArray(flags));
    followed[answer] = made;
    counts[answer] = made.size();
  }

  /// Chooses: part of the step that made the logits.
  ///
  /// @param logits `[R, V]`, `R/A` rows an answer
  /// @param ids `[R]`, i32: the tokens that the rows came of
  /// @return `[R]`, i32; see [Kernels#sample]
  Tensor choose(Tensor logits, Tensor ids) {
    return logits.sample(ids, options, draws, said);
  }

  /// Counts tokens that the device has chosen.
  void count(int answer, int tokens) {
    counts[answer] += tokens;
  }
}
