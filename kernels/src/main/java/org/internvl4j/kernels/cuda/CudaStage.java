package org.internvl4j.kernels.cuda;

import java.lang.foreign.MemorySegment;

/// Host memory that copies to and from a device go through, piece by piece: the driver reads it
/// while this process goes on, so a piece is filled again when its copy is done.
///
/// One thread at a time, which the device sees to.
final class CudaStage implements AutoCloseable {
  private static final int PIECES = 8;
  private static final int PIECE = 512 << 10; // bytes

  private final CudaDriver driver;
  private final long stream;
  private final MemorySegment[] pieces = new MemorySegment[PIECES];
  private final long[] copied = new long[PIECES]; // events behind the copies from each
  private int next;

  /// @param stream where copies are queued, of the current context
  CudaStage(CudaDriver driver, long stream) {
    this.driver = driver;
    this.stream = stream;
    MemorySegment memory = driver.allocatePinned((long) PIECES * PIECE);
    for (int i = 0; i < PIECES; i++) {
      pieces[i] = memory.asSlice((long) i * PIECE, PIECE);
      copied[i] = driver.createEvent();
    }
  }

  /// Copies to the device, behind what the stream holds; `from` may change afterwards.
  void upload(long to, MemorySegment from) {
    for (long at = 0; at < from.byteSize(); at += PIECE) {
      int i = free();
      long bytes = Math.min(PIECE, from.byteSize() - at);
      MemorySegment.copy(from, at, pieces[i], 0, bytes);
      driver.upload(to + at, pieces[i], bytes, stream);
      driver.record(copied[i], stream);
    }
  }

  /// Copies from the device what is there when the stream has run.
  void download(MemorySegment to, long from) {
    for (long at = 0; at < to.byteSize(); at += PIECE) {
      int i = free();
      long bytes = Math.min(PIECE, to.byteSize() - at);
      driver.download(pieces[i], from + at, bytes, stream);
      driver.synchronize(stream);
      MemorySegment.copy(pieces[i], 0, to, at, bytes);
    }
  }

  /// The next piece, once nothing reads it.
  private int free() {
    int i = next;
    next = (next + 1) % PIECES;
    driver.synchronizeEvent(copied[i]);
    return i;
  }

  /// The stream must have run.
  @Override
  public void close() {
    for (long event : copied) {
      driver.destroyEvent(event);
    }
    driver.freePinned(pieces[0]);
  }
}
