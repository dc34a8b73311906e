package org.internvl4j.bench;

import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.runtime.DType;

/// How much a model has to compute and to read: the one place where it is counted.
///
/// A fused multiply-add is two operations; only products are counted, of weights and of attention.
/// What the rest costs (norms, activations, rotations) shows as a share of the peak that is
/// missing.
///
/// @param linear floating-point operations of products with weights
/// @param attention floating-point operations of `q kᵀ` and of its product with `v`
record ModelWork(long linear, long attention) {
  private static final int BLOCK = 32;

  /// All floating-point operations.
  long flops() {
    return linear + attention;
  }

  /// One tile through the tower and the projector.
  static ModelWork tile(InternVlConfig c) {
    VisionConfig v = c.vision();
    long patches = (long) c.grid() * c.grid();
    long rows = 1 + patches;
    long width = v.hiddenSize();
    long layer = width * 3 * width + width * width + 2 * width * v.intermediateSize();
    long patch = 3L * v.patchSize() * v.patchSize();
    long spoken = c.language().hiddenSize();
    long projector = 4 * width * spoken + spoken * spoken;
    return new ModelWork(
        2 * (patches * patch * width + c.visionBlocks() * rows * layer + patches / 4 * projector),
        4L * c.visionBlocks() * rows * rows * width);
  }

  /// A prompt through the decoder, and the head for its last token.
  static ModelWork prefill(LanguageConfig c, int tokens) {
    long pairs = tokens * (tokens + 1L) / 2;
    return new ModelWork(
        2 * (tokens * blocks(c) + head(c)), 4L * c.numHiddenLayers() * pairs * c.queryWidth());
  }

  /// The token that follows `past` others.
  static ModelWork token(LanguageConfig c, int past) {
    return new ModelWork(
        2 * (blocks(c) + head(c)), 4L * c.numHiddenLayers() * (past + 1) * c.queryWidth());
  }

  /// Bytes that the token after `past` others has to read: each weight of blocks and head once,
  /// keys and values of all before it. The row of the embeddings and the vectors of norms, some ten
  /// thousand bytes, are left out.
  ///
  /// @param weights what matrices are kept as
  static long tokenBytes(LanguageConfig c, DType weights, int past) {
    return weightBytes(c, weights) + (past + 1) * cacheBytesPerToken(c);
  }

  /// Bytes of the decoder's matrices and of its head.
  static long weightBytes(LanguageConfig c, DType weights) {
    return bytes(weights, blocks(c) + head(c));
  }

  /// Bytes of keys and values, in f32.
  static long cacheBytesPerToken(LanguageConfig c) {
    return 2L * c.numHiddenLayers() * c.keyWidth() * Float.BYTES;
  }

  private static long blocks(LanguageConfig c) {
    long width = c.hiddenSize();
    long attention = width * (c.queryWidth() + 2L * c.keyWidth()) + c.queryWidth() * width;
    return c.numHiddenLayers() * (attention + 3 * width * c.intermediateSize());
  }

  private static long head(LanguageConfig c) {
    return (long) c.vocabSize() * c.hiddenSize();
  }

  /// Blocks of 32 weights have one scale in bf16.
  private static long bytes(DType dtype, long weights) {
    return switch (dtype) {
      case Q8 -> weights + weights / BLOCK * 2;
      case Q4 -> weights / 2 + weights / BLOCK * 2;
      case F32, BF16, F16, I8, U8, I32, I64 -> weights * dtype.bytes();
    };
  }
}
