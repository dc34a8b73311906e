package org.internvl4j.parquet;

import java.util.Arrays;

/// A table of finite state entropy (RFC 8878, section 4.1): what each state means, and which
/// follow.
final class FseTable {
  private final int accuracy;
  private final byte[] symbols;
  private final byte[] widths; // bits that are read for the next state
  private final short[] bases; // to which they are added

  private FseTable(int accuracy) {
    this.accuracy = accuracy;
    symbols = new byte[1 << accuracy];
    widths = new byte[1 << accuracy];
    bases = new short[1 << accuracy];
  }

  /// Of one symbol, which takes no bits.
  static FseTable ofOne(int symbol) {
    FseTable table = new FseTable(0);
    table.symbols[0] = (byte) symbol;
    return table;
  }

  /// @param counts states of each symbol; -1 for one state at the end of the table
  static FseTable of(int accuracy, int... counts) {
    FseTable table = new FseTable(accuracy);
    int size = 1 << accuracy;
    int rare = size;
    int[] next = counts.clone();
    for (int symbol = 0; symbol < counts.length; symbol++) {
      if (counts[symbol] == -1) {
        table.symbols[--rare] = (byte) symbol;
        next[symbol] = 1;
      }
    }
    int at = 0;
    for (int symbol = 0; symbol < counts.length; symbol++) {
      for (int i = 0; i < counts[symbol]; i++) {
        table.symbols[at] = (byte) symbol;
        do {
          at = (at + (size >> 1) + (size >> 3) + 3) & (size - 1);
        } while (at >= rare);
      }
    }
    for (int state = 0; state < size; state++) {
      int number = next[table.symbols[state]]++;
      int width = accuracy - (31 - Integer.numberOfLeadingZeros(number));
      table.widths[state] = (byte) width;
      table.bases[state] = (short) ((number << width) - size);
    }
    return table;
  }

  /// Reads a table's description.
  ///
  /// @param largest symbol
  static FseTable read(Slice in, int mostAccurate, int largest) {
    long at = 4;
    int accuracy = (int) (in.peekLong(0) & 15) + 5;
    if (accuracy > mostAccurate) {
      throw new Damage("a table of %d states".formatted(1 << accuracy));
    }
    int[] counts = new int[largest + 1];
    int symbol = 0;
    int left = 1 << accuracy;
    while (left > 0) {
      if (symbol > largest) {
        throw new Damage("a table of more than %d symbols".formatted(largest + 1));
      }
      // left + 2 values are possible; the lowest of them take a bit less
      int width = 32 - Integer.numberOfLeadingZeros(left + 1);
      int value = bits(in, at, width);
      int low = value & (1 << (width - 1)) - 1;
      int shorter = (1 << width) - 2 - left;
      if (low < shorter) {
        value = low;
        at += width - 1;
      } else {
        value -= value >= 1 << (width - 1) ? shorter : 0;
        at += width;
      }
      int count = value - 1;
      counts[symbol++] = count;
      left -= Math.abs(count);
      for (int repeat = 3; count == 0 && repeat == 3; symbol += repeat) {
        repeat = bits(in, at, 2);
        at += 2;
        if (symbol + repeat > largest + 1) {
          throw new Damage("a table of more than %d symbols".formatted(largest + 1));
        }
      }
    }
    if (left < 0) {
      throw new Damage("a table with too many states");
    }
    in.skip((at + 7) / 8);
    return of(accuracy, Arrays.copyOf(counts, Math.min(symbol, largest + 1)));
  }

  private static int bits(Slice in, long at, int count) {
    if (at / 8 >= in.left()) {
      throw new Damage("a table without its end");
    }
    return (int) (in.peekLong(at / 8) >>> (at % 8)) & (1 << count) - 1;
  }

  int first(BackwardBits in) {
    return in.read(accuracy);
  }

  int symbol(int state) {
    return symbols[state];
  }

  int width(int state) {
    return widths[state];
  }

  int next(int state, BackwardBits in) {
    return bases[state] + in.read(widths[state]);
  }
}
