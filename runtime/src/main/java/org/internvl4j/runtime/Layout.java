package org.internvl4j.runtime;

import org.jspecify.annotations.Nullable;

/// Where the elements of a shape lie: a stride a dimension and an offset, all in elements; or that
/// only the device knows.
final class Layout {
  private final long offset; // of packed elements: their bytes
  private final long[] strides;
  private final boolean packed;

  Layout(long offset, long[] strides) {
    this(offset, strides, false);
  }

  private Layout(long offset, long[] strides, boolean packed) {
    this.offset = offset;
    this.strides = strides;
    this.packed = packed;
  }

  /// Row-major without gaps, starting at element 0.
  static Layout contiguous(Shape shape) {
    long[] strides = new long[shape.rank()];
    long stride = 1;
    for (int i = shape.rank() - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= shape.dim(i);
    }
    return new Layout(0, strides);
  }

  /// `bytes` bytes in an order that only the device knows.
  static Layout packed(long bytes) {
    return new Layout(bytes, new long[0], true);
  }

  boolean isPacked() {
    return packed;
  }

  long packedBytes() {
    return offset;
  }

  long offset() {
    return offset;
  }

  long stride(int i) {
    return strides[i < 0 ? strides.length + i : i];
  }

  /// Elements from the first to the last of `shape`, which has at least one, both and all gaps
  /// counted.
  long span(Shape shape) {
    long span = 1;
    for (int i = 0; i < strides.length; i++) {
      span += (shape.dim(i) - 1) * strides[i];
    }
    return span;
  }

  /// Whether the elements of dimensions `from` and inward lie row-major without gaps.
  boolean isContiguous(Shape shape, int from) {
    if (isPacked()) {
      return false;
    }
    long expected = 1;
    for (int i = shape.rank() - 1; i >= from; i--) {
      if (shape.dim(i) != 1 && strides[i] != expected) {
        return false;
      }
      expected *= shape.dim(i);
    }
    return true;
  }

  Layout narrow(int dim, int start) {
    requireViews();
    return new Layout(offset + start * strides[dim], strides);
  }

  Layout without(int dim, int index) {
    requireViews();
    long[] rest = new long[strides.length - 1];
    System.arraycopy(strides, 0, rest, 0, dim);
    System.arraycopy(strides, dim + 1, rest, dim, rest.length - dim);
    return new Layout(offset + index * strides[dim], rest);
  }

  Layout swap(int a, int b) {
    requireViews();
    long[] swapped = strides.clone();
    swapped[a] = strides[b];
    swapped[b] = strides[a];
    return new Layout(offset, swapped);
  }

  private void requireViews() {
    if (isPacked()) {
      throw new IllegalStateException("tensor: a packed matrix has no views");
    }
  }

  /// The same elements seen as `to`, or null if that needs a copy. Runs of dimensions without gaps
  /// between them are cut anew; a cut never crosses a gap.
  @Nullable Layout view(Shape from, Shape to) {
    requireViews();
    long[] cut = new long[to.rank()];
    int j = to.rank() - 1;
    long stride = strides.length == 0 ? 1 : strides[strides.length - 1];
    long run = 1;
    long filled = 1;
    for (int i = from.rank() - 1; i >= 0; i--) {
      run *= from.dim(i);
      boolean gap = i == 0 || (from.dim(i - 1) != 1 && strides[i - 1] != run * stride);
      if (!gap) {
        continue;
      }
      while (j >= 0 && (filled < run || to.dim(j) == 1)) {
        cut[j] = filled * stride;
        filled *= to.dim(j--);
      }
      if (filled != run) {
        return null;
      }
      if (i > 0) {
        stride = strides[i - 1];
        run = 1;
        filled = 1;
      }
    }
    while (j >= 0 && to.dim(j) == 1) {
      cut[j--] = 1;
    }
    return j < 0 ? new Layout(offset, cut) : null;
  }
}
