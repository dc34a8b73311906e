package org.internvl4j.search;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// The right to write into an index, which one process has at a time; it ends with the process.
final class FolderLock implements AutoCloseable {
  static final String FILE = "lock";

  private final FileChannel file;

  private FolderLock(FileChannel file) {
    this.file = file;
  }

  /// @throws SearchException if somebody else has it
  static FolderLock of(Path folder) throws IOException {
    FileChannel file =
        FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = file.tryLock();
      if (lock != null) {
        return new FolderLock(file);
      }
    } catch (OverlappingFileLockException e) {
      // another thread of this process
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
    file.close();
    throw new SearchException(
        folder + ": is being written to by another 'internvl index'; wait until that has ended");
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
