package org.internvl4j.runtime;

import java.util.Arrays;
import java.util.stream.Collectors;

/// The sizes of a tensor, outermost dimension first. Immutable; printed as `[2, 3]`.
public final class Shape {
  private final int[] dims;

  private Shape(int[] dims) {
    this.dims = dims;
  }

  /// @throws IllegalArgumentException if a dimension is negative
  public static Shape of(int... dims) {
    for (int dim : dims) {
      if (dim < 0) {
        throw new IllegalArgumentException("shape: negative dimension in " + Arrays.toString(dims));
      }
    }
    return new Shape(dims.clone());
  }

  /// Number of dimensions.
  public int rank() {
    return dims.length;
  }

  /// Size of dimension `i`; negative `i` counts from the end, so `dim(-1)` is the innermost.
  public int dim(int i) {
    return dims[i < 0 ? dims.length + i : i];
  }

  /// Number of elements; 1 for a scalar.
  public long size() {
    long size = 1;
    for (int dim : dims) {
      size = Math.multiplyExact(size, (long) dim);
    }
    return size;
  }

  /// Number of rows: the elements divided by the innermost dimension.
  public long rows() {
    return dims.length == 0 ? 1 : dim(-1) == 0 ? 0 : size() / dim(-1);
  }

  /// A copy of the sizes.
  public int[] toArray() {
    return dims.clone();
  }

  /// This shape with dimension `i` replaced.
  public Shape with(int i, int dim) {
    int[] copy = dims.clone();
    copy[i < 0 ? copy.length + i : i] = dim;
    return of(copy);
  }

  /// Whether `inner` equals the last dimensions of this shape, or does so after leading ones.
  public boolean endsWith(Shape inner) {
    int skip = 0;
    while (skip < inner.rank() && inner.dim(skip) == 1) {
      skip++;
    }
    int rank = inner.rank() - skip;
    if (rank > rank()) {
      return false;
    }
    for (int i = 1; i <= rank; i++) {
      if (dim(-i) != inner.dim(-i)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Shape other && Arrays.equals(dims, other.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  @Override
  public String toString() {
    return Arrays.stream(dims)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", ", "[", "]"));
  }
}
