package org.internvl4j.parquet;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.function.Consumer;

/// Structs in Thrift's compact protocol. Fields are given in the order of their numbers.
final class ThriftWriter {
  static final int I16 = 4;
  static final int I32 = 5;
  static final int I64 = 6;
  static final int BINARY = 8;
  static final int LIST = 9;
  static final int STRUCT = 12;

  private final ByteSink out;
  private int last;

  private ThriftWriter(ByteSink out) {
    this.out = out;
  }

  /// Writes a whole struct.
  static void write(ByteSink out, Consumer<ThriftWriter> body) {
    body.accept(new ThriftWriter(out));
    out.write(0);
  }

  void i16(int field, int value) {
    header(field, I16);
    zigzag(value);
  }

  void i32(int field, int value) {
    header(field, I32);
    zigzag(value);
  }

  void i64(int field, long value) {
    header(field, I64);
    zigzag(value);
  }

  void string(int field, String value) {
    header(field, BINARY);
    binary(value);
  }

  void struct(int field, Consumer<ThriftWriter> body) {
    header(field, STRUCT);
    write(out, body);
  }

  <T> void structs(int field, Collection<T> elements, Element<T> body) {
    list(field, STRUCT, elements.size());
    for (T element : elements) {
      write(out, thrift -> body.write(thrift, element));
    }
  }

  void strings(int field, Collection<String> elements) {
    list(field, BINARY, elements.size());
    elements.forEach(this::binary);
  }

  void i32s(int field, int... elements) {
    list(field, I32, elements.length);
    for (int element : elements) {
      zigzag(element);
    }
  }

  /// Writes the fields of one struct of a list.
  interface Element<T> {
    void write(ThriftWriter thrift, T element);
  }

  private void header(int field, int type) {
    int step = field - last;
    assert step > 0 && step < 16 : field;
    out.write(step << 4 | type);
    last = field;
  }

  private void list(int field, int type, int size) {
    header(field, LIST);
    if (size < 15) {
      out.write(size << 4 | type);
    } else {
      out.write(0xf0 | type);
      out.putVarint(size);
    }
  }

  private void binary(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    out.putVarint(bytes.length);
    out.put(bytes);
  }

  private void zigzag(long value) {
    out.putVarint(value << 1 ^ value >> 63);
  }
}
