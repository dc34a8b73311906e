package org.internvl4j.loader;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A file that is being written under a name of its own, and locked as long as its writer lives:
/// `NAME.WRITER.NUMBER.tmp`.
///
/// One that is not locked was left by a process that died, and is deleted by the next writer. Two
/// writers never share a file, so the worst that a lock which does not work can do is to have both
/// write, or one give up.
final class Temporary implements AutoCloseable {
  /// A process may not open and close a file that it holds a lock of: on POSIX that would free the
  /// lock. So writers of this process know each other by name.
  private static final String PROCESS = UUID.randomUUID().toString();

  private static final String ENDING = ".tmp";

  private final Path target;
  private final Path path;
  private final FileChannel file;

  private Temporary(Path target, Path path, FileChannel file) {
    this.target = target;
    this.path = path;
    this.file = file;
  }

  /// Begins to write `target`, whose folder exists.
  ///
  /// @return null if somebody else writes it at the moment
  /// @throws IOException if it cannot be written, or files cannot be locked here
  static @Nullable Temporary begin(Path target) throws IOException {
    synchronized (Temporary.class) { // within this process, locks would be in each other's way
      if (!deleteLeft(target)) {
        return null;
      }
      Path path =
          target.resolveSibling(
              target.getFileName() + "." + PROCESS + "." + System.nanoTime() + ENDING);
      FileChannel file =
          FileChannel.open(
              path,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      Temporary begun = new Temporary(target, path, file);
      try {
        // in the moment before it was locked, another writer may have taken it for a left one
        if (file.tryLock() != null && Files.exists(path) && begun.isFirst()) {
          return begun;
        }
      } catch (IOException | RuntimeException e) {
        begun.close();
        throw e;
      }
      begun.close();
      return null;
    }
  }

  /// Deletes what dead writers left.
  ///
  /// @return false if a writer lives
  private static boolean deleteLeft(Path target) throws IOException {
    boolean free = true;
    for (Path path : of(target)) {
      free &= !isLive(path, true);
    }
    return free;
  }

  /// Of two that began at the same moment, the one whose name comes first goes on.
  private boolean isFirst() throws IOException {
    for (Path other : of(target)) {
      if (other.compareTo(path) < 0 && isLive(other, false)) {
        return false;
      }
    }
    return true;
  }

  /// Whether a process is writing this file.
  ///
  /// @param delete delete it if not
  static boolean isLive(Path path, boolean delete) throws IOException {
    if (path.toString().contains("." + PROCESS + ".")) {
      return true;
    }
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE);
        FileLock lock = file.tryLock()) {
      if (lock == null) {
        return true;
      }
      if (delete) {
        Files.deleteIfExists(path);
      }
      return false;
    } catch (OverlappingFileLockException e) {
      return true;
    } catch (NoSuchFileException e) {
      return false; // finished or deleted meanwhile
    }
  }

  static boolean isName(Path path) {
    return path.toString().endsWith(ENDING);
  }

  /// The temporary files for `target`.
  private static List<Path> of(Path target) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> all =
        Files.newDirectoryStream(
            target.resolveSibling("."),
            p ->
                isName(p)
                    && ModelFolders.fileName(p).startsWith(ModelFolders.fileName(target) + "."))) {
      all.forEach(p -> found.add(target.resolveSibling(ModelFolders.fileName(p))));
    }
    return found;
  }

  Path target() {
    return target;
  }

  Path path() {
    return path;
  }

  FileChannel file() {
    return file;
  }

  /// Frees the lock and deletes the file, unless it has another name by now.
  @Override
  public void close() {
    try (file) {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      // left to the next writer
    }
  }
}
