package org.internvl4j.testkit;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.runtime.Elements;

/// Tensors of any dtype of the safetensors format, right or wrong, and the bytes of a file of them.
public final class RawTensors {
  private record Entry(String dtype, long[] dims, byte[] bytes) {}

  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /// @param bytes little-endian, row-major
  public RawTensors add(String name, String dtype, byte[] bytes, long... dims) {
    entries.put(name, new Entry(dtype, dims, bytes));
    return this;
  }

  public RawTensors ints(String name, int[] values, long... dims) {
    byte[] bytes = new byte[4 * values.length];
    ByteBuffer b = over(bytes);
    for (int v : values) {
      b.putInt(v);
    }
    return add(name, "I32", bytes, dims);
  }

  public RawTensors floats(String name, float[] values, long... dims) {
    byte[] bytes = new byte[4 * values.length];
    ByteBuffer b = over(bytes);
    for (float v : values) {
      b.putFloat(v);
    }
    return add(name, "F32", bytes, dims);
  }

  public RawTensors halves(String name, float[] values, long... dims) {
    byte[] bytes = new byte[2 * values.length];
    ByteBuffer b = over(bytes);
    for (float v : values) {
      b.putShort(Float.floatToFloat16(v));
    }
    return add(name, "F16", bytes, dims);
  }

  public RawTensors bfloats(String name, float[] values, long... dims) {
    byte[] bytes = new byte[2 * values.length];
    ByteBuffer b = over(bytes);
    for (float v : values) {
      b.putShort(Elements.floatToBf16(v));
    }
    return add(name, "BF16", bytes, dims);
  }

  private static ByteBuffer over(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /// Copies a tensor of a checkpoint.
  public RawTensors copy(Checkpoint from, String name) {
    return copy(from, name, name);
  }

  /// Copies a tensor of a checkpoint under another name.
  public RawTensors copy(Checkpoint from, String name, String to) {
    TensorInfo info = from.info(name);
    byte[] bytes = from.bytes(name).toArray(ValueLayout.JAVA_BYTE);
    return add(to, info.dtype(), bytes, info.shape().stream().mapToLong(d -> d).toArray());
  }

  public RawTensors remove(String name) {
    entries.remove(name);
    return this;
  }

  /// The file.
  public byte[] toBytes() {
    StringBuilder header = new StringBuilder("{");
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    entries.forEach((name, e) -> {
      header
          .append(header.length() > 1 ? "," : "")
          .append(
              "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                  .formatted(
                      name,
                      e.dtype,
                      Arrays.toString(e.dims),
                      data.size(),
                      data.size() + e.bytes.length));
      data.writeBytes(e.bytes);
    });
    byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    byte[] file = new byte[8 + json.length + data.size()];
    over(file).putLong(json.length).put(json).put(data.toByteArray());
    return file;
  }
}
