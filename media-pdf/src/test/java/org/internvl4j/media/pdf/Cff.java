package org.internvl4j.media.pdf;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/// A font of one letter, A (Adobe Technical Note 5176).
final class Cff {
  private static final int CALL_SUBROUTINE = 29; // a global one
  private static final int RETURN = 11;
  private static final int END = 14;
  private static final int ZERO = 139;
  private static final int BIAS = 107; // of fewer than 1240 subroutines

  private Cff() {}

  /// A letter whose outline calls the first of `depth` subroutines, each of which calls the next
  /// `times` times.
  static byte[] ofSubroutines(int depth, int times) {
    List<byte[]> subroutines = new ArrayList<>();
    for (int i = 1; i < depth; i++) {
      subroutines.add(calls(i, times, RETURN));
    }
    subroutines.add(new byte[] {RETURN}); // which draws nothing and takes no memory
    byte[] notdef = {END};
    byte[] letter = calls(0, 1, END);

    byte[] head = {1, 0, 4, 1};
    byte[] names = index(List.of(new byte[] {'F'}));
    byte[] strings = index(List.of());
    byte[] global = index(subroutines);
    int start = head.length + names.length + index(List.of(dictionary(0, 0))).length;
    int charset = start + strings.length + global.length;
    byte[] letters = {0, 0, 34}; // the number of A among the standard strings
    byte[] top = index(List.of(dictionary(charset, charset + letters.length)));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part :
        List.of(head, names, top, strings, global, letters, index(List.of(notdef, letter)))) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] calls(int subroutine, int times, int end) {
    byte[] calls = new byte[2 * times + 1];
    for (int i = 0; i < times; i++) {
      calls[2 * i] = (byte) (ZERO + subroutine - BIAS);
      calls[2 * i + 1] = CALL_SUBROUTINE;
    }
    calls[2 * times] = (byte) end;
    return calls;
  }

  /// Where the charset and the outlines are; what is private is empty.
  private static byte[] dictionary(int charset, int outlines) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(number(charset));
    out.write(15);
    out.writeBytes(number(outlines));
    out.write(17);
    out.writeBytes(number(0));
    out.writeBytes(number(charset));
    out.write(18);
    return out.toByteArray();
  }

  private static byte[] number(int value) {
    return new byte[] {
      29, (byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value
    };
  }

  private static byte[] index(List<byte[]> parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(parts.size() >> 8);
    out.write(parts.size());
    if (parts.isEmpty()) {
      return out.toByteArray();
    }
    out.write(2); // bytes of an offset
    int at = 1;
    out.write(0);
    out.write(at);
    for (byte[] part : parts) {
      at += part.length;
      out.write(at >> 8);
      out.write(at);
    }
    parts.forEach(out::writeBytes);
    return out.toByteArray();
  }
}
