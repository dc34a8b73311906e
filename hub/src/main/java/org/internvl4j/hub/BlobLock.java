package org.internvl4j.hub;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Held by the one who writes a blob, `.locks/models--OWNER--NAME/HASH.lock`, which stays behind
/// empty. It keeps writers of this project apart; Python's lock files in another way, and on some
/// file systems nobody's lock holds anybody back: hence each writes a file of its own.
final class BlobLock implements AutoCloseable {
  /// A process may not close a file that it holds a lock of: on POSIX that frees the lock. So
  /// writers of one process are kept apart before the file is opened.
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private static final long PAUSE = 100; // milliseconds between two looks

  private final Path path;
  private final FileChannel channel;
  private final boolean locked;

  private BlobLock(Path path, FileChannel channel, boolean locked) {
    this.path = path;
    this.channel = channel;
    this.locked = locked;
  }

  /// Waits until nobody else writes the blob.
  ///
  /// @param waiting called once if that takes a while
  static BlobLock take(Path file, Runnable waiting) throws IOException, InterruptedException {
    boolean told = false;
    while (true) {
      BlobLock lock = tryTake(file);
      if (lock != null) {
        return lock;
      }
      if (!told) {
        waiting.run();
        told = true;
      }
      Thread.sleep(PAUSE);
    }
  }

  /// The lock, or null if somebody else holds it.
  static @Nullable BlobLock tryTake(Path file) throws IOException {
    Path path = file.toAbsolutePath().normalize();
    if (!HELD.add(path)) {
      return null;
    }
    boolean taken = false;
    try {
      Files.createDirectories(path.resolveSibling(""));
      FileChannel channel =
          FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        FileLock lock = channel.tryLock();
        taken = lock != null;
        if (!taken) {
          channel.close();
        }
        return taken ? new BlobLock(path, channel, true) : null;
      } catch (ClosedByInterruptException e) {
        throw e;
      } catch (IOException e) { // this file system has no locks
        taken = true;
        return new BlobLock(path, channel, false);
      }
    } finally {
      if (!taken) {
        HELD.remove(path);
      }
    }
  }

  /// Whether nobody else can be writing this blob.
  boolean holds() {
    return locked;
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      HELD.remove(path);
    }
  }
}
