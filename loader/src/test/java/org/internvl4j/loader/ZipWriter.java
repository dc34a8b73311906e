package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/// Writes a zip archive byte by byte as `torch.save` does: entries stored as they are, padded so
/// that each begins at a multiple of 64, sizes behind them, a zip64 end.
///
/// What lies where is told, so that tests can make it lie.
final class ZipWriter {
  private static final int ALIGNMENT = 64;
  private static final long WIDE = 0xffff_ffffL;

  /// A stretch of the file; holes between them are zeros.
  private record Piece(long at, byte[] bytes) {}

  /// @param bytes more than `data` has: zeros follow
  private record Entry(String name, byte[] data, long bytes, int crc, long header) {}

  private final List<Piece> pieces = new ArrayList<>();
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, Long> central = new LinkedHashMap<>();
  private long at;
  private long directory;

  ZipWriter add(String name, byte[] data) {
    return add(name, data, data.length);
  }

  /// An entry that ends in zeros, of which nothing is written.
  ZipWriter add(String name, byte[] data, long bytes) {
    CRC32 crc = new CRC32();
    crc.update(data);
    Entry entry = new Entry(name, data, bytes, bytes == data.length ? (int) crc.getValue() : 0, at);
    entries.put(name, entry);
    ByteBuffer header = little(4096);
    header.putInt(0x04034b50).putShort((short) 0).putShort((short) 0x0808);
    header.put(new byte[18]); // method, time, date, CRC, sizes: later
    byte[] path = name.getBytes(UTF_8);
    byte[] wide = wide(entry);
    long unpadded = at + 30 + path.length + wide.length + 4;
    int pad = (int) (ALIGNMENT - unpadded % ALIGNMENT) % ALIGNMENT;
    header.putShort((short) path.length).putShort((short) (wide.length + 4 + pad));
    header.put(path).put(wide).put((byte) 'F').put((byte) 'B').putShort((short) pad);
    for (int i = 0; i < pad; i++) {
      header.put((byte) 'Z');
    }
    put(header);
    pieces.add(new Piece(at, data));
    at += bytes;
    ByteBuffer behind = little(24).putInt(0x08074b50).putInt(entry.crc);
    if (wide.length > 0) {
      behind.putLong(bytes).putLong(bytes);
    } else {
      behind.putInt((int) bytes).putInt((int) bytes);
    }
    put(behind);
    return this;
  }

  /// The values that do not fit into 32 bits.
  private static byte[] wide(Entry entry) {
    boolean size = entry.bytes >= WIDE;
    boolean place = entry.header >= WIDE;
    if (!size && !place) {
      return new byte[0];
    }
    ByteBuffer field = little(28).putShort((short) 1).putShort((short) 0);
    if (size) {
      field.putLong(entry.bytes).putLong(entry.bytes);
    }
    if (place) {
      field.putLong(entry.header);
    }
    field.putShort(2, (short) (field.position() - 4));
    return taken(field);
  }

  private void finish() {
    directory = at;
    entries
        .values()
        .forEach(entry -> {
          central.put(entry.name, at);
          byte[] path = entry.name.getBytes(UTF_8);
          byte[] wide = wide(entry);
          int size = (int) Math.min(entry.bytes, WIDE);
          put(
              little(4096)
                  .putInt(0x02014b50)
                  .putShort((short) 0)
                  .putShort((short) 0)
                  .putShort((short) 0x0808)
                  .put(new byte[6])
                  .putInt(entry.crc)
                  .putInt(size)
                  .putInt(size)
                  .putShort((short) path.length)
                  .putShort((short) wide.length)
                  .put(new byte[10])
                  .putInt((int) Math.min(entry.header, WIDE))
                  .put(path)
                  .put(wide));
        });
    long end = at;
    long count = entries.size();
    put(
        little(56)
            .putInt(0x06064b50)
            .putLong(44)
            .putShort((short) 0x031e)
            .putShort((short) 45)
            .putLong(0)
            .putLong(count)
            .putLong(count)
            .putLong(end - directory)
            .putLong(directory));
    put(little(20).putInt(0x07064b50).putInt(0).putLong(end).putInt(1));
    put(
        little(22)
            .putInt(0x06054b50)
            .putInt(0)
            .putShort((short) count)
            .putShort((short) count)
            .putInt((int) (end - directory))
            .putInt((int) Math.min(directory, WIDE))
            .putShort((short) 0));
  }

  /// The whole file.
  byte[] toBytes() {
    finish();
    ByteBuffer file = ByteBuffer.allocate(Math.toIntExact(at));
    pieces.forEach(piece -> file.put((int) piece.at, piece.bytes));
    return file.array();
  }

  /// Writes the file with holes for zeros.
  void write(Path path) throws IOException {
    finish();
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (Piece piece : pieces) {
        file.write(ByteBuffer.wrap(piece.bytes), piece.at);
      }
    }
  }

  /// Where the header of an entry is, once the file is made.
  int local(String name) {
    return (int) entries.get(name).header;
  }

  /// Where the directory tells of an entry, once the file is made.
  int central(String name) {
    return Math.toIntExact(central.get(name));
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] taken(ByteBuffer bytes) {
    byte[] taken = new byte[bytes.position()];
    bytes.get(0, taken);
    return taken;
  }

  private void put(ByteBuffer bytes) {
    byte[] taken = taken(bytes);
    pieces.add(new Piece(at, taken));
    at += taken.length;
  }
}
