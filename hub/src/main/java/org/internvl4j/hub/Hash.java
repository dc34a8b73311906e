package org.internvl4j.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The name of a blob, which says what is in it: SHA-256 of the content in 64 hexadecimal digits,
/// or SHA-1 of `blob LENGTH\0` and the content in 40, as git names it.
final class Hash {
  private static final Pattern NAME = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
  private static final int GIT_DIGITS = 40;
  private static final int BUFFER = 1 << 20;

  private Hash() {}

  static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  /// The name in a header: `W/"…"`; null if it is none.
  static @Nullable String ofTag(String tag) {
    String text = tag.startsWith("W/") ? tag.substring(2) : tag;
    text = text.replaceAll("^\"|\"$", "");
    return isName(text) ? text : null;
  }

  /// What the first `bytes` of a file would have to be called.
  ///
  /// @param like a name of the kind that is wanted
  static String of(FileChannel file, long bytes, String like) throws IOException {
    boolean git = like.length() == GIT_DIGITS;
    MessageDigest digest = digest(git ? "SHA-1" : "SHA-256");
    if (git) {
      digest.update(("blob " + bytes + "\0").getBytes(StandardCharsets.US_ASCII));
    }
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    for (long at = 0; at < bytes; ) {
      buffer.clear().limit((int) Math.min(BUFFER, bytes - at));
      int count = file.read(buffer, at);
      if (count < 0) {
        break; // shorter than it should be: the hash is another, too
      }
      digest.update(buffer.flip());
      at += count;
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every Java has both
    }
  }
}
