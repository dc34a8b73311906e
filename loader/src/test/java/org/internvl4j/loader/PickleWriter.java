package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Writes a pickle opcode by opcode, and whatever else a test wants in its place.
final class PickleWriter {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private int memo;

  /// A pickle of protocol 2, as `torch.save` writes by itself.
  static PickleWriter pickle() {
    return new PickleWriter().op(Opcode.PROTO).raw(2);
  }

  PickleWriter op(Opcode... opcodes) {
    for (Opcode opcode : opcodes) {
      bytes.write(opcode.code);
    }
    return this;
  }

  PickleWriter raw(int... values) {
    for (int value : values) {
      bytes.write(value);
    }
    return this;
  }

  PickleWriter raw(byte[] values) {
    bytes.writeBytes(values);
    return this;
  }

  PickleWriter u32(long value) {
    return raw(little(8).putLong(value).slice(0, 4));
  }

  PickleWriter u64(long value) {
    return raw(little(8).putLong(value).slice(0, 8));
  }

  private PickleWriter raw(ByteBuffer values) {
    byte[] copy = new byte[values.limit()];
    values.get(0, copy);
    return raw(copy);
  }

  PickleWriter text(String value) {
    byte[] encoded = value.getBytes(UTF_8);
    return op(Opcode.BINUNICODE).u32(encoded.length).raw(encoded);
  }

  PickleWriter integer(long value) {
    if (value >= 0 && value < 256) {
      return op(Opcode.BININT1).raw((int) value);
    }
    if (value == (int) value) {
      return op(Opcode.BININT).u32(value);
    }
    return op(Opcode.LONG1).raw(8).u64(value);
  }

  PickleWriter integers(long... values) {
    op(Opcode.MARK);
    for (long value : values) {
      integer(value);
    }
    return op(Opcode.TUPLE);
  }

  PickleWriter global(String module, String name) {
    return op(Opcode.GLOBAL).raw((module + '\n' + name + '\n').getBytes(UTF_8));
  }

  /// Keeps the value on top of the stack in the memo.
  PickleWriter put() {
    return op(Opcode.BINPUT).raw(memo++);
  }

  PickleWriter get(int index) {
    return op(Opcode.BINGET).raw(index);
  }

  /// The persistent id of a storage, and what stands for it.
  PickleWriter storage(String type, String key, long count) {
    return op(Opcode.MARK)
        .text("storage")
        .global("torch", type)
        .text(key)
        .text("cpu")
        .integer(count)
        .op(Opcode.TUPLE, Opcode.BINPERSID);
  }

  /// A view of the f32 storage `0` of `count` elements.
  PickleWriter view(long count, long offset, long[] shape, long[] strides) {
    return global("torch._utils", "_rebuild_tensor_v2")
        .op(Opcode.MARK)
        .storage("FloatStorage", "0", count)
        .integer(offset)
        .integers(shape)
        .integers(strides)
        .op(Opcode.NEWFALSE, Opcode.EMPTY_DICT, Opcode.TUPLE, Opcode.REDUCE);
  }

  /// `{"a": ` this `}`, ended.
  static byte[] dictOf(PickleWriter value) {
    return pickle()
        .op(Opcode.EMPTY_DICT)
        .text("a")
        .raw(value.bytes.toByteArray())
        .op(Opcode.SETITEM)
        .stop();
  }

  byte[] stop() {
    return op(Opcode.STOP).bytes.toByteArray();
  }

  private static ByteBuffer little(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}
