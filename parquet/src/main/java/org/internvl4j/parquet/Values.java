package org.internvl4j.parquet;

import java.math.BigInteger;
import java.util.Arrays;

/// The values of a page that are there, decoded one at a time: `byte[]`, `Long` or, where it is too
/// large for that, `BigInteger`, `Float`, `Double` or `Boolean`.
interface Values {
  int PLAIN = 0;
  int PLAIN_DICTIONARY = 2;
  int RLE = 3;
  int DELTA_BINARY_PACKED = 5;
  int DELTA_LENGTH_BYTE_ARRAY = 6;
  int DELTA_BYTE_ARRAY = 7;
  int RLE_DICTIONARY = 8;
  int BYTE_STREAM_SPLIT = 9;

  /// @throws Damage if there is none, or it cannot be
  Object next();

  /// @param dictionary the chunk's; empty if it has none
  static Values of(int encoding, Leaf leaf, Slice in, Object[] dictionary) {
    return switch (encoding) {
      case PLAIN -> plain(leaf, in);
      case PLAIN_DICTIONARY, RLE_DICTIONARY -> indexed(in, dictionary);
      case RLE -> truths(leaf, in);
      case DELTA_BINARY_PACKED -> differences(leaf, in);
      case DELTA_LENGTH_BYTE_ARRAY -> {
        requireArrays(leaf, encoding);
        yield lengths(in);
      }
      case DELTA_BYTE_ARRAY -> {
        requireArrays(leaf, encoding);
        yield prefixed(in);
      }
      case BYTE_STREAM_SPLIT -> split(leaf, in);
      default -> throw new Damage("encoding " + encoding + " is unknown");
    };
  }

  static Values plain(Leaf leaf, Slice in) {
    return switch (leaf.physical()) {
      case BOOLEAN -> {
        Runs bits = Runs.packed(in);
        yield () -> bits.next() == 1;
      }
      case INT32 -> leaf.unsigned() ? () -> in.i32() & 0xffff_ffffL : () -> (long) in.i32();
      case INT64 -> leaf.unsigned() ? () -> unsigned(in.i64()) : in::i64;
      case INT96 -> () -> in.bytes(12);
      case FLOAT -> () -> Float.intBitsToFloat(in.i32());
      case DOUBLE -> () -> Double.longBitsToDouble(in.i64());
      case BYTE_ARRAY -> () -> in.bytes(in.i32());
      case FIXED_LEN_BYTE_ARRAY -> () -> in.bytes(leaf.size());
    };
  }

  private static Values indexed(Slice in, Object[] dictionary) {
    if (in.left() == 0) { // a page of nulls
      return () -> in.slice(1);
    }
    Runs indices = new Runs(in, in.u8());
    return () -> {
      int index = indices.next();
      if (index < 0 || index >= dictionary.length) {
        throw new Damage("entry %d of a dictionary of %d".formatted(index, dictionary.length));
      }
      return dictionary[index];
    };
  }

  private static Values truths(Leaf leaf, Slice in) {
    require(leaf.physical() == Physical.BOOLEAN, leaf, RLE);
    Runs runs = new Runs(in.slice(in.i32()), 1);
    return () -> runs.next() == 1;
  }

  private static Values differences(Leaf leaf, Slice in) {
    boolean narrow = leaf.physical() == Physical.INT32;
    require(narrow || leaf.physical() == Physical.INT64, leaf, DELTA_BINARY_PACKED);
    Deltas deltas = new Deltas(in);
    if (!narrow) {
      return leaf.unsigned() ? () -> unsigned(deltas.next()) : deltas::next;
    }
    return leaf.unsigned() ? () -> deltas.next() & 0xffff_ffffL : () -> (long) (int) deltas.next();
  }

  private static Object unsigned(long value) {
    return value < 0 ? new BigInteger(Long.toUnsignedString(value)) : (Object) value;
  }

  private static Values lengths(Slice in) {
    Deltas lengths = new Deltas(in.copy());
    new Deltas(in).skipAll();
    return () -> in.bytes(lengths.next());
  }

  private static Values prefixed(Slice in) {
    Deltas prefixes = new Deltas(in.copy());
    new Deltas(in).skipAll();
    Values suffixes = lengths(in);
    byte[][] last = {new byte[0]};
    return () -> {
      long prefix = prefixes.next();
      byte[] suffix = (byte[]) suffixes.next();
      if (prefix < 0 || prefix > last[0].length || prefix + suffix.length > Column.LARGEST) {
        throw new Damage(
            "%d of %d bytes are repeated before %d"
                .formatted(prefix, last[0].length, suffix.length));
      }
      byte[] value = Arrays.copyOf(last[0], (int) prefix + suffix.length);
      System.arraycopy(suffix, 0, value, (int) prefix, suffix.length);
      last[0] = value;
      return value.clone();
    };
  }

  /// The first bytes of all values, then the second of all, and so on.
  private static Values split(Leaf leaf, Slice in) {
    int width =
        switch (leaf.physical()) {
          case INT32, FLOAT -> 4;
          case INT64, DOUBLE -> 8;
          case FIXED_LEN_BYTE_ARRAY -> leaf.size();
          case BOOLEAN, INT96, BYTE_ARRAY -> 0;
        };
    require(width > 0 && in.left() % width == 0, leaf, BYTE_STREAM_SPLIT);
    int count = in.left() / width;
    int[] next = {0};
    return () -> {
      byte[] value = new byte[width];
      for (int i = 0; i < width; i++) {
        value[i] = (byte) in.peek(next[0] < count ? next[0] + i * count : in.left());
      }
      next[0]++;
      return plain(leaf, new Slice(value)).next();
    };
  }

  private static void requireArrays(Leaf leaf, int encoding) {
    boolean fixed =
        leaf.physical() == Physical.FIXED_LEN_BYTE_ARRAY && encoding == DELTA_BYTE_ARRAY;
    require(fixed || leaf.physical() == Physical.BYTE_ARRAY, leaf, encoding);
  }

  private static void require(boolean sound, Leaf leaf, int encoding) {
    if (!sound) {
      throw new Damage("encoding %d of %s".formatted(encoding, leaf.physical()));
    }
  }
}
