package org.internvl4j.parquet;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/// Structs in Thrift's compact protocol. Each field is either taken, as what its reader expects, or
/// skipped.
final class ThriftReader {
  private static final int TRUE = 1;
  private static final int FALSE = 2;
  private static final int BYTE = 3;
  private static final int DOUBLE = 7;
  private static final int SET = 10;
  private static final int MAP = 11;
  private static final int DEEPEST = 32;

  private final Slice in;
  private int type; // of the value that comes next
  private int depth;

  ThriftReader(Slice in) {
    this.in = in;
  }

  /// Reads a whole struct that nothing announces.
  ///
  /// @param field is given each field's number, and takes or skips its value
  void top(IntConsumer field) {
    type = ThriftWriter.STRUCT;
    struct(field);
  }

  void struct(IntConsumer field) {
    expect(ThriftWriter.STRUCT);
    if (++depth > DEEPEST) {
      throw new Damage("structs in more than " + DEEPEST + " others");
    }
    int last = 0;
    for (int header = in.u8(); header != 0; header = in.u8()) {
      int step = header >>> 4;
      last = step == 0 ? (int) in.zigzag() : last + step;
      type = header & 15;
      field.accept(last);
    }
    depth--;
  }

  <T> List<T> list(Supplier<T> element) {
    expect(ThriftWriter.LIST);
    int header = in.u8();
    int size = header >>> 4 == 15 ? in.count() : header >>> 4;
    if (size > in.left()) {
      throw new Damage("a list of %d elements in %d bytes".formatted(size, in.left()));
    }
    List<T> elements = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      type = header & 15;
      elements.add(element.get());
    }
    return elements;
  }

  int i32() {
    expect(ThriftWriter.I32);
    return (int) in.zigzag();
  }

  long i64() {
    expect(ThriftWriter.I64);
    return in.zigzag();
  }

  boolean bool() {
    if (type != TRUE && type != FALSE) {
      throw unexpected();
    }
    return type == TRUE;
  }

  String string() {
    expect(ThriftWriter.BINARY);
    return new String(in.bytes(in.count()), StandardCharsets.UTF_8);
  }

  void skip() {
    switch (type) {
      case TRUE, FALSE -> {}
      case BYTE -> in.skip(1);
      case ThriftWriter.I16, ThriftWriter.I32, ThriftWriter.I64 -> in.varint();
      case DOUBLE -> in.skip(8);
      case ThriftWriter.BINARY -> in.skip(in.count());
      case ThriftWriter.LIST, SET -> {
        int header = in.u8();
        int size = header >>> 4 == 15 ? in.count() : header >>> 4;
        skipAll(size, header & 15);
      }
      case MAP -> {
        int size = in.count();
        int types = size == 0 ? 0 : in.u8();
        skipAll(size, types >>> 4, types & 15);
      }
      case ThriftWriter.STRUCT -> struct(_ -> skip());
      default -> throw unexpected();
    }
  }

  /// Elements of a list, or keys and values of a map.
  private void skipAll(int size, int... types) {
    if (size > in.left()) {
      throw new Damage("%d elements in %d bytes".formatted(size, in.left()));
    }
    if (++depth > DEEPEST) {
      throw new Damage("lists in more than " + DEEPEST + " others");
    }
    for (int i = 0; i < size; i++) {
      for (int element : types) {
        type = element == TRUE || element == FALSE ? BYTE : element; // truth takes a byte here
        skip();
      }
    }
    depth--;
  }

  private void expect(int expected) {
    if (type != expected) {
      throw unexpected();
    }
  }

  private Damage unexpected() {
    return new Damage("a field of another type (" + type + ") than the format says");
  }
}
