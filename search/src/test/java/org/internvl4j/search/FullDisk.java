package org.internvl4j.search;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/// A file on a disk that takes a number of bytes and then no more, as Linux does it: a write takes
/// what still fits, the next one fails.
final class FullDisk extends FileChannel {
  private final FileChannel file;
  private final int[] left; // bytes, of all files together

  FullDisk(FileChannel file, int[] left) {
    this.file = file;
    this.left = left;
  }

  @Override
  public int write(ByteBuffer bytes, long at) throws IOException {
    if (left[0] == 0) {
      throw new IOException("No space left on device");
    }
    int count = Math.min(left[0], bytes.remaining());
    left[0] -= count;
    ByteBuffer part = bytes.slice(bytes.position(), count);
    bytes.position(bytes.position() + count);
    return file.write(part, at);
  }

  @Override
  public int read(ByteBuffer to) throws IOException {
    return file.read(to);
  }

  @Override
  public int read(ByteBuffer to, long at) throws IOException {
    return file.read(to, at);
  }

  @Override
  public long position() throws IOException {
    return file.position();
  }

  @Override
  public FileChannel position(long at) throws IOException {
    file.position(at);
    return this;
  }

  @Override
  public long size() throws IOException {
    return file.size();
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    file.truncate(size);
    return this;
  }

  @Override
  public void force(boolean all) throws IOException {
    file.force(all);
  }

  @Override
  public MemorySegment map(MapMode mode, long at, long size, Arena arena) throws IOException {
    return file.map(mode, at, size, arena);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    file.close();
  }

  @Override
  public int write(ByteBuffer bytes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long write(ByteBuffer[] bytes, int from, int count) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long read(ByteBuffer[] to, int from, int count) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long transferTo(long at, long count, WritableByteChannel to) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long transferFrom(ReadableByteChannel from, long at, long count) {
    throw new UnsupportedOperationException();
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long at, long size) {
    throw new UnsupportedOperationException();
  }

  @Override
  public FileLock lock(long at, long size, boolean shared) {
    throw new UnsupportedOperationException();
  }

  @Override
  public FileLock tryLock(long at, long size, boolean shared) {
    throw new UnsupportedOperationException();
  }
}
