package org.internvl4j.models.heads;

import java.util.Arrays;
import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.Weights;

/// Sizes that only the weights say: no configuration lies beside a head.
final class Shapes {
  private static final int MOST = 1 << 16; // classes or channels

  private Shapes() {}

  /// How many rows a weight has.
  ///
  /// @throws CheckpointException if it is missing, or has none or too many
  static int rows(Weights w, String name) {
    List<Long> shape = w.shape(name);
    if (shape.size() < 2 || shape.getFirst() < 1 || shape.getFirst() > MOST) {
      throw new CheckpointException(
          w.path().isEmpty() ? name : w.path() + "." + name,
          "is " + shape + ", expected 1 to " + MOST + " rows");
    }
    return Math.toIntExact(shape.getFirst());
  }

  /// That a weight of the file has these dimensions.
  ///
  /// @throws CheckpointException if it is missing or has others
  static void require(Weights w, String name, long... dims) {
    List<Long> expected = Arrays.stream(dims).boxed().toList();
    List<Long> shape = w.shape(name);
    if (!shape.equals(expected)) {
      throw new CheckpointException(
          w.checkpoint().name(),
          (w.path().isEmpty() ? name : w.path() + "." + name)
              + " is "
              + shape
              + ", expected "
              + expected);
    }
  }

  /// That a BatchNorm of the file has these channels.
  ///
  /// @param path of it below `w`
  static void requireNorm(Weights w, String path, int channels) {
    BatchNorm.NAMES.forEach(name -> require(w, path + "." + name, channels));
  }
}
