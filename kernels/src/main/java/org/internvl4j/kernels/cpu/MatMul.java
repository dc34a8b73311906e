package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// `y[r] = end(weight · x[r] + bias)`: a linear layer with what follows it.
///
/// Workers share the panels of columns. One row is bound by reading the weights: it takes two
/// panels at a time. Many rows are bound by arithmetic: they are laid out first, see [RowLayout].
/// Each worker takes some panels, some rows, and of a panel as many inputs as the first-level cache
/// holds, and runs the rows over them, six at a time, before it turns to the next panel and then to
/// the next inputs. Sums stay in a stage, and the end takes them from there to `y`.
///
/// An element is one chain of fused multiply-adds in the order of the inputs, started at the bias:
/// it depends on neither the rows beside it nor the workers nor the width of vectors. With weights
/// in blocks of 8 and 4 bits rows are rounded to 8 bits, and the chain is one of blocks, see
/// [RoundedRow]; but where many rows are widened, see [RoundedRows].
final class MatMul {
  /// Panels whose sums are taken to `y` together: few columns at a time, each row on a page of its
  /// own, are slow to write.
  private static final int PANELS = 8;

  /// Rows of many that are taken over a panel before the next one.
  private static final int ROWS = 20 * RowBlocks.ROWS;

  /// Bytes of a panel that are multiplied with many rows before those of the next panel: they stay
  /// in the first-level cache while the rows pass by.
  private static final long AT_HAND = 1 << 15;

  /// As many rows are taken one after the other with weights in blocks; more rows pay for widening
  /// them, where that is done.
  private static final int FEW = RoundedRows.PACKED ? 1 : 8;

  /// Rows that are laid out together: a picture's 1025, so that they need no more memory than its
  /// activations do.
  private static final int MOST_ROWS = 172 * RowBlocks.ROWS;

  private static final long PANEL_LINE = 4L * Panels.COLUMNS; // bytes
  private static final long STAGE_LINE = PANEL_LINE * PANELS; // bytes, the sums of a row

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

  private final boolean isFew; // rows, taken one after the other
  private final int inputs; // as many as have their weights of a panel at hand
  private final Unrolled unrolled;
  private final FewRows few;
  private final RowLayout layout; // of many rows

  // positions in a worker's scratch, bytes: sums (at 0) and those of `up`, where sums start,
  // and what else many rows take
  private final long upStage;
  private final long starts;
  private final long spare;
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
    boolean blocks = w.dtype.isBlocks();
    boolean paired = Unrolled.PAIRED && w.dtype == DType.BF16 && w.in % 2 == 0;
    unrolled = paired ? Unrolled.PAIRS : w.dtype == DType.BF16 ? Unrolled.BF16 : Unrolled.F32;
    isFew = rows == 1 || (blocks && rows <= FEW);
    layout = blocks ? new RoundedRows(w) : new PlainRows(w, unrolled);
    inputs = layout.inputs(rows, AT_HAND);
    upStage = STAGE_LINE * Math.min(ROWS, RowBlocks.count(rows) * RowBlocks.ROWS);
    starts = upStage * (up == null ? 1 : 2);
    few = new FewRows(this.x, w, unrolled, starts + STAGE_LINE);
    spare = align(starts + STAGE_LINE + (isFew ? few.bytes() : 0));
    scratchBytes = spare + layout.spareBytes(inputs);
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
    if (isFew) {
      pool.run(cost(x.count), this::fewRows);
      return;
    }
    for (int from = 0; from < x.count; from += MOST_ROWS) {
      int to = Math.min(x.count, from + MOST_ROWS);
      long layOutCost = (long) (to - from) * w.in;
      pool.run(layOutCost, new LayOut(from, to), cost(to - from), new ManyRows(from, to));
    }
  }

  private long cost(int rows) {
    return (long) rows * w.in * w.out * (up == null ? 1 : 2);
  }

  // ---- few rows, one after the other

  private void fewRows(Share share) {
    long begin = w.dtype.isBlocks() ? 0 : unrolled.rows().begin(share);
    MemorySegment scratch = share.scratch(scratchBytes);
    few.fill(scratch);
    int to = share.to(w.count());
    for (int first = share.from(w.count()); first < to; first += PANELS) {
      int count = Math.min(PANELS, to - first);
      begin(scratch, first, count);
      for (int r = 0; r < x.count; r++) {
        fewPanels(scratch, first, count, r);
        finish(scratch, 0, r, first, count);
      }
    }
    unrolled.rows().end(begin, share.part(cost(x.count)));
  }

  /// Row `r` times panels `first … first + count − 1`, two at a time: those of the gate and of `up`
  /// if there are both.
  private void fewPanels(MemorySegment scratch, int first, int count, int r) {
    if (up == null) {
      for (int j = 0; j < count; j += 2) {
        int next = Math.min(j + 1, count - 1); // a last one without a partner is its own
        long a = w.at(first + j);
        long b = w.at(first + next);
        twoPanels(r, w.segment, a, w.segment, b, scratch, PANEL_LINE * j, PANEL_LINE * next);
      }
    } else {
      for (int j = 0; j < count; j++) {
        long to = PANEL_LINE * j;
        long a = w.at(first + j);
        long b = up.at(first + j);
        twoPanels(r, w.segment, a, up.segment, b, scratch, to, upStage + to);
      }
    }
  }

  private void twoPanels(
      int r,
      MemorySegment a,
      long a0,
      MemorySegment b,
      long b0,
      MemorySegment scratch,
      long y0,
      long z0) {
    MemorySegment s = start(scratch);
    long i0 = startOf(y0);
    long j0 = startOf(z0);
    few.multiply(r, a, a0, b, b0, scratch, y0, z0, s, i0, j0, spare);
  }

  // ---- many rows, six at a time

  /// Rows `from … to − 1` as products read them.
  private final class LayOut implements Pool.Job {
    private final int from;
    private final int to;

    LayOut(int from, int to) {
      this.from = from;
      this.to = to;
    }

    @Override
    public long commonBytes() {
      return layout.bytes(to - from);
    }

    @Override
    public void run(Share share) {
      layout.fill(share, x, from, to, share.common());
    }
  }

  /// Rows `from … to − 1`, laid out.
  private final class ManyRows implements Pool.Job {
    private final int from;
    private final int to;

    ManyRows(int from, int to) {
      this.from = from;
      this.to = to;
    }

    @Override
    public void run(Share share) {
      long begin = unrolled.tiles().begin(share);
      MemorySegment scratch = share.scratch(scratchBytes);
      int end = share.to(w.count());
      for (int first = share.from(w.count()); first < end; first += PANELS) {
        panels(share.common(), scratch, first, Math.min(PANELS, end - first));
      }
      unrolled.tiles().end(begin, share.part(cost(to - from)));
    }

    /// All rows of the columns of panels `first … first + count − 1`.
    private void panels(MemorySegment blocks, MemorySegment scratch, int first, int count) {
      begin(scratch, first, count);
      for (int r = from; r < to; r += ROWS) {
        int rows = Math.min(ROWS, to - r);
        int k = 0;
        do {
          for (int j = 0; j < count; j++) {
            chunk(blocks, r, rows, w, first + j, k, scratch, PANEL_LINE * j);
            if (up != null) {
              chunk(blocks, r, rows, up, first + j, k, scratch, upStage + PANEL_LINE * j);
            }
          }
          k += inputs;
        } while (k < w.in);
        for (int i = 0; i < rows; i++) {
          finish(scratch, STAGE_LINE * i, r + i, first, count);
        }
      }
    }

    /// Adds what the inputs from `k` on, a chunk of them, give to some rows of a panel's columns.
    ///
    /// @param y0 the first row's sums
    private void chunk(
        MemorySegment blocks,
        int row,
        int rows,
        Panels p,
        int panel,
        int k,
        MemorySegment scratch,
        long y0) {
      int n = Math.min(inputs, p.in - k);
      boolean begins = k == 0;
      layout.multiply(
          k,
          n,
          blocks,
          row - from,
          rows,
          p.segment,
          p.at(panel, k),
          scratch,
          y0,
          STAGE_LINE,
          begins ? start(scratch) : scratch,
          begins ? startOf(y0) : y0,
          begins ? 0 : STAGE_LINE,
          spare);
    }
  }

  // ---- begin and end

  /// Lays the bias of panels `first … first + count − 1` where their sums start.
  private void begin(MemorySegment scratch, int first, int count) {
    if (bias != null) {
      long from = bias0 + PANEL_LINE * first;
      MemorySegment.copy(bias, from, scratch, starts, 4L * columns(first, count));
    }
  }

  /// Where the start of the sums lies that go to `y` of the stage, in [#start].
  private long startOf(long y) {
    return bias == null ? 0 : starts + y;
  }

  private MemorySegment start(MemorySegment scratch) {
    return bias == null ? Panels.ZEROS : scratch;
  }

  /// Columns of panels `first … first + count − 1` that exist.
  private int columns(int first, int count) {
    return Math.min(count * Panels.COLUMNS, w.out - first * Panels.COLUMNS);
  }

  /// Takes row `r` of panels `first … first + count − 1` from the stage to `y`.
  private void finish(MemorySegment scratch, long at, int r, int first, int count) {
    int c = first * Panels.COLUMNS;
    int columns = columns(first, count);
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
