package org.internvl4j.bench.rivals;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.internvl4j.bench.ProductShape;
import org.internvl4j.runtime.Tensor;

/// An ONNX model of one node, `y = MatMul(x, w)`, as the bytes of its file.
///
/// Its weights are a constant, so a runtime may lay them out as it likes before the first call.
/// They are the last thing in the file, so all before them can be written without moving them.
final class OnnxModel {
  private static final int IR_VERSION = 8;
  private static final int OPSET = 13;
  private static final int FLOAT = 1;
  private static final int LINE = 16; // floats of a cache line
  private static final ValueLayout.OfFloat F =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private OnnxModel() {}

  /// @param weights `[out, in]`, f32, contiguous, in memory that Java can read
  static MemorySegment matMul(ProductShape shape, Tensor weights, Arena arena) {
    long data = weights.byteSize();
    byte[] tensor =
        new Message() // TensorProto
            .number(1, shape.in())
            .number(1, shape.out())
            .number(2, FLOAT)
            .text(8, "w")
            .opening(9, data)
            .bytes();
    byte[] graph =
        new Message() // GraphProto
            .message(1, new Message().text(1, "x").text(1, "w").text(2, "y").text(4, "MatMul"))
            .text(2, "product")
            .message(11, value("x", shape.rows(), shape.in()))
            .message(12, value("y", shape.rows(), shape.out()))
            .opening(5, tensor.length + data)
            .bytes();
    byte[] model =
        new Message() // ModelProto
            .number(1, IR_VERSION)
            .message(8, new Message().number(2, OPSET))
            .opening(7, graph.length + tensor.length + data)
            .bytes();
    MemorySegment file = arena.allocate(model.length + graph.length + tensor.length + data);
    long at = 0;
    for (byte[] part : new byte[][] {model, graph, tensor}) {
      MemorySegment.copy(part, 0, file, ValueLayout.JAVA_BYTE, at, part.length);
      at += part.length;
    }
    transpose(
        weights.segment().asSlice(weights.byteOffset(), data),
        file.asSlice(at),
        shape.in(),
        shape.out());
    return file;
  }

  /// ValueInfoProto.
  private static Message value(String name, int rows, int columns) {
    Message dims =
        new Message()
            .message(1, new Message().number(1, rows))
            .message(1, new Message().number(1, columns));
    Message type = new Message().number(1, FLOAT).message(2, dims);
    return new Message().text(1, name).message(2, new Message().message(1, type));
  }

  /// From `[out, in]` to `[in, out]`.
  private static void transpose(MemorySegment from, MemorySegment to, int in, int out) {
    for (int first = 0; first < out; first += LINE) {
      int last = Math.min(first + LINE, out);
      for (int i = 0; i < in; i++) {
        for (int o = first; o < last; o++) {
          to.set(F, 4 * ((long) i * out + o), from.get(F, 4 * ((long) o * in + i)));
        }
      }
    }
  }

  /// A message of Protocol Buffers, field after field.
  private static final class Message {
    private static final int VARINT = 0;
    private static final int LENGTH = 2;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Message number(int field, long value) {
      varint((long) field << 3 | VARINT);
      varint(value);
      return this;
    }

    Message text(int field, String value) {
      byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
      opening(field, utf8.length).out.writeBytes(utf8);
      return this;
    }

    Message message(int field, Message value) {
      byte[] bytes = value.bytes();
      opening(field, bytes.length).out.writeBytes(bytes);
      return this;
    }

    /// A field of so many bytes, which follow.
    Message opening(int field, long length) {
      varint((long) field << 3 | LENGTH);
      varint(length);
      return this;
    }

    /// Seven bits a byte, the lowest first; the eighth says that there are more.
    private void varint(long value) {
      long rest = value;
      while (rest > 0x7f) {
        out.write((int) ((rest & 0x7f) | 0x80));
        rest >>>= 7;
      }
      out.write((int) rest);
    }

    byte[] bytes() {
      return out.toByteArray();
    }
  }
}
