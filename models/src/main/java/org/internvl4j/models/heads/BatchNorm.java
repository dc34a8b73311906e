package org.internvl4j.models.heads;

import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.Weights;

/// A BatchNorm that is not trained any more (Ioffe & Szegedy 2015, algorithm 2): `scale · (x -
/// mean) + beta`, element by element, where `scale = gamma / √(variance + eps)`.
///
/// @param scale of each channel
/// @param mean of each channel
/// @param beta of each channel
record BatchNorm(double[] scale, double[] mean, double[] beta) {
  /// The names of its weights; `num_batches_tracked` beside them is not needed.
  static final List<String> NAMES = List.of("weight", "bias", "running_mean", "running_var");

  /// @throws CheckpointException if a weight is missing or of another shape, or a variance is below
  ///   0
  static BatchNorm of(Weights w, int channels, double eps) {
    return of(
        w.get("weight", channels).toFloats(),
        w.get("bias", channels).toFloats(),
        w.get("running_mean", channels).toFloats(),
        w.get("running_var", channels).toFloats(),
        eps,
        w.path());
  }

  /// @param where its path, for messages
  static BatchNorm of(
      float[] gamma, float[] beta, float[] mean, float[] variance, double eps, String where) {
    double[] scale = new double[gamma.length];
    for (int i = 0; i < scale.length; i++) {
      if (!(variance[i] >= 0)) {
        throw new CheckpointException(
            where + ".running_var", "is " + variance[i] + " at " + i + ", expected at least 0");
      }
      scale[i] = gamma[i] / Math.sqrt(variance[i] + eps);
    }
    return new BatchNorm(scale, doubles(mean), doubles(beta));
  }

  private static double[] doubles(float[] values) {
    double[] y = new double[values.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = values[i];
    }
    return y;
  }

  double[] apply(double[] x) {
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = scale[i] * (x[i] - mean[i]) + beta[i];
    }
    return y;
  }
}
