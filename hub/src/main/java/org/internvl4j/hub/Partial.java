package org.internvl4j.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// A blob that is not whole yet, `blobs/HASH.i4jXXXXX.incomplete`, in a file of one writer's own.
///
/// Behind the place of the last byte it notes which ranges have come, so that they need not come
/// again after a killed process: 8 bytes of magic, then 24 a range, which are where it begins,
/// where it ends, and their checksum. A file without notes, exactly as long as the blob, is all
/// there. The notes are believed for no longer than it takes: the hash is compared at the end. Safe
/// for use by several threads.
final class Partial implements AutoCloseable {
  /// Some bytes of a file.
  ///
  /// @param to behind the last one
  record Range(long from, long to) {
    long bytes() {
      return to - from;
    }
  }

  static final String ENDING = ".incomplete";
  private static final String OURS = "i4j"; // others' temporary files have hexadecimal digits here
  private static final long MAGIC = 0x69346a72616e6765L;
  private static final int NOTE_BYTES = 24;
  private static final int MAX_NOTES = 1 << 20;

  private final ListedFile file;
  private final Path path;
  private final FileChannel channel;
  private final TreeMap<Long, Long> ranges = new TreeMap<>(); // from → to, none touches another
  private long notesEnd;

  private Partial(ListedFile file, Path path, FileChannel channel) {
    this.file = file;
    this.path = path;
    this.channel = channel;
  }

  /// Begins a blob, or goes on with what a dead writer left.
  ///
  /// @param alone whether no other writer can be alive
  static Partial open(Path blobs, ListedFile file, boolean alone) throws IOException {
    Path path = blobs.resolve(file.hash() + "." + name() + ENDING);
    Path left = alone ? takeLeft(blobs, file.hash()) : null;
    if (left != null) {
      Files.move(left, path, StandardCopyOption.ATOMIC_MOVE);
    }
    FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.SPARSE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    Partial partial = new Partial(file, path, channel);
    try {
      if (left == null || !partial.readNotes()) {
        partial.forget();
      }
      return partial;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static String name() {
    return OURS + "%05x".formatted(ThreadLocalRandom.current().nextInt(1 << 20));
  }

  /// The newest file that was left; older ones are deleted.
  private static @Nullable Path takeLeft(Path blobs, String hash) throws IOException {
    List<Path> left = new ArrayList<>();
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(blobs, hash + "." + OURS + "*" + ENDING)) {
      found.forEach(left::add);
    }
    left.sort(Comparator.comparingLong(Partial::modified));
    while (left.size() > 1) {
      Files.deleteIfExists(left.removeFirst());
    }
    return left.isEmpty() ? null : left.getFirst();
  }

  private static long modified(Path path) {
    return path.toFile().lastModified();
  }

  /// Bytes that were left of a blob and need not come again, as far as their notes say.
  static long left(Path blobs, ListedFile file) throws IOException {
    long most = 0;
    if (!Files.isDirectory(blobs)) {
      return 0;
    }
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(blobs, file.hash() + "." + OURS + "*" + ENDING)) {
      for (Path path : found) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
          Partial partial = new Partial(file, path, channel);
          most = Math.max(most, partial.readNotes() ? partial.done() : 0);
        }
      }
    }
    return most;
  }

  // ---- notes

  /// @return false if there are none that could be right
  private boolean readNotes() throws IOException {
    long length = channel.size();
    if (length == file.bytes()) {
      ranges.put(0L, length);
      return true;
    }
    ByteBuffer magic = ByteBuffer.allocate(Long.BYTES);
    if (length < file.bytes() || !readFully(magic, file.bytes()) || magic.getLong() != MAGIC) {
      return false;
    }
    notesEnd = file.bytes() + Long.BYTES;
    ByteBuffer note = ByteBuffer.allocate(NOTE_BYTES);
    for (int i = 0; i < MAX_NOTES && readFully(note.clear(), notesEnd); i++) {
      Range range = new Range(note.getLong(), note.getLong());
      boolean possible = 0 <= range.from && range.from < range.to && range.to <= file.bytes();
      if (!possible || note.getLong() != checksum(range)) {
        break; // cut off while it was written
      }
      merge(range);
      notesEnd += NOTE_BYTES;
    }
    return true;
  }

  private boolean readFully(ByteBuffer buffer, long at) throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        return false;
      }
    }
    buffer.flip();
    return true;
  }

  private static long checksum(Range range) {
    CRC32 crc = new CRC32();
    crc.update(ByteBuffer.allocate(16).putLong(range.from).putLong(range.to).flip());
    return crc.getValue();
  }

  private void merge(Range range) {
    long from = range.from;
    long to = range.to;
    Map.Entry<Long, Long> before = ranges.floorEntry(from);
    if (before != null && before.getValue() >= from) {
      from = before.getKey();
      to = Math.max(to, before.getValue());
    }
    Map.Entry<Long, Long> next = ranges.ceilingEntry(from);
    while (next != null && next.getKey() <= to) {
      to = Math.max(to, next.getValue());
      ranges.remove(next.getKey());
      next = ranges.ceilingEntry(from);
    }
    ranges.put(from, to);
  }

  /// Notes that a range has come.
  synchronized void note(long from, long to) throws IOException {
    if (from >= to) {
      return;
    }
    Range range = new Range(from, to);
    merge(range);
    ByteBuffer note = ByteBuffer.allocate(NOTE_BYTES).putLong(from).putLong(to);
    notesEnd += write(note.putLong(checksum(range)).flip(), notesEnd);
  }

  /// Begins anew.
  synchronized void forget() throws IOException {
    ranges.clear();
    channel.truncate(0);
    notesEnd = file.bytes();
    notesEnd += write(ByteBuffer.allocate(Long.BYTES).putLong(MAGIC).flip(), notesEnd);
  }

  /// Bytes that have come.
  synchronized long done() {
    return ranges.entrySet().stream().mapToLong(e -> e.getValue() - e.getKey()).sum();
  }

  /// What has yet to come, in pieces of at most `piece` bytes.
  synchronized List<Range> missing(long piece) {
    List<Range> missing = new ArrayList<>();
    long at = 0;
    for (Map.Entry<Long, Long> there : ranges.entrySet()) {
      addPieces(missing, at, there.getKey(), piece);
      at = there.getValue();
    }
    addPieces(missing, at, file.bytes(), piece);
    return missing;
  }

  private static void addPieces(List<Range> pieces, long from, long to, long piece) {
    for (long at = from; at < to; at += piece) {
      pieces.add(new Range(at, Math.min(to, at + piece)));
    }
  }

  // ---- content

  /// @return how many bytes were written: all
  int write(ByteBuffer bytes, long at) throws IOException {
    int count = bytes.remaining();
    try {
      for (long to = at; bytes.hasRemaining(); ) {
        to += channel.write(bytes, to);
      }
      return count;
    } catch (ClosedByInterruptException e) {
      throw e;
    } catch (IOException e) {
      throw new IOException(path + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /// Compares all of it with its hash and gives it its final name.
  ///
  /// @throws WrongContentException if it has another hash
  void finish(Path target) throws IOException {
    channel.truncate(file.bytes());
    String hash = Hash.of(channel, file.bytes(), file.hash());
    if (!hash.equals(file.hash())) {
      throw new WrongContentException(
          "%s: came with the hash %s, the hub says %s; it was deleted"
              .formatted(file.path(), hash, file.hash()));
    }
    channel.force(true);
    channel.close();
    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
  }

  /// Deletes the file: nothing of it is worth keeping.
  void delete() throws IOException {
    channel.close();
    Files.deleteIfExists(path);
  }

  /// Closes the file; what has come is left to the next one who wants this blob.
  @Override
  public void close() throws IOException {
    channel.close();
    if (done() == 0) {
      Files.deleteIfExists(path);
    }
  }
}
