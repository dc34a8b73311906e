package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/// Files of `torch.save`: real ones, and those that tests make.
final class TorchFiles {
  private TorchFiles() {}

  /// A file that PyTorch 2.13 made (`make.py` beside it).
  static byte[] real(String name) {
    try (InputStream in =
        Objects.requireNonNull(TorchFiles.class.getResourceAsStream("/torch/" + name), name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new AssertionError(name, e);
    }
  }

  /// An archive with this pickle and 24 bytes of storage `0`: the f32 0 to 5.
  static ZipWriter archive(byte[] pickle) {
    return new ZipWriter()
        .add("x/data.pkl", pickle)
        .add("x/byteorder", "little".getBytes(US_ASCII))
        .add("x/data/0", floats(0, 1, 2, 3, 4, 5))
        .add("x/version", "3\n".getBytes(US_ASCII));
  }

  static byte[] floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  /// A file of one f32 tensor of two elements.
  static byte[] one(String tensor, float first, float second) {
    byte[] pickle =
        PickleWriter.pickle()
            .op(Opcode.EMPTY_DICT)
            .text(tensor)
            .view(2, 0, new long[] {2}, new long[] {1})
            .op(Opcode.SETITEM)
            .stop();
    return new ZipWriter()
        .add("x/data.pkl", pickle)
        .add("x/data/0", floats(first, second))
        .add("x/version", "3\n".getBytes(US_ASCII))
        .toBytes();
  }

  /// The bf16 or f32 tensors of a file as `torch.save` would write them.
  static byte[] saved(SafeTensors tensors) {
    PickleWriter pickle = PickleWriter.pickle().op(Opcode.EMPTY_DICT);
    ZipWriter storages = new ZipWriter();
    int key = 0;
    for (String name : tensors.names()) {
      SafeTensors.TensorInfo info = tensors.info(name);
      long[] shape = info.shape().stream().mapToLong(dim -> dim).toArray();
      long[] strides = shape.clone();
      long count = 1;
      for (int i = shape.length - 1; i >= 0; i--) {
        strides[i] = count;
        count *= shape[i];
      }
      pickle
          .text(name)
          .global("torch._utils", "_rebuild_tensor_v2")
          .op(Opcode.MARK)
          .storage(
              info.dtype().equals("BF16") ? "BFloat16Storage" : "FloatStorage", "" + key, count)
          .integer(0)
          .integers(shape)
          .integers(strides)
          .op(Opcode.TUPLE, Opcode.REDUCE, Opcode.SETITEM);
      storages.add("x/data/" + key++, tensors.bytes(name).toArray(ValueLayout.JAVA_BYTE));
    }
    return storages.add("x/data.pkl", pickle.stop()).toBytes();
  }
}
