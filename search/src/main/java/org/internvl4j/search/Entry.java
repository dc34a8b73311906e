package org.internvl4j.search;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// One record of the log: what is known of a path from here on.
sealed interface Entry {
  /// Absolute, as the system spells it.
  String path();

  /// A file that was read.
  sealed interface Seen extends Entry {
    /// What the file was when it was read: if both are the same, it is not read again.
    Stamp stamp();

    ContentHash hash();
  }

  /// @param size bytes
  /// @param modified nanoseconds since 1970
  record Stamp(long size, long modified) {}

  /// A picture with a vector.
  ///
  /// @param row of its vector, which others of the same content share
  /// @param checksum CRC32C of the row's bytes
  record Embedded(String path, Stamp stamp, ContentHash hash, int row, int checksum)
      implements Seen {}

  /// A file that is no picture, or a damaged one.
  ///
  /// @param why in one sentence, without the path
  record Unreadable(String path, Stamp stamp, ContentHash hash, String why) implements Seen {}

  /// A path that is there no more.
  record Gone(String path) implements Entry {}

  /// Little-endian: a letter, the path, then what there is.
  default byte[] encode() {
    byte[] path = path().getBytes(StandardCharsets.UTF_8);
    byte[] why =
        this instanceof Unreadable u ? u.why().getBytes(StandardCharsets.UTF_8) : new byte[0];
    ByteBuffer to =
        ByteBuffer.allocate(1 + 4 + path.length + 16 + ContentHash.BYTES + 8 + why.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    char letter =
        switch (this) {
          case Embedded _ -> 'P';
          case Unreadable _ -> 'U';
          case Gone _ -> 'G';
        };
    to.put((byte) letter).putInt(path.length).put(path);
    if (this instanceof Seen seen) {
      to.putLong(seen.stamp().size()).putLong(seen.stamp().modified());
      seen.hash().write(to);
    }
    if (this instanceof Embedded e) {
      to.putInt(e.row()).putInt(e.checksum());
    }
    if (this instanceof Unreadable) {
      to.putInt(why.length).put(why);
    }
    byte[] bytes = new byte[to.position()];
    to.flip().get(bytes);
    return bytes;
  }

  /// Whether an entry may begin with this byte.
  static boolean isKind(byte letter) {
    return letter == 'P' || letter == 'U' || letter == 'G';
  }

  /// @throws IllegalArgumentException if these are not the bytes of an entry, saying why
  static Entry decode(byte[] bytes) {
    ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    try {
      byte letter = from.get();
      String path = text(from);
      Entry entry =
          switch (letter) {
            case 'P' ->
                new Embedded(
                    path, stamp(from), ContentHash.read(from), from.getInt(), from.getInt());
            case 'U' -> new Unreadable(path, stamp(from), ContentHash.read(from), text(from));
            case 'G' -> new Gone(path);
            default -> throw new IllegalArgumentException("is of kind " + letter);
          };
      if (from.hasRemaining()) {
        throw new IllegalArgumentException("has " + from.remaining() + " bytes too many");
      }
      return entry;
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("is too short for what it says", e);
    }
  }

  private static Stamp stamp(ByteBuffer from) {
    return new Stamp(from.getLong(), from.getLong());
  }

  private static String text(ByteBuffer from) {
    int length = from.getInt();
    if (length < 0 || length > from.remaining()) {
      throw new IllegalArgumentException("has a text of " + length + " bytes");
    }
    ByteBuffer text = from.slice(from.position(), length);
    from.position(from.position() + length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(text).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("has a text that is not UTF-8", e);
    }
  }
}
