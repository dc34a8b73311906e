package org.internvl4j.models.contrastive;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// A classifier that was never trained for its classes: a picture is of the class whose sentences
/// it is nearest to (Radford et al. 2021, section 3.1). Immutable.
public final class ZeroShot {
  private static final double SCALE = 100; // of the benchmark; the order does not depend on it

  private final List<String> names;
  private final List<float[]> vectors; // normalised

  /// @param names of the classes
  /// @param vectors of each, as [#vector] makes them
  /// @throws IllegalArgumentException if there are not as many of both
  public ZeroShot(List<String> names, List<float[]> vectors) {
    if (names.size() != vectors.size()) {
      throw new IllegalArgumentException(
          "classes: " + names.size() + " names but " + vectors.size() + " vectors");
    }
    this.names = List.copyOf(names);
    this.vectors = List.copyOf(vectors);
  }

  /// The vector of a class: the mean of its sentences' normalised features, normalised.
  ///
  /// @param features of its sentences
  public static float[] vector(List<float[]> features) {
    return Vectors.normalised(Vectors.mean(features.stream().map(Vectors::normalised).toList()));
  }

  /// A class and how likely it is.
  ///
  /// @param index of the class
  /// @param cosine of picture and class
  /// @param probability by a softmax over all classes
  public record Guess(int index, String name, double cosine, double probability) {}

  /// All classes, the likeliest first; of equal ones the first.
  ///
  /// @param feature of a picture, or the mean of those of a video's frames
  public List<Guess> classify(float[] feature) {
    float[] picture = Vectors.normalised(feature);
    double[] cosines = vectors.stream().mapToDouble(v -> Vectors.dot(picture, v)).toArray();
    double[] scaled = new double[cosines.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = SCALE * cosines[i];
    }
    double[] p = Vectors.softmax(scaled);
    List<Guess> guesses = new ArrayList<>();
    for (int i = 0; i < p.length; i++) {
      guesses.add(new Guess(i, names.get(i), cosines[i], p[i]));
    }
    guesses.sort(Comparator.comparingDouble((Guess g) -> -g.cosine));
    return guesses;
  }

  public List<String> names() {
    return names;
  }

  /// Of each class, normalised.
  public List<float[]> vectors() {
    return vectors;
  }
}
