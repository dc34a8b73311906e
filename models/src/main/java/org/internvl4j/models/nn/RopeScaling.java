package org.internvl4j.models.nn;

/// How rotary frequencies stretch for sequences longer than those of the training.
public sealed interface RopeScaling {
  /// The frequencies as they are.
  RopeScaling NONE = new None();

  /// Frequencies for a sequence of `length` tokens.
  ///
  /// @param frequencies gets D/2
  void frequencies(float[] frequencies, double theta, int length);

  /// What cosines and sines are multiplied by.
  float magnitude();

  /// Equal for lengths that have equal frequencies.
  long regime(int length);

  /// `1 / theta^(2j/D)`, in f32 as PyTorch computes it.
  private static void plain(float[] frequencies, double theta) {
    for (int j = 0; j < frequencies.length; j++) {
      frequencies[j] = 1 / power(theta, j, frequencies.length);
    }
  }

  /// `theta^(2j/D)`, in f32.
  private static float power(double theta, int j, int half) {
    return (float) Math.pow((float) theta, 2f * j / (2 * half));
  }

  /// No scaling.
  record None() implements RopeScaling {
    @Override
    public void frequencies(float[] frequencies, double theta, int length) {
      plain(frequencies, theta);
    }

    @Override
    public float magnitude() {
      return 1;
    }

    @Override
    public long regime(int length) {
      return 0;
    }
  }

  /// Dynamic NTK: past `maxPositions` the base grows with the length (bloc97 & emozilla 2023, as in
  /// `modeling_internlm2.py`).
  ///
  /// @param factor f
  /// @param maxPositions M
  record DynamicNtk(double factor, int maxPositions) implements RopeScaling {
    @Override
    public void frequencies(float[] frequencies, double theta, int length) {
      double base = theta;
      if (length > maxPositions) {
        double stretch = factor * length / maxPositions - (factor - 1);
        int headDim = 2 * frequencies.length;
        base *= Math.pow(stretch, headDim / (headDim - 2.0));
      }
      plain(frequencies, base);
    }

    @Override
    public float magnitude() {
      return 1;
    }

    @Override
    public long regime(int length) {
      return length <= maxPositions ? 0 : length;
    }
  }

  /// LongRoPE (Ding et al. 2024): one factor a frequency, of a short set up to the original context
  /// and of a long set past it, as in `modeling_phi3.py`.
  ///
  /// @param original tokens up to which the short factors hold
  /// @param magnitude what cosines and sines are multiplied by in both regimes
  record LongRope(float[] shortFactors, float[] longFactors, int original, float magnitude)
      implements RopeScaling {
    @Override
    public void frequencies(float[] frequencies, double theta, int length) {
      float[] factors = length <= original ? shortFactors : longFactors;
      for (int j = 0; j < frequencies.length; j++) {
        frequencies[j] = 1 / (factors[j] * power(theta, j, frequencies.length));
      }
    }

    @Override
    public long regime(int length) {
      return length <= original ? 0 : 1;
    }
  }
}
