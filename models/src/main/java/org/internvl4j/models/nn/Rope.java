package org.internvl4j.models.nn;

import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Rotary position embedding (Su et al. 2021): the angles of every position, in f32 as the
/// reference computes them.
///
/// With scaling the frequencies depend on the length of the whole sequence. The *regime* is what
/// they depend on: keys rotated under one regime must not meet queries of another, but for those
/// that decoding adds.
public final class Rope {
  private final int headDim;
  private final double theta;
  private final RopeScaling scaling;

  /// @param headDim D, even
  /// @param theta base of the frequencies
  public Rope(int headDim, double theta, RopeScaling scaling) {
    this.headDim = headDim;
    this.theta = theta;
    this.scaling = scaling;
  }

  /// Cosines and sines, `[T, D/2]` each.
  public record Angles(Tensor cos, Tensor sin) {}

  /// Equal for lengths whose keys may be used together.
  ///
  /// @param length tokens of the sequence
  public long regime(int length) {
    return scaling.regime(length);
  }

  /// Angles of the positions that `spans` adds, in their order.
  public Angles angles(Step step, Workspace workspace) {
    int half = headDim / 2;
    float[] cos = new float[step.rows() * half];
    float[] sin = new float[cos.length];
    float scale = scaling.magnitude();
    int row = 0;
    for (Step.Span span : step.spans()) {
      int start = span.cache().length();
      float[] frequencies =
          scaling.frequencies(headDim, theta, Math.max(span.length(), start + span.rows()));
      for (int t = 0; t < span.rows(); t++, row++) {
        for (int j = 0; j < half; j++) {
          float angle = (start + t) * frequencies[j];
          cos[row * half + j] = (float) Math.cos(angle) * scale;
          sin[row * half + j] = (float) Math.sin(angle) * scale;
        }
      }
    }
    return new Angles(workspace.of(cos, row, half), workspace.of(sin, row, half));
  }
}
