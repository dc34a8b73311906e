package org.internvl4j.search;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The log of an index: entries one after the other, each behind its length and its CRC32C. Only
/// ever appended to; whatever is cut off or does not fit its checksum ends it.
///
/// Begins with eight letters, then for each entry: length (4 bytes), CRC32C of length and entry
/// (4), the entry. Little-endian.
final class EntryLog implements AutoCloseable {
  private static final byte[] LETTERS = "IVL-LOG1".getBytes(StandardCharsets.US_ASCII);
  static final int HEAD = 8;
  static final int MOST_BYTES = 1 << 17;

  private final Path path;
  private final FileChannel file;
  private long end; // behind the last checked entry
  private int count; // of checked entries

  private EntryLog(Path path, FileChannel file) {
    this.path = path;
    this.file = file;
  }

  /// Reads a log from its beginning.
  ///
  /// @param file belongs to the log from now on, also if this fails
  /// @param entries gets each
  /// @throws SearchException if this is no log, or a checked entry makes no sense
  static EntryLog read(Path path, FileChannel file, Consumer<Entry> entries) throws IOException {
    EntryLog log = new EntryLog(path, file);
    try {
      log.read(entries);
      return log;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private void read(Consumer<Entry> entries) throws IOException {
    file.position(0);
    InputStream in = new BufferedInputStream(Channels.newInputStream(file), 1 << 16);
    byte[] letters = in.readNBytes(LETTERS.length);
    if (!Arrays.equals(letters, 0, letters.length, LETTERS, 0, letters.length)) {
      throw Manifest.damaged(path, "is not the log of an index");
    }
    if (letters.length < LETTERS.length) {
      return; // cut off when it was begun
    }
    end = LETTERS.length;
    for (byte[] entry = next(in); entry.length > 0; entry = next(in)) {
      try {
        entries.accept(Entry.decode(entry));
      } catch (IllegalArgumentException e) {
        String what = "the entry at byte " + end + " " + e.getMessage();
        throw Manifest.damaged(path, what);
      }
      end += HEAD + entry.length;
      count++;
    }
  }

  /// The next checked entry, or nothing.
  private static byte[] next(InputStream in) throws IOException {
    ByteBuffer head = ByteBuffer.wrap(in.readNBytes(HEAD)).order(ByteOrder.LITTLE_ENDIAN);
    if (head.remaining() < HEAD) {
      return new byte[0];
    }
    int length = head.getInt();
    int checksum = head.getInt();
    if (length < 1 || length > MOST_BYTES) {
      return new byte[0];
    }
    byte[] entry = in.readNBytes(length);
    return entry.length == length && checksum(ByteBuffer.wrap(entry)) == checksum
        ? entry
        : new byte[0];
  }

  private static int checksum(ByteBuffer entry) {
    CRC32C crc = new CRC32C();
    crc.update(
        ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(entry.remaining()).flip());
    crc.update(entry);
    return (int) crc.getValue();
  }

  /// Whether a whole entry with its head stands in bytes.
  ///
  /// @param bytes little-endian
  /// @return how many it takes, or 0
  static int whole(ByteBuffer bytes, int at) {
    int room = bytes.limit() - at - HEAD;
    int length = room < 1 ? 0 : bytes.getInt(at);
    return length >= 1
            && length <= Math.min(room, MOST_BYTES)
            && Entry.isKind(bytes.get(at + HEAD))
            && checksum(bytes.slice(at + HEAD, length)) == bytes.getInt(at + 4)
        ? HEAD + length
        : 0;
  }

  /// Bytes behind the last checked entry: of one that was being written, or damaged ones.
  long unchecked() throws IOException {
    return Math.max(0, file.size() - end);
  }

  /// Where the log is damaged; null if nothing but its end is not whole.
  @Nullable Damage damage() throws IOException {
    return unchecked() == 0 ? null : Damage.find(path, file, end, count);
  }

  /// Adds an entry. If this fails, the log is what it was.
  void append(Entry entry) throws IOException {
    byte[] bytes = entry.encode();
    if (bytes.length > MOST_BYTES) {
      throw new IllegalArgumentException(
          path + ": an entry of " + bytes.length + " bytes is too long");
    }
    ByteBuffer record = ByteBuffer.allocate(HEAD + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
    record.putInt(bytes.length).putInt(checksum(ByteBuffer.wrap(bytes))).put(bytes).flip();
    if (end == 0) {
      RowFile.writeAll(file, ByteBuffer.wrap(LETTERS), 0);
      end = LETTERS.length;
    }
    RowFile.writeAll(file, record, end);
    end += HEAD + bytes.length;
    count++;
  }

  /// Drops what is behind the last checked entry.
  void truncate() throws IOException {
    if (file.size() > end) {
      file.truncate(end);
    }
  }

  /// Waits until all is on disk.
  void force() throws IOException {
    file.force(true);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
