package org.internvl4j.models.heads;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.Features;
import org.internvl4j.models.contrastive.Vectors;

/// What a frozen tower's features tell of a picture by one linear layer (`InternViT6B.forward` of
/// `classification/models/intern_vit_6b.py`): `W · norm(x) + b`, where x is the class token and the
/// mean of the patches side by side, and norm a BatchNorm that is not trained any more.
///
/// Computed here, summed in double: 6400 numbers to 1000 are nothing beside the tower. Immutable.
public final class LinearProbe {
  private static final double EPS = 1e-6; // of the training code

  private final int width; // C
  private final BatchNorm norm; // of 2·C
  private final float[] weight; // [K, 2·C]
  private final float[] bias;

  /// @param width C, of the tower
  /// @param w `norm.*` and `head.*`
  /// @throws CheckpointException if one is missing or of another shape
  public LinearProbe(int width, Weights w) {
    if (!w.has("norm.running_mean")) {
      throw new CheckpointException(
          w.checkpoint().name(),
          "is no linear probe: it has no norm.running_mean; others than BatchNorm and Linear are"
              + " not read");
    }
    int classes = Shapes.rows(w, "head.weight");
    this.width = width;
    this.norm = BatchNorm.of(w.at("norm"), 2 * width, EPS);
    this.weight = w.get("head.weight", classes, 2 * width).toFloats();
    this.bias = w.get("head.bias", classes).toFloats();
  }

  /// How many classes it tells apart, K.
  public int classes() {
    return bias.length;
  }

  /// A class and how likely it is.
  ///
  /// @param index of the class
  /// @param probability by a softmax over all classes
  public record Guess(int index, double logit, double probability) {}

  /// Logits of a picture.
  ///
  /// @param tile `[1 + P, C]`, output of the tower's last block, class token first
  /// @return K of them
  public double[] logits(float[] tile) {
    double[] x = norm.apply(pooled(tile));
    double[] y = new double[classes()];
    for (int k = 0; k < y.length; k++) {
      double sum = 0;
      for (int i = 0; i < x.length; i++) {
        sum += x[i] * weight[k * x.length + i];
      }
      y[k] = sum + bias[k];
    }
    return y;
  }

  /// Logits of pictures, a tile each.
  public List<double[]> logits(Features features) {
    return features.tiles().stream().map(this::logits).toList();
  }

  private double[] pooled(float[] tile) {
    int patches = tile.length / width - 1;
    double[] x = new double[2 * width];
    for (int i = 0; i < width; i++) {
      x[i] = tile[i];
      double sum = 0;
      for (int row = 1; row <= patches; row++) {
        sum += tile[row * width + i];
      }
      x[width + i] = sum / patches;
    }
    return x;
  }

  /// All classes, the likeliest first; of equal ones the first.
  public static List<Guess> ranked(double[] logits) {
    double[] p = Vectors.softmax(logits);
    List<Guess> guesses = new ArrayList<>();
    for (int i = 0; i < p.length; i++) {
      guesses.add(new Guess(i, logits[i], p[i]));
    }
    guesses.sort(Comparator.comparingDouble((Guess g) -> -g.logit));
    return guesses;
  }
}
