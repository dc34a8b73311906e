package org.internvl4j.search;

import java.nio.ByteBuffer;
import org.internvl4j.loader.Digests;

/// SHA-256 of a file's bytes, as four numbers: a million of them are keys of one map.
record ContentHash(long a, long b, long c, long d) {
  static final int BYTES = 32;

  static ContentHash of(byte[] content) {
    return read(ByteBuffer.wrap(Digests.sha256().digest(content)));
  }

  static ContentHash read(ByteBuffer from) {
    return new ContentHash(from.getLong(), from.getLong(), from.getLong(), from.getLong());
  }

  void write(ByteBuffer to) {
    to.putLong(a).putLong(b).putLong(c).putLong(d);
  }
}
