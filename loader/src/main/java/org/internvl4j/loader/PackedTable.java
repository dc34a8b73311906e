package org.internvl4j.loader;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.runtime.DType;

/// What a file of packed matrices says about itself: the table behind its matrices.
///
/// @param packing [org.internvl4j.runtime.Device#packing]
/// @param format what the language part is kept as
/// @param model the folder it was made from, for people
/// @param sources the state of the checkpoint's files
/// @param entries by key, in the order in which they lie in the file
record PackedTable(
    String packing,
    String format,
    String model,
    List<SourceFile> sources,
    Map<String, Entry> entries) {
  /// A packed matrix.
  ///
  /// @param offset its first byte, counted from the start of the file
  /// @param bytes its size
  /// @param checksums the CRC-32C of each of its [Chunks]
  record Entry(DType dtype, List<Integer> shape, long offset, long bytes, int[] checksums) {
    long end() {
      return offset + bytes;
    }
  }

  private static final int MAX_RANK = 8;

  // ---- writing; numbers are big-endian, texts have their length before them

  byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      text(out, packing);
      text(out, format);
      text(out, model);
      out.writeInt(sources.size());
      for (SourceFile source : sources) {
        text(out, source.name());
        out.writeLong(source.bytes());
        out.writeLong(source.modified());
        out.writeInt(source.header());
        out.writeInt(source.samples());
      }
      out.writeInt(entries.size());
      for (Map.Entry<String, Entry> entry : entries.entrySet()) {
        text(out, entry.getKey());
        write(out, entry.getValue());
      }
    } catch (IOException e) {
      throw new AssertionError("memory is no file", e);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, Entry entry) throws IOException {
    text(out, entry.dtype().name());
    out.writeInt(entry.shape().size());
    for (int dim : entry.shape()) {
      out.writeInt(dim);
    }
    out.writeLong(entry.offset());
    out.writeLong(entry.bytes());
    for (int checksum : entry.checksums()) {
      out.writeInt(checksum);
    }
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  // ---- reading

  /// @param from the whole table, its checksum known to be right: only a liar's can be malformed
  static PackedTable decode(ByteBuffer from) throws UnusablePackedFile {
    try {
      String packing = text(from);
      String format = text(from);
      String model = text(from);
      int sources = count(from);
      List<SourceFile> files = new ArrayList<>();
      for (int i = 0; i < sources; i++) {
        files.add(
            new SourceFile(
                text(from), from.getLong(), from.getLong(), from.getInt(), from.getInt()));
      }
      int n = count(from);
      Map<String, Entry> entries = new LinkedHashMap<>();
      for (int i = 0; i < n; i++) {
        if (entries.put(text(from), entry(from)) != null) {
          throw UnusablePackedFile.damaged("its table names a matrix twice");
        }
      }
      if (from.hasRemaining()) {
        throw UnusablePackedFile.damaged("its table is longer than what it says");
      }
      return new PackedTable(packing, format, model, files, entries);
    } catch (BufferUnderflowException e) {
      throw UnusablePackedFile.damaged("its table ends early");
    }
  }

  private static Entry entry(ByteBuffer from) throws UnusablePackedFile {
    DType dtype = dtype(text(from));
    int rank = count(from);
    if (rank > MAX_RANK) {
      throw UnusablePackedFile.damaged("its table has a matrix of " + rank + " dimensions");
    }
    List<Integer> shape = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      shape.add(from.getInt());
    }
    long offset = from.getLong();
    long bytes = from.getLong();
    if (bytes <= 0
        || offset < 0
        || bytes > (long) from.remaining() / Integer.BYTES * Chunks.BYTES) {
      throw UnusablePackedFile.damaged("its table has a matrix of " + bytes + " bytes");
    }
    int[] checksums = new int[Chunks.count(bytes)];
    for (int i = 0; i < checksums.length; i++) {
      checksums[i] = from.getInt();
    }
    return new Entry(dtype, List.copyOf(shape), offset, bytes, checksums);
  }

  private static DType dtype(String name) throws UnusablePackedFile {
    for (DType dtype : DType.values()) {
      if (dtype.name().equals(name)) {
        return dtype;
      }
    }
    throw UnusablePackedFile.damaged("its table has a matrix of " + name);
  }

  private static int count(ByteBuffer from) throws UnusablePackedFile {
    int count = from.getInt();
    if (count < 0 || count > from.remaining()) {
      throw UnusablePackedFile.damaged("its table counts " + count + " of something");
    }
    return count;
  }

  private static String text(ByteBuffer from) throws UnusablePackedFile {
    byte[] bytes = new byte[count(from)];
    from.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
