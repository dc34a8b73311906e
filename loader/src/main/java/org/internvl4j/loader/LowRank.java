package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;
import org.jspecify.annotations.Nullable;

/// What an adapter adds to a matrix: `scale · B·A` (Hu et al. 2021).
///
/// @param a `[r, in]`
/// @param b `[out, r]`
/// @param rows the row of the matrix for each row of B; null where B has them all
public record LowRank(Factor a, Factor b, double scale, int @Nullable [] rows) {
  private static final int MOST_RANK = 4096;

  /// A matrix of floats in a file; not read before it is asked for.
  ///
  /// @param file names the file in messages
  public record Factor(String file, TensorInfo info, Supplier<MemorySegment> bytes) {
    /// Row by row.
    float[][] read() {
      DType dtype = info.type();
      if (dtype == null) {
        throw new AssertionError(info);
      }
      int rows = Math.toIntExact(info.shape().getFirst());
      int columns = Math.toIntExact(info.shape().getLast());
      MemorySegment from = bytes.get();
      float[][] values = new float[rows][columns];
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          values[i][j] = Elements.get(from, dtype, (long) i * columns + j);
        }
      }
      return values;
    }

    CheckpointException wrong(String expected) {
      return new CheckpointException(file, info.name() + " is " + info + ", expected " + expected);
    }
  }

  /// How many rows A has.
  int rank() {
    return Math.toIntExact(a.info.shape().getFirst());
  }

  /// Where the rows of B go in a matrix with `out` rows: the row of B for each, or -1.
  int[] places(int out) {
    int[] places = new int[out];
    for (int i = 0; i < out; i++) {
      places[i] = rows == null ? i : -1;
    }
    for (int i = 0; rows != null && i < rows.length; i++) {
      places[rows[i]] = i;
    }
    return places;
  }

  /// Refuses what cannot be added to a matrix.
  ///
  /// @throws CheckpointException saying that the adapter is another model's
  void requireFits(TensorInfo matrix) {
    List<Long> shape = matrix.shape();
    requireMatrix(a);
    requireMatrix(b);
    long rank = a.info.shape().getFirst();
    if (rank > MOST_RANK) {
      throw a.wrong("a rank of at most " + MOST_RANK);
    }
    if (shape.size() != 2 || a.info.shape().getLast() != shape.getLast().longValue()) {
      throw a.wrong(
          "rows like those of " + matrix.name() + " " + shape + "; it is made for another model");
    }
    long out = rows == null ? shape.getFirst() : rows.length;
    if (!b.info.shape().equals(List.of(out, rank))) {
      throw b.wrong(
          "[%d, %d] for %s %s; it is made for another model"
              .formatted(out, rank, matrix.name(), shape));
    }
  }

  private static void requireMatrix(Factor f) {
    DType type = f.info.type();
    boolean holds =
        f.info.shape().size() == 2
            && f.info.shape().stream().allMatch(d -> d >= 1 && d <= Integer.MAX_VALUE)
            && type != null
            && type.isFloating();
    if (!holds) {
      throw f.wrong("two dimensions of F32, F16 or BF16");
    }
  }
}
