package org.internvl4j.models.nn;

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

  /// Equal for lengths whose keys may be used together.
  ///
  /// @param length tokens of the sequence
  public long regime(int length) {
    return scaling.regime(length);
  }

  /// The angles of rows at these positions, of a sequence that is not scaled.
  public Rotation rotation(int[] positions, Workspace workspace) {
    int width = width();
    float[] frequencies = new float[width];
    frequencies(frequencies, 1);
    float[] cos = new float[positions.length * width];
    float[] sin = new float[positions.length * width];
    for (int i = 0; i < positions.length; i++) {
      angles(cos, sin, i * width, positions[i], frequencies);
    }
    return new Rotation(
        workspace.of(cos, positions.length, width), workspace.of(sin, positions.length, width));
  }

  /// Angles of a position, D/2.
  int width() {
    return headDim / 2;
  }

  /// The frequencies of a sequence of `length` tokens, equal for all lengths of a regime.
  ///
  /// @param frequencies gets D/2
  void frequencies(float[] frequencies, int length) {
    scaling.frequencies(frequencies, theta, length);
  }

  /// Cosines and sines of one position.
  ///
  /// @param cos gets D/2 from `at` on
  /// @param sin gets D/2 from `at` on
  void angles(float[] cos, float[] sin, int at, int position, float[] frequencies) {
    float scale = scaling.magnitude();
    for (int j = 0; j < frequencies.length; j++) {
      float angle = position * frequencies[j];
      cos[at + j] = (float) Math.cos(angle) * scale;
      sin[at + j] = (float) Math.sin(angle) * scale;
    }
  }
}
