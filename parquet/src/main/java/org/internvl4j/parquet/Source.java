package org.internvl4j.parquet;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/// A file, read where one asks.
final class Source implements Closeable {
  private final FileChannel channel;
  private final long size;

  Source(Path file) throws IOException {
    channel = FileChannel.open(file);
    try {
      size = channel.size();
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /// Bytes, when it was opened.
  long size() {
    return size;
  }

  Slice read(long at, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    try {
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, at + bytes.position()) < 0) {
          throw new EOFException("the file became shorter while it was read");
        }
      }
    } catch (IOException e) {
      throw new Damage("cannot be read: " + ParquetException.reason(e), e);
    }
    return new Slice(bytes.array());
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
