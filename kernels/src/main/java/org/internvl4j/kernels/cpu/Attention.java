package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.internvl4j.kernels.cpu.Panels.COLUMNS;
import static org.internvl4j.kernels.cpu.RowBlocks.ROWS;

import java.lang.foreign.MemorySegment;

/// `y = softmax(scale · q kᵀ + mask) v` for many queries, streaming over blocks of keys (Dao et al.
/// 2022).
///
/// Queries lie across the lanes: scores are computed as `k qᵀ` and results as `vᵀ · weights`, so
/// maxima and sums over keys are plain vector operations, the weights of a block are at once the
/// right operand of the second product, and keys and values are laid out once for all queries. The
/// columns of a kv head are its query heads of each token in turn, so that heads which share keys
/// ([Ainslie et al. 2023]) fill vectors together, and neighbours see about the same keys.
///
/// A unit is [Panels#COLUMNS] columns of one kv head; a worker has a range of units, cut so that
/// each has as many keys to look at. It takes all its units of a kv head over a block of keys
/// before it lays out the next one. What a unit computes depends neither on the other units nor on
/// how many keys there are beyond those it sees. Few queries are [AttentionStep]'s.
final class Attention {
  /// From so many queries on the panels pay. Fewer are tokens being made, drafts among them: they
  /// go one way, so that a token does not depend on how many are made together.
  private static final int MANY = 9;

  /// Keys of a block, a multiple of [RowBlocks#ROWS]: with their values and their scores they stay
  /// in a second-level cache, and a picture's 1025 are three blocks without waste.
  private static final int KEYS = 348;

  /// Bytes of a line of columns.
  static final long LINE = 4L * COLUMNS;

  private static final double LOG2_E = 1.4426950408889634;

  private final Heads h;
  private final int columns; // of a kv head
  private final int blocks; // units of a kv head
  private final int channels; // width, rounded up to rows

  // positions in a worker's scratch, bytes
  private final long keyPanels = 0;
  private final long valuePanels;
  private final long scores;
  private final long products;
  private final long limits;
  private final long spare;
  private final long units;
  private final long unitBytes;

  private Attention(Heads h) {
    this.h = h;
    this.columns = h.queries * h.group();
    this.blocks = (columns + COLUMNS - 1) / COLUMNS;
    this.channels = (h.width + ROWS - 1) / ROWS * ROWS;
    this.valuePanels = 4L * KEYS * h.width;
    this.scores = valuePanels + 4L * KEYS * channels;
    this.products = scores + KEYS * LINE;
    this.limits = products + channels * LINE;
    this.spare = limits + LINE;
    this.units = spare + Unrolled.spareBytes(Math.max(KEYS, h.width));
    this.unitBytes = (h.width + channels + 3) * LINE;
  }

  static void run(Pool pool, Heads heads) {
    if (heads.queries < MANY) {
      AttentionStep.run(pool, heads);
    } else {
      new Attention(heads).run(pool);
    }
  }

  // ---- a unit's memory: queries [width][COLUMNS], sums [channels][COLUMNS], and of each column
  // maximum, sum of weights, and what the last block multiplied both sums by

  private long sums(long unit) {
    return unit + h.width * LINE;
  }

  private long state(long unit) {
    return unit + (h.width + channels) * LINE;
  }

  private void run(Pool pool) {
    pool.run(
        h.cost(),
        share -> {
          long begin = Unrolled.F32.tiles().begin(share);
          long perHead = 0;
          for (int b = 0; b < blocks; b++) {
            perHead += last(b);
          }
          int heads = h.batch * h.kvHeads;
          long from = share.from(heads * perHead);
          long to = share.to(heads * perHead);
          for (int head = 0; head < heads; head++) {
            head(share, head, from - head * perHead, to - head * perHead);
          }
          Unrolled.F32.tiles().end(begin, share.part(h.cost()));
        });
  }

  /// Those units of a kv head that begin in a range of work, measured in keys that are seen.
  private void head(Share share, int head, long from, long to) {
    long work = 0;
    int first = blocks;
    int end = 0;
    for (int b = 0; b < blocks; b++) {
      if (work >= from && work < to) {
        first = Math.min(first, b);
        end = b + 1;
      }
      work += last(b);
    }
    if (first < end) {
      MemorySegment scratch = share.scratch(units + (end - first) * unitBytes);
      range(scratch, head / h.kvHeads, head % h.kvHeads, first, end);
    }
  }

  /// Keys that the first column of a unit sees: all others see as many.
  private int fewest(int block) {
    return h.visible(block * COLUMNS / h.group(), 0, h.keys);
  }

  /// Keys that the last column of a unit sees: no other sees more.
  private int last(int block) {
    int end = Math.min(columns, (block + 1) * COLUMNS);
    return h.visible((end - 1) / h.group(), 0, h.keys);
  }

  private void range(MemorySegment scratch, int n, int kvHead, int first, int end) {
    for (int b = first; b < end; b++) {
      begin(scratch, n, kvHead, b, units + (b - first) * unitBytes);
    }
    int keys = last(end - 1);
    for (int key = 0; key < keys; key += KEYS) {
      layOut(scratch, n, kvHead, key, Math.min(KEYS, keys - key));
      for (int b = first; b < end; b++) {
        int count = Math.min(KEYS, last(b) - key);
        if (count > 0) {
          unit(scratch, b, key, count, units + (b - first) * unitBytes);
        }
      }
    }
    for (int b = first; b < end; b++) {
      finish(scratch, n, kvHead, b, units + (b - first) * unitBytes);
    }
  }

  /// Queries into columns, with the sign of the scale; nothing summed yet.
  private void begin(MemorySegment scratch, int n, int kvHead, int block, long unit) {
    int from = block * COLUMNS;
    int count = Math.min(COLUMNS, columns - from);
    scratch.asSlice(unit, unitBytes).fill((byte) 0);
    for (int c = 0; c < COLUMNS; c++) {
      scratch.set(JAVA_FLOAT_UNALIGNED, state(unit) + 4L * c, -Float.MAX_VALUE);
    }
    float sign = Math.signum(h.scale);
    for (int c = 0; c < count; c++) {
      int t = (from + c) / h.group();
      long q = h.qAt(n, t, kvHead * h.group() + (from + c) % h.group());
      column(scratch, unit + 4L * c, h.q, q, h.width, sign);
    }
  }

  private static void column(
      MemorySegment to, long at, MemorySegment from, long q, int width, float sign) {
    for (int d = 0; d < width; d++) {
      to.set(
          JAVA_FLOAT_UNALIGNED, at + LINE * d, sign * from.get(JAVA_FLOAT_UNALIGNED, q + 4L * d));
    }
  }

  /// Keys into panels `[width][ROWS]`, values into panels `[KEYS][ROWS]`.
  private void layOut(MemorySegment scratch, int n, int kvHead, int key, int count) {
    for (int j = 0; j < count; j += h.run(key + j, count - j)) {
      layOut(scratch, n, kvHead, key + j, j, h.run(key + j, count - j));
    }
  }

  /// Those that lie side by side, from `first` of the block on.
  private void layOut(MemorySegment scratch, int n, int kvHead, int key, int first, int count) {
    long k = h.kAt(n, key, kvHead);
    long v = h.vAt(n, key, kvHead);
    for (int i = 0; i < count; i++) {
      value(scratch, valuePanels + 4L * ROWS * (first + i), h.v, v + i * h.vStride, h.width);
    }
    for (int i = 0; i < count; ) {
      int j = first + i;
      int some = j % ROWS == 0 ? Math.min(ROWS, count - i) : 1;
      long to = keyPanels + RowBlocks.bytes(h.width) * (j / ROWS);
      if (some > 1) {
        RowBlocks.block(h.width, some, h.k, k + i * h.kStride, h.kStride, scratch, to);
      } else {
        RowBlocks.put(h.width, h.k, k + i * h.kStride, scratch, to, j % ROWS);
      }
      i += some;
    }
  }

  private static void value(MemorySegment to, long at, MemorySegment from, long v, int width) {
    for (int d = 0; d < width; d += ROWS) {
      long panel = at + 4L * KEYS * d;
      for (int r = 0; r < Math.min(ROWS, width - d); r++) {
        to.set(JAVA_INT_UNALIGNED, panel + 4L * r, from.get(JAVA_INT_UNALIGNED, v + 4L * (d + r)));
      }
    }
  }

  /// One unit over one block of keys, of which `count` are seen by any of its columns.
  private void unit(MemorySegment scratch, int block, int key, int count, long unit) {
    int tiles = (count + ROWS - 1) / ROWS;
    long step = 4L * ROWS * h.width;
    multiply(h.width, tiles, scratch, keyPanels, step, unit, scores);
    int all = Math.clamp((long) fewest(block) - key, 0, count);
    limit(scratch, block, key);
    float factor = (float) (Math.abs(h.scale) * LOG2_E);
    AttentionWeights.run(scratch, scores, all, count, factor, limits, state(unit));
    step = 4L * ROWS * KEYS;
    multiply(count, channels / ROWS, scratch, valuePanels, step, scores, products);
    AttentionWeights.add(scratch, sums(unit), products, h.width, state(unit) + 2 * LINE);
  }

  /// `y[r][c] = Σ_k x[k][r] · b[k][c]`, tiles one below the other.
  ///
  /// @param x `[tiles][k][ROWS]`
  /// @param step bytes from one tile's `x` to the next one's
  /// @param b `[k][COLUMNS]`
  /// @param y `[tiles][ROWS][COLUMNS]`
  private void multiply(int k, int tiles, MemorySegment s, long x, long step, long b, long y) {
    MemorySegment zeros = Panels.ZEROS;
    Unrolled.F32.tiles(k, s, x, step, ROWS * tiles, s, b, s, y, LINE, zeros, 0, 0, spare);
  }

  /// How many keys of a block each column sees.
  private void limit(MemorySegment scratch, int block, int key) {
    for (int c = 0; c < COLUMNS; c++) {
      int column = Math.min(columns - 1, block * COLUMNS + c);
      float seen = h.visible(column / h.group(), key, KEYS);
      scratch.set(JAVA_FLOAT_UNALIGNED, limits + 4L * c, seen);
    }
  }

  /// Divides the sums and puts them where they belong.
  private void finish(MemorySegment scratch, int n, int kvHead, int block, long unit) {
    AttentionWeights.divide(scratch, sums(unit), h.width, state(unit) + LINE);
    int from = block * COLUMNS;
    int count = Math.min(COLUMNS, columns - from);
    for (int c = 0; c < count; c++) {
      int t = (from + c) / h.group();
      long y = h.yAt(n, t, kvHead * h.group() + (from + c) % h.group());
      row(h.y, y, scratch, sums(unit) + 4L * c, h.width);
    }
  }

  private static void row(MemorySegment y, long at, MemorySegment from, long column, int width) {
    for (int d = 0; d < width; d++) {
      y.set(JAVA_INT_UNALIGNED, at + 4L * d, from.get(JAVA_INT_UNALIGNED, column + LINE * d));
    }
  }
}
