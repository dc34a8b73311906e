package org.internvl4j.models.contrastive;

import java.util.Comparator;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/// Pictures and texts, and how near each picture is to each text. Immutable.
public final class Retrieval {
  private final double[][] cosines; // [texts][pictures]
  private final int pictures;

  /// @param pictures their features
  /// @param texts their features
  public Retrieval(List<float[]> pictures, List<float[]> texts) {
    List<float[]> seen = pictures.stream().map(Vectors::normalised).toList();
    this.pictures = pictures.size();
    this.cosines =
        texts.stream()
            .map(Vectors::normalised)
            .map(text -> seen.stream().mapToDouble(p -> Vectors.dot(p, text)).toArray())
            .toArray(double[][]::new);
  }

  /// The cosine of a picture and a text.
  public double cosine(int picture, int text) {
    return cosines[text][picture];
  }

  /// Pictures, the nearest to a text first; of equal ones the first.
  public List<Integer> picturesFor(int text) {
    return nearest(pictures, picture -> cosines[text][picture]);
  }

  /// Texts, the nearest to a picture first; of equal ones the first.
  public List<Integer> textsFor(int picture) {
    return nearest(cosines.length, text -> cosines[text][picture]);
  }

  private static List<Integer> nearest(int n, IntToDoubleFunction near) {
    return IntStream.range(0, n)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -near.applyAsDouble(i)))
        .toList();
  }

  /// How many are found among the first `k`, in 0 to 1.
  ///
  /// @param pictures of all texts, the share whose picture is among the k nearest
  /// @param texts of all pictures with texts, the share of which one text is among the k nearest
  public record Recall(int k, double pictures, double texts) {}

  /// Recall at `k`.
  ///
  /// @param pictureOf the picture that each text is about
  public Recall recall(int k, int[] pictureOf) {
    int found = 0;
    for (int text = 0; text < pictureOf.length; text++) {
      found += picturesFor(text).stream().limit(k).toList().contains(pictureOf[text]) ? 1 : 0;
    }
    int asked = 0;
    int answered = 0;
    for (int picture = 0; picture < pictures; picture++) {
      int p = picture;
      if (IntStream.of(pictureOf).anyMatch(of -> of == p)) {
        asked++;
        answered += textsFor(p).stream().limit(k).anyMatch(t -> pictureOf[t] == p) ? 1 : 0;
      }
    }
    return new Recall(k, (double) found / pictureOf.length, (double) answered / asked);
  }
}
