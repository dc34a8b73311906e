package org.internvl4j.loader.quantised;

import java.util.List;

/// A matrix that files keep in fewer bits. Its parts' shapes have been checked. Several threads may
/// decode one at a time.
sealed interface QuantisedMatrix
    permits AwqMatrix, GptqMatrix, Int8Matrix, Nf4Matrix, Float8Matrix {
  int out();

  int in();

  /// The tensors that it is made of, that with the most bytes first.
  List<String> stored();

  /// Checks the numbers that say where others are; before any is decoded.
  default void check() {}

  /// Puts the numbers of a tile in its values, exact to a float.
  void decode(Tile tile);
}
