package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;

/// `y = softmax(scale · q kᵀ + mask) v` for many queries, streaming over blocks of keys (Dao et al.
/// 2022).
///
/// A unit is a block of queries of one head; a worker has a range of units. For each kv head in its
/// range and each block of keys that anyone there sees, it lays out keys and values as panels once
/// and takes all its units over them. Scores exist for one unit and one block of keys at a time.
/// Until the last block `y` holds sums that are not divided yet; each query's maximum and sum of
/// exponentials are kept beside it. Few queries are [AttentionStep]'s.
final class Attention {
  /// From so many queries on the panels pay. Fewer are tokens being made, drafts among them: they
  /// go one way, so that a token does not depend on how many are made together.
  private static final int MANY = 9;

  /// Queries of a unit: a multiple of [Tile#ROWS].
  private static final int QUERIES = 48;

  /// Keys of a block: a multiple of every [Tile#COLUMNS].
  private static final int KEYS = 128;

  private final Heads h;
  private final int blocks; // units of a head
  private final int widthPanels;

  // positions in a worker's scratch, bytes
  private final long keyPanels = 0;
  private final long valuePanels;
  private final long scores;
  private final long stage;
  private final long states;

  private Attention(Heads h) {
    this.h = h;
    this.blocks = (h.queries + QUERIES - 1) / QUERIES;
    this.widthPanels = (h.width + Tile.COLUMNS - 1) / Tile.COLUMNS;
    this.valuePanels = 4L * KEYS * h.width;
    this.scores = valuePanels + widthPanels * Panel.bytes(KEYS);
    this.stage = scores + 4L * QUERIES * KEYS;
    this.states = stage + Tile.STAGE;
  }

  static void run(Pool pool, Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    Heads heads = new Heads(y, q, k, v, mask, scale);
    if (heads.queries < MANY) {
      AttentionStep.run(pool, heads);
    } else {
      new Attention(heads).run(pool);
    }
  }

  private void run(Pool pool) {
    int units = h.batch * h.heads * blocks;
    pool.run(
        h.cost(),
        share -> {
          int to = share.to(units);
          int perGroup = h.group() * blocks;
          for (int u = share.from(units); u < to; ) {
            int end = Math.min(to, u / perGroup * perGroup + perGroup);
            MemorySegment scratch = share.scratch(states + 8L * QUERIES * (end - u));
            group(scratch, u, end);
            u = end;
          }
        });
  }

  /// Units `from … to − 1`, all of one kv head.
  private void group(MemorySegment scratch, int from, int to) {
    int head = from / blocks;
    int n = head / h.heads;
    int kvHead = head % h.heads / h.group();
    int keys = h.seen();
    for (int key = 0; key < keys; key += KEYS) {
      int count = Math.min(KEYS, keys - key);
      boolean laidOut = false;
      for (int u = from; u < to; u++) {
        int t = u % blocks * QUERIES;
        int rows = Math.min(QUERIES, h.queries - t);
        if (h.visible(t + rows - 1, key, count) > 0) {
          if (!laidOut) {
            layOut(scratch, n, kvHead, key, count);
            laidOut = true;
          }
          unit(scratch, n, u / blocks % h.heads, t, rows, key, count, states(u - from));
        }
      }
    }
    for (int u = from; u < to; u++) {
      divide(scratch, n, u / blocks % h.heads, u % blocks * QUERIES, states(u - from));
    }
  }

  private long states(int unit) {
    return states + 8L * QUERIES * unit;
  }

  /// Keys transposed, values copied, both into panels.
  private void layOut(MemorySegment scratch, int n, int kvHead, int key, int count) {
    for (int c = 0; c < count; c += Tile.COLUMNS) {
      long to = keyPanels + (long) c / Tile.COLUMNS * Panel.bytes(h.width);
      int columns = Math.min(Tile.COLUMNS, count - c);
      long at = h.kAt(n, key + c, kvHead);
      Panel.fill(scratch, to, h.k, DType.F32, at, h.kStride, columns, h.width);
    }
    for (int p = 0; p < widthPanels; p++) {
      int columns = Math.min(Tile.COLUMNS, h.width - p * Tile.COLUMNS);
      long to = valuePanels + p * Panel.bytes(KEYS);
      long at = h.vAt(n, key, kvHead) + 4L * p * Tile.COLUMNS;
      for (int j = 0; j < count; j++) {
        for (int c = 0; c < columns; c += Lanes.N) {
          Lanes.load(h.v, at + j * h.vStride + 4L * c, columns - c)
              .intoMemorySegment(scratch, to + 4L * (j * Tile.COLUMNS + c), LE);
        }
      }
    }
  }

  private void unit(
      MemorySegment scratch, int n, int head, int t, int rows, int key, int count, long state) {
    scores(scratch, h.qAt(n, t, head), rows, count);
    for (int r = 0; r < rows; r++) {
      long y = h.yAt(n, t + r, head);
      weigh(
          scratch,
          scores + 4L * KEYS * r,
          h.visible(t + r, key, count),
          count,
          state + 8L * r,
          y,
          key == 0);
    }
    for (int r = 0; r < rows; r += Tile.ROWS) {
      int some = Math.min(Tile.ROWS, rows - r);
      for (int p = 0; p < widthPanels; p++) {
        long yAt = h.yAt(n, t + r, head) + 4L * p * Tile.COLUMNS;
        values(scratch, scores + 4L * KEYS * r, some, p, count, yAt, key == 0);
      }
    }
  }

  /// Adds weighted values to one panel's columns of some rows of `y`.
  private void values(
      MemorySegment scratch, long weights, int rows, int p, int count, long yAt, boolean first) {
    int columns = Math.min(Tile.COLUMNS, h.width - p * Tile.COLUMNS);
    long panel = valuePanels + p * Panel.bytes(KEYS);
    MemorySegment init = first ? Tile.ZERO : h.y;
    long i0 = first ? 0 : yAt;
    long iStride = first ? 0 : h.yStride();
    Tile.some(
        count,
        scratch,
        weights,
        4L * KEYS,
        rows,
        scratch,
        panel,
        h.y,
        yAt,
        h.yStride(),
        init,
        i0,
        iStride,
        columns,
        stage);
  }

  private void scores(MemorySegment scratch, long qAt, int rows, int count) {
    for (int r = 0; r < rows; r += Tile.ROWS) {
      int some = Math.min(Tile.ROWS, rows - r);
      for (int c = 0; c < count; c += Tile.COLUMNS) {
        long panel = keyPanels + (long) c / Tile.COLUMNS * Panel.bytes(h.width);
        Tile.run(
            h.width,
            h.q,
            qAt + r * h.qStride(),
            h.qStride(),
            some,
            scratch,
            panel,
            scratch,
            scores + 4L * (KEYS * r + c),
            4L * KEYS,
            Tile.ZERO,
            0,
            0);
      }
    }
  }

  /// Turns a query's scores into weights and brings its maximum, its sum and its row of `y` up to
  /// date.
  private void weigh(
      MemorySegment scratch, long at, int visible, int count, long state, long y, boolean first) {
    for (int j = visible; j < count; j++) {
      scratch.set(JAVA_FLOAT_UNALIGNED, at + 4L * j, 0f);
    }
    if (visible == 0) {
      return;
    }
    float highest = Softmax.max(scratch, at, visible, h.scale);
    if (first) {
      scratch.set(JAVA_FLOAT_UNALIGNED, state, highest);
      float sum = Softmax.exp(scratch, at, scratch, at, visible, h.scale, highest);
      scratch.set(JAVA_FLOAT_UNALIGNED, state + 4, sum);
      return;
    }
    float old = scratch.get(JAVA_FLOAT_UNALIGNED, state);
    float max = Math.max(old, highest);
    float sum = scratch.get(JAVA_FLOAT_UNALIGNED, state + 4);
    if (max > old) {
      float shrink = (float) Math.exp(old - max);
      Softmax.scale(h.y, y, h.width, shrink);
      sum *= shrink;
      scratch.set(JAVA_FLOAT_UNALIGNED, state, max);
    }
    sum += Softmax.exp(scratch, at, scratch, at, visible, h.scale, max);
    scratch.set(JAVA_FLOAT_UNALIGNED, state + 4, sum);
  }

  private void divide(MemorySegment scratch, int n, int head, int t, long state) {
    int rows = Math.min(QUERIES, h.queries - t);
    for (int r = 0; r < rows; r++) {
      float sum = scratch.get(JAVA_FLOAT_UNALIGNED, state + 8L * r + 4);
      Softmax.scale(h.y, h.yAt(n, t + r, head), h.width, 1 / sum);
    }
  }
}
