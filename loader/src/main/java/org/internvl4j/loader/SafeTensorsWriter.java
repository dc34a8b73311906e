package org.internvl4j.loader;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// Collects tensors and writes them as one safetensors file.
///
/// The same tensors give the same bytes, in whatever order they were added: wide dtypes first, then
/// by name, so that each tensor is aligned to its element size. Contents are read only while
/// writing, one tensor after the other. One thread at a time.
public final class SafeTensorsWriter {
  private static final int CHUNK = 1 << 24;

  private record Entry(
      String name, DType dtype, Shape shape, @Nullable Supplier<MemorySegment> content) {
    long bytes() {
      return Math.multiplyExact(shape.size(), (long) dtype.bytes());
    }
  }

  private final Map<String, String> metadata = new TreeMap<>();
  private final Map<String, Entry> entries = new TreeMap<>();

  /// Notes something down in the header.
  public SafeTensorsWriter metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /// Adds a tensor whose bytes are asked for when it is written.
  ///
  /// @param content gives its elements, row-major, little-endian, exactly as many as `shape` has
  /// @throws IllegalArgumentException if the name was added before, or is the format's own
  ///   `__metadata__`
  public SafeTensorsWriter add(
      String name, DType dtype, Shape shape, Supplier<MemorySegment> content) {
    return put(new Entry(name, dtype, shape, content));
  }

  /// Adds a tensor as it is stored; it must stay open until it is written.
  public SafeTensorsWriter add(String name, Tensor tensor) {
    return add(name, tensor.dtype(), tensor.shape(), () -> elements(tensor));
  }

  /// Adds numbers, rounded to `dtype`.
  ///
  /// @param dtype f32, bf16 or f16
  public SafeTensorsWriter add(String name, DType dtype, float[] values, int... dims) {
    return add(
        name,
        dtype,
        counted(name, values.length, dims),
        () -> {
          MemorySegment bytes = MemorySegment.ofArray(new byte[values.length * dtype.bytes()]);
          for (int i = 0; i < values.length; i++) {
            Elements.setAt(bytes, dtype, (long) i * dtype.bytes(), values[i]);
          }
          return bytes;
        });
  }

  /// Adds numbers as f32.
  public SafeTensorsWriter add(String name, float[] values, int... dims) {
    Shape shape = counted(name, values.length, dims);
    return add(name, DType.F32, shape, () -> MemorySegment.ofArray(values));
  }

  /// Adds integers as i32.
  public SafeTensorsWriter add(String name, int[] values, int... dims) {
    Shape shape = counted(name, values.length, dims);
    return add(name, DType.I32, shape, () -> MemorySegment.ofArray(values));
  }

  /// Adds integers as i64.
  public SafeTensorsWriter add(String name, long[] values, int... dims) {
    Shape shape = counted(name, values.length, dims);
    return add(name, DType.I64, shape, () -> MemorySegment.ofArray(values));
  }

  /// Adds a tensor of zeros that are never written: where the file system can leave holes in files
  /// it takes no space, so a checkpoint of any size can be made in the shapes of a real one.
  public SafeTensorsWriter zeros(String name, DType dtype, int... dims) {
    return put(new Entry(name, dtype, Shape.of(dims), null));
  }

  private SafeTensorsWriter put(Entry entry) {
    if (entry.name.equals(Header.METADATA) || entries.putIfAbsent(entry.name, entry) != null) {
      throw new IllegalArgumentException("safetensors: the name " + entry.name + " is taken");
    }
    return this;
  }

  private static Shape counted(String name, int count, int... dims) {
    Shape shape = Shape.of(dims);
    if (shape.size() != count) {
      throw new IllegalArgumentException(
          "safetensors: " + count + " values do not fill " + name + " " + shape);
    }
    return shape;
  }

  private static MemorySegment elements(Tensor tensor) {
    if (!tensor.isContiguous()) {
      return tensor.toHost();
    }
    tensor.device().synchronize();
    try {
      long bytes = tensor.shape().size() * tensor.dtype().bytes();
      return tensor.segment().asSlice(tensor.byteOffset(), bytes);
    } catch (UnsupportedOperationException e) { // not in host memory
      return tensor.toHost();
    }
  }

  // ---- writing

  /// Writes the file: into a new file beside it, forced to disk, then renamed over `path` at once,
  /// so that nobody ever sees half of it.
  ///
  /// @throws IOException if that fails; the new file is removed, an old one is left as it was
  public void write(Path path) throws IOException {
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IOException(path + " is not a file");
    }
    Path part = folder.resolve(path.getFileName() + "." + UUID.randomUUID() + ".incomplete");
    try {
      try (RandomAccessFile file = new RandomAccessFile(part.toFile(), "rw")) {
        writeTo(file);
        file.getChannel().force(true);
      }
      Files.move(part, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      force(folder);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /// The file in memory.
  public byte[] toBytes() {
    List<Entry> order = order();
    byte[] header = header(order);
    long size = header.length + order.stream().mapToLong(Entry::bytes).sum();
    byte[] file = Arrays.copyOf(header, Math.toIntExact(size));
    int at = header.length;
    for (Entry entry : order) {
      if (entry.content != null) {
        MemorySegment.copy(
            content(entry, entry.content), 0, MemorySegment.ofArray(file), at, entry.bytes());
      }
      at += (int) entry.bytes();
    }
    return file;
  }

  private void writeTo(RandomAccessFile file) throws IOException {
    List<Entry> order = order();
    byte[] header = header(order);
    file.write(header);
    long at = header.length;
    for (Entry entry : order) {
      if (entry.content != null) {
        write(file.getChannel(), at, content(entry, entry.content));
      }
      at += entry.bytes();
    }
    file.setLength(at);
  }

  private static void write(FileChannel out, long at, MemorySegment bytes) throws IOException {
    // only bytes can be seen as a buffer, not the longs of an array
    boolean plain = bytes.isNative() || bytes.heapBase().orElse(bytes) instanceof byte[];
    for (long done = 0; done < bytes.byteSize(); ) {
      long length = Math.min(CHUNK, bytes.byteSize() - done);
      MemorySegment slice = bytes.asSlice(done, length);
      ByteBuffer chunk =
          plain ? slice.asByteBuffer() : ByteBuffer.wrap(slice.toArray(ValueLayout.JAVA_BYTE));
      while (chunk.hasRemaining()) {
        out.write(chunk, at + done + chunk.position());
      }
      done += length;
    }
  }

  private static MemorySegment content(Entry entry, Supplier<MemorySegment> content) {
    MemorySegment bytes = content.get();
    if (bytes.byteSize() != entry.bytes()) {
      throw new IllegalArgumentException(
          "safetensors: "
              + entry.name
              + " is "
              + entry.shape
              + " "
              + entry.dtype
              + " but its content has "
              + bytes.byteSize()
              + " bytes");
    }
    return bytes;
  }

  private List<Entry> order() {
    List<Entry> order = new ArrayList<>(entries.values());
    order.sort(
        Comparator.comparingInt((Entry e) -> e.dtype.bytes())
            .reversed()
            .thenComparing(e -> StoredType.of(e.dtype))
            .thenComparing(Entry::name));
    return order;
  }

  /// Length and JSON, padded with spaces so that the first tensor starts at a multiple of 8.
  private byte[] header(List<Entry> order) {
    JsonWriter json = new JsonWriter().object();
    if (!metadata.isEmpty()) {
      json.object(Header.METADATA);
      metadata.forEach(json::field);
      json.end();
    }
    long at = 0;
    for (Entry entry : order) {
      json.object(entry.name).field("dtype", StoredType.of(entry.dtype).name()).array("shape");
      for (int dim : entry.shape.toArray()) {
        json.value(dim);
      }
      json.end().array("data_offsets").value(at);
      at = Math.addExact(at, entry.bytes());
      json.value(at).end().end();
    }
    byte[] text = json.end().toString().getBytes(StandardCharsets.UTF_8);
    int padded = (text.length + 7) / 8 * 8;
    ByteBuffer header = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(padded).put(text);
    Arrays.fill(header.array(), 8 + text.length, 8 + padded, (byte) ' ');
    return header.array();
  }

  /// Makes the rename itself last, where folders can be forced.
  private static void force(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows cannot open folders; there the rename is as durable as it gets
    }
  }
}
