package org.internvl4j.loader;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// The first page of a file of packed matrices, written last: where its table lies. What is behind
/// its fields is zero.
///
/// @param table the first byte of the table, which ends with the file
/// @param tableBytes its size
/// @param tableChecksum its CRC-32C
record PackedHead(long table, int tableBytes, int tableChecksum) {
  /// Of the whole file; matrices start at multiples of it.
  static final int PAGE = 4096;

  /// Of this layout of the file; whatever changes it raises the number.
  static final int VERSION = 1;

  private static final long MAGIC = 0x49564c344a50410aL; // "IVL4JPA\n"
  private static final int CHECKED = 28; // bytes in front of the checksum

  ByteBuffer encode() {
    ByteBuffer page = ByteBuffer.allocate(PAGE);
    page.putLong(MAGIC).putInt(VERSION).putInt(tableBytes).putLong(table).putInt(tableChecksum);
    page.putInt(checksum(page));
    return page.clear();
  }

  /// The next multiple of [#PAGE].
  static long align(long at) {
    return (at + PAGE - 1) / PAGE * PAGE;
  }

  private static int checksum(ByteBuffer page) {
    CRC32C crc = new CRC32C();
    crc.update(page.duplicate().position(0).limit(CHECKED));
    return (int) crc.getValue();
  }

  /// @param page of the file
  /// @param fileBytes its size
  static PackedHead decode(ByteBuffer page, long fileBytes) throws UnusablePackedFile {
    if (fileBytes < PAGE || page.getLong() != MAGIC) {
      throw new UnusablePackedFile(
          PackedFiles.State.FOREIGN, "it is not a file of prepared matrices, or an unfinished one");
    }
    int version = page.getInt();
    if (version != VERSION) {
      throw new UnusablePackedFile(
          PackedFiles.State.FOREIGN,
          "it is of version " + version + ", this library reads " + VERSION);
    }
    int bytes = page.getInt();
    PackedHead head = new PackedHead(page.getLong(), bytes, page.getInt());
    if (page.getInt() != checksum(page) || !isZero(page)) {
      throw UnusablePackedFile.damaged("the checksum of its head is wrong");
    }
    if (head.table < PAGE || bytes < 0 || head.table > fileBytes || head.end() != fileBytes) {
      throw UnusablePackedFile.damaged(
          "it should have " + head.end() + " bytes but has " + fileBytes);
    }
    return head;
  }

  private static boolean isZero(ByteBuffer rest) {
    return rest.mismatch(ByteBuffer.allocate(rest.remaining())) < 0;
  }

  private long end() {
    return table + tableBytes;
  }
}
