package org.internvl4j.media.video;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A box of an MP4 file (ISO/IEC 14496-12, 4.2). Reads past its end throw
/// [java.nio.BufferUnderflowException] or [IndexOutOfBoundsException].
///
/// @param type four letters
/// @param body what lies in it, from position 0 on, big-endian
record Mp4Box(String type, ByteBuffer body) {
  private static final int MOST_CHILDREN = 4096;

  /// The boxes that lie behind each other from `from` on.
  List<Mp4Box> children(int from) {
    ByteBuffer rest = body.duplicate().position(from);
    List<Mp4Box> children = new ArrayList<>();
    while (rest.remaining() >= 8) {
      int start = rest.position();
      long size = Integer.toUnsignedLong(rest.getInt());
      String name = fourCc(rest);
      if (size == 1) {
        size = rest.getLong();
      } else if (size == 0) {
        size = (long) rest.limit() - start;
      }
      long end = start + size;
      if (size < rest.position() - start
          || end > rest.limit()
          || children.size() == MOST_CHILDREN) {
        throw new IndexOutOfBoundsException("box " + name + " ends at " + end);
      }
      children.add(new Mp4Box(name, rest.slice(rest.position(), (int) end - rest.position())));
      rest.position((int) end);
    }
    return children;
  }

  static String fourCc(ByteBuffer from) {
    byte[] letters = new byte[4];
    from.get(letters);
    return new String(letters, StandardCharsets.ISO_8859_1);
  }

  /// The first child of a type, or null.
  @Nullable Mp4Box child(String wanted) {
    for (Mp4Box child : children(0)) {
      if (child.type.equals(wanted)) {
        return child;
      }
    }
    return null;
  }

  /// The first child of a type.
  Mp4Box require(String wanted) {
    Mp4Box child = child(wanted);
    if (child == null) {
      throw new IndexOutOfBoundsException("box " + type + " has no " + wanted);
    }
    return child;
  }

  /// The version of a full box.
  int version() {
    return body.get(0) & 255;
  }

  /// An unsigned number of 4 bytes.
  long u32(int at) {
    return Integer.toUnsignedLong(body.getInt(at));
  }

  int u16(int at) {
    return body.getShort(at) & 0xffff;
  }

  /// The number of entries at `at`, if so many of `bytes` each lie behind it.
  int entries(int at, int bytes) {
    long count = u32(at);
    if (count * bytes > body.limit() - at - 4) {
      throw new IndexOutOfBoundsException(
          "box " + type + " is too short for " + count + " entries");
    }
    return (int) count;
  }
}
