package org.internvl4j.batch;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.internvl4j.loader.CheckpointException;

/// The rows that are done, in a file that only grows: lines, in the order of the input.
///
/// They are written in segments. Behind each, a record in a second file says how many rows there
/// are, where the segment ends, what all these rows asked and what the segment's checksum is.
/// Whatever a killed process, a full disk or a power failure leaves behind the last record that
/// holds is cut off when the file is opened again.
///
/// One thread; one process: the second file is locked.
final class Journal implements AutoCloseable {
  private static final int RECORD = 8 + 8 + 4 + 4;

  private final Path rowsFile;
  private final FileChannel lines;
  private final FileChannel records;
  private long rows;
  private long end;
  private int asked;

  private Journal(Path rowsFile, FileChannel lines, FileChannel records) {
    this.rowsFile = rowsFile;
    this.lines = lines;
    this.records = records;
  }

  /// The rows of an output that is not complete.
  static Path rowsFile(Path output) {
    return output.resolveSibling(output.getFileName() + ".part");
  }

  private static Path recordsFile(Path output) {
    return output.resolveSibling(output.getFileName() + ".part.sums");
  }

  /// Goes on with what is there, or begins.
  ///
  /// @throws BatchException if another process writes it
  @SuppressWarnings("MustBeClosedChecker") // closed with the journal
  static Journal open(Path output) throws IOException {
    FileChannel records = channel(recordsFile(output));
    try {
      lock(records, output);
      FileChannel lines = channel(rowsFile(output));
      Journal journal = new Journal(rowsFile(output), lines, records);
      try {
        journal.recover();
        return journal;
      } catch (IOException | RuntimeException e) {
        lines.close();
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      records.close();
      throw e;
    }
  }

  private static FileChannel channel(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private static void lock(FileChannel records, Path output) throws IOException {
    try {
      FileLock lock = records.tryLock();
      if (lock != null) {
        return;
      }
    } catch (OverlappingFileLockException e) {
      // of this process
    }
    throw new BatchException(
        output + ": is being written by another batch; wait for it, or name another output file");
  }

  private void recover() throws IOException {
    ByteBuffer record = ByteBuffer.allocate(RECORD);
    long at = 0;
    while (readFully(records, record.clear(), at)) {
      record.flip();
      long rowsThen = record.getLong();
      long endThen = record.getLong();
      int askedThen = record.getInt();
      boolean grows = rowsThen > rows && endThen > end && endThen <= lines.size();
      if (!grows || record.getInt() != sum(rowsThen, end, endThen, askedThen)) {
        break;
      }
      rows = rowsThen;
      end = endThen;
      asked = askedThen;
      at += RECORD;
    }
    records.truncate(at).position(at);
    lines.truncate(end).position(end);
  }

  /// Of a segment and of what its record says.
  private int sum(long rows, long from, long to, int asked) throws IOException {
    CRC32C sum = new CRC32C();
    ByteBuffer piece = ByteBuffer.allocate(1 << 16);
    for (long at = from; at < to; at += piece.limit()) {
      piece.clear().limit((int) Math.min(piece.capacity(), to - at));
      if (!readFully(lines, piece, at)) {
        return ~(int) sum.getValue();
      }
      sum.update(piece.flip());
    }
    return sum(sum, rows, to, asked);
  }

  private static int sum(CRC32C lines, long rows, long to, int asked) {
    lines.update(ByteBuffer.allocate(20).putLong(rows).putLong(to).putInt(asked).flip());
    return (int) lines.getValue();
  }

  private static boolean readFully(FileChannel file, ByteBuffer into, long at) throws IOException {
    long from = at;
    while (into.hasRemaining()) {
      int n = file.read(into, from);
      if (n < 0) {
        return false;
      }
      from += n;
    }
    return true;
  }

  /// How many rows are there.
  long rows() {
    return rows;
  }

  /// What all of them asked, as the caller sums it up; 0 if there are none.
  int asked() {
    return asked;
  }

  /// Their lines, from the first one. The caller closes it.
  BufferedReader lines() throws IOException {
    return Files.newBufferedReader(rowsFile, StandardCharsets.UTF_8);
  }

  /// Adds a segment; it is on the disk when this returns.
  ///
  /// @param segment lines with their ends
  /// @param askedNow what all rows asked, those of the segment included
  /// @throws IOException if the disk is full, say; the rows that were there stay
  void add(String segment, int count, int askedNow) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(segment.getBytes(StandardCharsets.UTF_8));
    CRC32C sum = new CRC32C();
    sum.update(bytes.duplicate());
    long to = end + bytes.remaining();
    try {
      write(lines, bytes);
      lines.force(false);
      ByteBuffer record = ByteBuffer.allocate(RECORD);
      record.putLong(rows + count).putLong(to).putInt(askedNow);
      record.putInt(sum(sum, rows + count, to, askedNow));
      write(records, record.flip());
      records.force(false);
    } catch (IOException e) {
      throw new IOException(
          "%s: cannot be written: %s; the %d rows in it are kept: make room and run the same again"
              .formatted(rowsFile, CheckpointException.reason(e), rows),
          e);
    }
    rows += count;
    end = to;
    asked = askedNow;
  }

  private static void write(FileChannel file, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
  }

  /// Deletes what is left of the journal of an output that is complete.
  static void delete(Path output) throws IOException {
    Files.deleteIfExists(rowsFile(output));
    Files.deleteIfExists(recordsFile(output));
  }

  @Override
  public void close() throws IOException {
    lines.close();
    records.close();
  }
}
