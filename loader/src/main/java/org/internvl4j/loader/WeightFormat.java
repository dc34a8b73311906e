package org.internvl4j.loader;

import java.util.Locale;
import org.internvl4j.runtime.DType;

/// What the matrices of a model's language part are kept as in memory. The vision tower, vectors
/// and embedding tables stay as the checkpoint stores them.
public enum WeightFormat {
  /// As the checkpoint stores them: bf16 for published models.
  STORED,
  /// Blocks of 32 weights, 8 bits each and a scale: half the memory of bf16.
  Q8,
  /// Blocks of 32 weights, 4 bits each and a scale: a quarter.
  Q4;

  /// The dtype that a matrix stored as `stored` is kept in.
  public DType keep(DType stored) {
    return switch (this) {
      case STORED -> stored;
      case Q8 -> DType.Q8;
      case Q4 -> DType.Q4;
    };
  }

  /// The name in files and messages: `stored`, `q8`, `q4`.
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
