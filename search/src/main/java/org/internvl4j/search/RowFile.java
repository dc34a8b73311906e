package org.internvl4j.search;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;

/// Vectors as rows of C f32, little-endian, nothing else: row `i` begins at byte `4·C·i`.
final class RowFile implements AutoCloseable {
  private final FileChannel file;
  private final int dimension;

  /// @param file belongs to this from now on
  RowFile(FileChannel file, int dimension) {
    this.file = file;
    this.dimension = dimension;
  }

  /// How many whole rows there are.
  int rows() throws IOException {
    return (int) Math.min(Integer.MAX_VALUE, file.size() / bytes());
  }

  private long bytes() {
    return 4L * dimension;
  }

  /// Writes a row over whatever is there.
  ///
  /// @return CRC32C of its bytes
  int write(int row, float[] vector) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(4 * dimension).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    int checksum = checksum(bytes.duplicate());
    writeAll(file, bytes, row * bytes());
    return checksum;
  }

  /// Copies a row of another file of the same dimension.
  void copy(RowFile from, int fromRow, int row) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(4 * dimension);
    while (bytes.hasRemaining()) {
      if (from.file.read(bytes, fromRow * bytes() + bytes.position()) < 0) {
        throw new IOException("the vectors end before row " + fromRow);
      }
    }
    writeAll(file, bytes.flip(), row * bytes());
  }

  /// Drops rows from `rows` on.
  void truncate(int rows) throws IOException {
    if (file.size() > rows * bytes()) {
      file.truncate(rows * bytes());
    }
  }

  /// The first `rows` rows, read-only, as long as `arena`.
  MemorySegment map(int rows, Arena arena) throws IOException {
    return rows == 0
        ? arena.allocate(1)
        : file.map(FileChannel.MapMode.READ_ONLY, 0, rows * bytes(), arena);
  }

  static int checksum(ByteBuffer row) {
    CRC32C crc = new CRC32C();
    crc.update(row);
    return (int) crc.getValue();
  }

  static void writeAll(FileChannel file, ByteBuffer bytes, long at) throws IOException {
    long to = at;
    while (bytes.hasRemaining()) {
      to += file.write(bytes, to);
    }
  }

  void force() throws IOException {
    file.force(true);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
