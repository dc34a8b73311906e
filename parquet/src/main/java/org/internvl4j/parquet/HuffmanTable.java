package org.internvl4j.parquet;

import java.util.Arrays;

/// Huffman codes of literals (RFC 8878, section 4.2).
final class HuffmanTable {
  private static final int LONGEST = 11;
  private static final int SYMBOLS = 256;

  private final int longest;
  private final byte[] symbols; // by the next `longest` bits
  private final byte[] lengths;

  /// Reads the codes' description.
  HuffmanTable(Slice in) {
    int[] weights = new int[SYMBOLS];
    int count = weights(in, weights);
    int sum = 0;
    for (int weight : weights) {
      if (weight > LONGEST) {
        throw new Damage("a code of weight " + weight);
      }
      sum += weight == 0 ? 0 : 1 << (weight - 1);
    }
    longest = 32 - Integer.numberOfLeadingZeros(sum);
    int rest = (1 << longest) - sum;
    if (sum == 0 || longest > LONGEST || Integer.bitCount(rest) != 1) {
      throw new Damage("codes that do not fill their table");
    }
    weights[count] = Integer.numberOfTrailingZeros(rest) + 1;

    symbols = new byte[1 << longest];
    lengths = new byte[1 << longest];
    int at = 0;
    for (int weight = 1; weight <= longest; weight++) {
      for (int symbol = 0; symbol <= count; symbol++) {
        if (weights[symbol] == weight) {
          int end = at + (1 << (weight - 1));
          Arrays.fill(symbols, at, end, (byte) symbol);
          Arrays.fill(lengths, at, end, (byte) (longest + 1 - weight));
          at = end;
        }
      }
    }
  }

  /// @return how many there are; that of one more symbol follows from them
  private static int weights(Slice in, int[] weights) {
    int header = in.u8();
    if (header < 128) {
      return packedWeights(in.slice(header), weights);
    }
    int count = header - 127;
    Slice nibbles = in.slice((count + 1) / 2);
    for (int i = 0; i < count; i++) {
      weights[i] = nibbles.peek(i / 2) >>> (i % 2 == 0 ? 4 : 0) & 15;
    }
    return count;
  }

  private static int packedWeights(Slice in, int[] weights) {
    FseTable table = FseTable.read(in, 6, LONGEST + 1);
    BackwardBits bits = new BackwardBits(in);
    int state = table.first(bits);
    int other = table.first(bits);
    for (int count = 0; count < SYMBOLS - 2; ) {
      weights[count++] = table.symbol(state);
      if (bits.left() < table.width(state)) {
        weights[count++] = table.symbol(other);
        return count;
      }
      int next = table.next(state, bits);
      state = other;
      other = next;
    }
    throw new Damage("more than " + SYMBOLS + " codes");
  }

  /// Decodes all of a stream.
  void decode(Slice in, byte[] to, int from, int end) {
    BackwardBits bits = new BackwardBits(in);
    for (int at = from; at < end; at++) {
      int next = bits.peek(longest);
      to[at] = symbols[next];
      bits.skip(lengths[next]);
    }
    bits.requireEnd();
  }
}
