package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// `y[r] = end(weight · x[r] + bias)`: a linear layer with what follows it.
///
/// Workers share the panels of columns. Each takes as many panels as fit its second-level cache
/// together and runs all rows over them, six at a time: few rows are bound by reading the weights,
/// which are read once, many by arithmetic. A tile's sums go to a stage in the first-level cache;
/// the end takes them from there to `y`.
///
/// An element is one chain of fused multiply-adds in the order of the inputs, started at the bias:
/// it depends on neither the rows beside it nor the workers nor the width of vectors. But for
/// [DType#Q4], whose few rows are rounded to 8 bits first; see [Q4].
final class MatMul implements Pool.Job {
  /// Bytes of panels that a worker keeps at hand: half of a second-level cache.
  private static final long AT_HAND = 1 << 19;

  private static final int MOST_PANELS = 8;

  /// As many rows as are rounded for [Q4]; more rows pay for widening the weights.
  private static final int FEW = 8;

  /// What happens to a product on its way to `y`.
  private enum End {
    NONE,
    GELU,
    ADD,
    SWI_GLU
  }

  private final End end;
  private final Rows y;
  private final Rows x;
  private final Panels w;
  private final @Nullable Panels up;
  private final @Nullable MemorySegment bias;
  private final long bias0;
  private final @Nullable MemorySegment scale;
  private final long scale0;
  private final @Nullable Rows residual;

  private final int group; // panels that are at hand together
  private final boolean widened;

  // positions in a worker's scratch, bytes
  private final long stageStride;
  private final long upStage;
  private final long lastBias;
  private final long rounded;
  private final long lines;
  private final long scratchBytes;

  private MatMul(
      End end,
      Tensor y,
      Tensor x,
      Tensor weight,
      @Nullable Tensor up,
      @Nullable Tensor bias,
      @Nullable Tensor scale,
      @Nullable Tensor residual) {
    this.end = end;
    this.y = Rows.of(y);
    this.x = Rows.of(x);
    this.w = new Panels(weight);
    this.up = up == null ? null : new Panels(up);
    this.bias = bias == null ? null : bias.segment();
    this.bias0 = bias == null ? 0 : bias.byteOffset();
    this.scale = scale == null ? null : scale.segment();
    this.scale0 = scale == null ? 0 : scale.byteOffset();
    this.residual = residual == null ? null : Rows.of(residual);
    int rows = this.x.count;
    widened = (w.dtype == DType.Q8 && rows > 1) || (w.dtype == DType.Q4 && rows > FEW);
    long panel = Math.max(1, (widened ? line(w.in) : w.bytes()) * (up == null ? 1 : 2));
    group = Math.clamp(AT_HAND / panel, 1, MOST_PANELS);
    stageStride = 4L * Panels.COLUMNS * group;
    upStage = stageStride * TileF32.ROWS;
    lastBias = 2 * upStage;
    rounded = lastBias + 4L * Panels.COLUMNS;
    boolean rounds = w.dtype == DType.Q4 && !widened;
    lines = align(rounded + (rounds ? rows * Q4.bytes(w.in) + 4L * Panels.COLUMNS : 0));
    scratchBytes = lines + (widened ? line(w.in) * group * (up == null ? 1 : 2) : 0);
  }

  /// Bytes of a panel of f32 with `k` inputs.
  private static long line(int k) {
    return 4L * Panels.COLUMNS * k;
  }

  private static long align(long bytes) {
    return (bytes + 63) & -64;
  }

  static void run(Pool pool, Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    new MatMul(End.NONE, y, x, weight, null, bias, null, null).run(pool);
  }

  static void gelu(Pool pool, Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    new MatMul(End.GELU, y, x, weight, null, bias, null, null).run(pool);
  }

  static void add(
      Pool pool,
      Tensor y,
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor scale,
      Tensor residual) {
    new MatMul(End.ADD, y, x, weight, null, bias, scale, residual).run(pool);
  }

  static void swiGlu(Pool pool, Tensor y, Tensor x, Tensor gate, Tensor up) {
    new MatMul(End.SWI_GLU, y, x, gate, up, null, null, null).run(pool);
  }

  private void run(Pool pool) {
    pool.run((long) x.count * w.in * w.out * (up == null ? 1 : 2), this);
  }

  @Override
  public void run(Share share) {
    MemorySegment scratch = share.scratch(scratchBytes);
    if (w.dtype == DType.Q4 && !widened) {
      for (int r = 0; r < x.count; r++) {
        Q4.round(w.in, x.segment, x.at(r), scratch, rounded + r * Q4.bytes(w.in));
      }
    }
    int to = share.to(w.count());
    for (int first = share.from(w.count()); first < to; first += group) {
      panels(scratch, first, Math.min(group, to - first));
    }
  }

  /// All rows of the columns of panels `first … first + count − 1`.
  private void panels(MemorySegment scratch, int first, int count) {
    if (widened) {
      for (int j = 0; j < count; j++) {
        widen(w, first + j, scratch, lines + j * line(w.in));
        if (up != null) {
          widen(up, first + j, scratch, lines + (group + j) * line(w.in));
        }
      }
    }
    for (int r = 0; r < x.count; ) {
      int rows = x.count == 1 ? 1 : Math.min(TileF32.ROWS, x.following(r, x.count));
      for (int j = 0; j < count; j++) {
        tile(w, first + j, lines + j * line(w.in), r, rows, scratch, 4L * Panels.COLUMNS * j);
        if (up != null) {
          long panel = lines + (group + j) * line(w.in);
          tile(up, first + j, panel, r, rows, scratch, upStage + 4L * Panels.COLUMNS * j);
        }
      }
      int c = first * Panels.COLUMNS;
      int columns = Math.min(count * Panels.COLUMNS, w.out - c);
      for (int i = 0; i < rows; i++) {
        finish(scratch, stageStride * i, r + i, c, columns);
      }
      r += rows;
    }
  }

  private static void widen(Panels p, int i, MemorySegment scratch, long to) {
    if (p.dtype == DType.Q8) {
      Q8.widen(p.in, p.segment, p.at(i), scratch, to);
    } else {
      Q4.widen(p.in, p.segment, p.at(i), scratch, to);
    }
  }

  /// `rows` rows from `r` on times panel `i`, to the stage at `to`.
  ///
  /// @param line where the widened panel lies in scratch, if it was
  private void tile(Panels p, int i, long line, int r, int rows, MemorySegment scratch, long to) {
    MemorySegment init = TileF32.ZERO;
    long i0 = 0;
    if (bias != null) {
      int c = i * Panels.COLUMNS;
      init = bias;
      i0 = bias0 + 4L * c;
      if (p.columns(i) < Panels.COLUMNS) {
        MemorySegment.copy(bias, i0, scratch, lastBias, 4L * p.columns(i));
        init = scratch;
        i0 = lastBias;
      }
    }
    long xAt = x.at(r);
    if (widened) {
      TileF32.run(
          p.in,
          x.segment,
          xAt,
          x.stride,
          rows,
          scratch,
          line,
          scratch,
          to,
          stageStride,
          init,
          i0,
          0);
      return;
    }
    MemorySegment s = p.segment;
    long at = p.at(i);
    switch (p.dtype) {
      case BF16 -> {
        if (rows == 1) {
          RowBf16.run(p.in, x.segment, xAt, 0, 1, s, at, scratch, to, 0, init, i0, 0);
        } else {
          TileBf16.run(
              p.in, x.segment, xAt, x.stride, rows, s, at, scratch, to, stageStride, init, i0, 0);
        }
      }
      case F32 -> {
        if (rows == 1) {
          RowF32.run(p.in, x.segment, xAt, 0, 1, s, at, scratch, to, 0, init, i0, 0);
        } else {
          TileF32.run(
              p.in, x.segment, xAt, x.stride, rows, s, at, scratch, to, stageStride, init, i0, 0);
        }
      }
      case Q8 -> Q8.row(p.in, x.segment, xAt, s, at, scratch, to, init, i0);
      case Q4 -> {
        for (int n = 0; n < rows; n++) {
          long a = rounded + (r + n) * Q4.bytes(p.in);
          Q4.row(p.in, scratch, a, s, at, scratch, to + n * stageStride, init, i0);
        }
      }
      case F16, I8, U8, I32, I64 -> throw new AssertionError(p.dtype);
    }
  }

  /// Takes `columns` columns of row `r` from the stage to `y`.
  private void finish(MemorySegment scratch, long at, int r, int c, int columns) {
    long to = y.at(r) + 4L * c;
    switch (end) {
      case NONE -> MemorySegment.copy(scratch, at, y.segment, to, 4L * columns);
      case GELU -> Gelu.row(y.segment, to, scratch, at, columns);
      case SWI_GLU -> SwiGlu.row(y.segment, to, scratch, at, scratch, upStage + at, columns);
      case ADD -> {
        if (scale != null) {
          Mul.row(scratch, at, scratch, at, scale, scale0 + 4L * c, columns);
        }
        Rows other = residual;
        if (other != null) {
          Add.row(y.segment, to, other.segment, other.at(r) + 4L * c, scratch, at, columns);
        }
      }
    }
  }
}
