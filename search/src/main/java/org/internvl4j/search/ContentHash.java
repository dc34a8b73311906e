package org.internvl4j.search;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// SHA-256 of a file's bytes, as four numbers: a million of them are keys of one map.
record ContentHash(long a, long b, long c, long d) {
  static final int BYTES = 32;

  static ContentHash of(byte[] content) {
    return read(ByteBuffer.wrap(digest().digest(content)));
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  static ContentHash read(ByteBuffer from) {
    return new ContentHash(from.getLong(), from.getLong(), from.getLong(), from.getLong());
  }

  void write(ByteBuffer to) {
    to.putLong(a).putLong(b).putLong(c).putLong(d);
  }
}
