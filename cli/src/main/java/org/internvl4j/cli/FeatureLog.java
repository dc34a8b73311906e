package org.internvl4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.zip.CRC32C;

/// Features as they are made, in a file beside the one that they are for: what is there when a
/// command is stopped is not made again.
///
/// A line says what they are features of; behind it a checked record a feature. A record that was
/// cut off is dropped.
final class FeatureLog implements AutoCloseable {
  private static final int MOST_NAME = 1 << 16;
  private static final int MOST_RANK = 8;

  /// Where a feature lies.
  ///
  /// @param at byte of its first number
  record Entry(int[] shape, long at) {
    /// How many numbers it has.
    long size() {
      return Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
    }
  }

  private final Path path;
  private final FileChannel file;
  private final SequencedMap<String, Entry> entries = new LinkedHashMap<>();

  private FeatureLog(Path path, FileChannel file) {
    this.path = path;
    this.file = file;
  }

  /// Goes on with what is there, or begins.
  ///
  /// @param out the file that the features are for
  /// @param about what they are features of, in a line
  /// @throws UsageException if others were begun
  static FeatureLog open(Path out, String about) throws IOException {
    Path path = out.resolveSibling(out.getFileName() + ".part");
    byte[] line = (about + "\n").getBytes(StandardCharsets.UTF_8);
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    FeatureLog log = new FeatureLog(path, file);
    try {
      if (file.size() < line.length) {
        file.truncate(0);
        file.write(ByteBuffer.wrap(line), 0);
      }
      byte[] found = log.read(0, line.length).array();
      if (!Arrays.equals(found, line)) {
        throw new UsageException(
            path
                + ": was begun with another model or other options; go on with those, delete it,"
                + " or name another file");
      }
      log.readEntries(line.length);
      return log;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private ByteBuffer read(long at, int n) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining() && file.read(bytes, at + bytes.position()) >= 0) {
      // on to the next part
    }
    return bytes.flip();
  }

  private void readEntries(long from) throws IOException {
    long at = from;
    long next = readEntry(at);
    while (next > at) {
      at = next;
      next = readEntry(at);
    }
    file.truncate(at);
    file.position(at);
  }

  /// @return the end of the record at `at`, or `at` if there is no whole one
  private long readEntry(long at) throws IOException {
    ByteBuffer head = read(at, 8);
    if (head.remaining() < 8) {
      return at;
    }
    int name = head.getInt();
    int rank = head.getInt();
    if (name < 0 || name > MOST_NAME || rank < 1 || rank > MOST_RANK) {
      return at;
    }
    ByteBuffer rest = read(at + 8, name + 4 * rank);
    if (rest.remaining() < name + 4 * rank) {
      return at;
    }
    String text = StandardCharsets.UTF_8.decode(rest.slice(0, name)).toString();
    int[] shape = new int[rank];
    rest.position(name).slice().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(shape);
    Entry entry = new Entry(shape, at + 8 + name + 4L * rank);
    if (Arrays.stream(shape).anyMatch(dim -> dim < 1 || dim > 1 << 24)) {
      return at;
    }
    long end = entry.at + 4 * entry.size();
    if (end < 0 || end + 4 > file.size()) {
      return at;
    }
    ByteBuffer values = file.map(FileChannel.MapMode.READ_ONLY, at, end - at);
    if (read(end, 4).getInt() != crc(values)) {
      return at;
    }
    entries.put(text, entry);
    return end + 4;
  }

  private static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /// Adds a feature.
  ///
  /// @throws IOException if the disk is full, say; what was there stays
  void add(String name, int[] shape, float[] values) throws IOException {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    int head = 8 + text.length + 4 * shape.length;
    ByteBuffer record =
        ByteBuffer.allocate(head + 4 * values.length + 4).order(ByteOrder.LITTLE_ENDIAN);
    record.putInt(text.length).putInt(shape.length).put(text);
    Arrays.stream(shape).forEach(record::putInt);
    record.asFloatBuffer().put(values);
    record.position(head + 4 * values.length);
    record.putInt(crc(record.duplicate().flip()));
    long at = file.position();
    record.flip();
    try {
      while (record.hasRemaining()) {
        file.write(record);
      }
    } catch (IOException e) {
      throw new IOException(path + ": cannot be written: " + e.getMessage(), e);
    }
    entries.put(name, new Entry(shape.clone(), at + head));
  }

  /// What is there, in the order in which it was made.
  SequencedMap<String, Entry> entries() {
    return Collections.unmodifiableSequencedMap(entries);
  }

  /// The numbers of a feature, little-endian.
  MemorySegment values(Entry entry) {
    try {
      return MemorySegment.ofBuffer(
          file.map(FileChannel.MapMode.READ_ONLY, entry.at, 4 * entry.size()));
    } catch (IOException e) {
      throw new UncheckedIOException(path + ": cannot be read", e);
    }
  }

  /// Ends it: what was in it is elsewhere now.
  void delete() throws IOException {
    file.close();
    Files.delete(path);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
