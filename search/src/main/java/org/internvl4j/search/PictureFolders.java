package org.internvl4j.search;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.media.Pictures;
import org.internvl4j.search.Entry.Stamp;
import org.jspecify.annotations.Nullable;

/// The picture files below folders, as they are now. Links to files are followed, links to folders
/// are not.
final class PictureFolders {
  private static final String LETTERS = System.getProperty("sun.jnu.encoding", "UTF-8");

  private final SequencedMap<String, Stamp> files = new TreeMap<>();
  private final List<Path> searched = new ArrayList<>();
  private final List<Path> closed = new ArrayList<>();

  /// @param named folders, or files
  /// @param known paths that were found once: a folder that has some of them may be gone
  /// @param listener hears of folders that may not be read
  /// @throws IOException if one of those named is not there, nor was, or may not be read
  static PictureFolders of(List<Path> named, NavigableSet<String> known, IndexListener listener)
      throws IOException {
    PictureFolders found = new PictureFolders();
    for (Path path : named) {
      Path absolute = path.toAbsolutePath().normalize();
      found.searched.add(absolute);
      if (Files.notExists(absolute) && isKnown(absolute.toString(), known)) {
        listener.unreadable(path.toString(), "is gone; what the index has of it drops out");
      } else {
        Files.readAttributes(absolute, BasicFileAttributes.class);
        Files.walkFileTree(absolute, found.visitor(absolute, listener));
      }
    }
    return found;
  }

  private static boolean isKnown(String path, NavigableSet<String> known) {
    String first = known.ceiling(path + File.separator);
    return known.contains(path) || (first != null && first.startsWith(path + File.separator));
  }

  /// @param named a folder whose pictures are looked for: if it may not be read, that is an error
  FileVisitor<Path> visitor(Path named, IndexListener listener) {
    return new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes found) {
        try {
          if (!Pictures.hasPictureName(file) || hasText(file)) {
            add(file, found);
            return FileVisitResult.CONTINUE;
          }
          return leaveOut(file, "has a name that is no text in " + LETTERS + "; rename it");
        } catch (IOException e) {
          return leaveOut(file, "may not be read: " + CheckpointException.reason(e));
        }
      }

      @Override
      public FileVisitResult visitFileFailed(Path path, IOException e) throws IOException {
        if (path.equals(named)) {
          throw e;
        }
        return leaveOut(path, "may not be read: " + CheckpointException.reason(e));
      }

      @Override
      public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) {
        return e == null
            ? FileVisitResult.CONTINUE
            : leaveOut(folder, "may not be read: " + CheckpointException.reason(e));
      }

      private FileVisitResult leaveOut(Path path, String why) {
        closed.add(path);
        listener.unreadable(path.toString(), why);
        return FileVisitResult.CONTINUE;
      }
    };
  }

  /// Whether a file can be found again by its path as a text, which is what an index keeps.
  private static boolean hasText(Path file) {
    try {
      return Path.of(file.toString()).equals(file);
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private void add(Path file, BasicFileAttributes found) throws IOException {
    if (!Pictures.hasPictureName(file)) {
      return;
    }
    if (found.isSymbolicLink() && Files.notExists(file)) {
      return; // it leads nowhere
    }
    BasicFileAttributes a =
        found.isSymbolicLink() ? Files.readAttributes(file, BasicFileAttributes.class) : found;
    if (a.isRegularFile()) {
      long modified = a.lastModifiedTime().to(TimeUnit.NANOSECONDS);
      files.put(file.toString(), new Stamp(a.size(), modified));
    }
  }

  /// By absolute path, sorted.
  SequencedMap<String, Stamp> files() {
    return files;
  }

  /// How many files and folders were left out, each of which was told.
  int leftOut() {
    return closed.size();
  }

  /// Whether a path would have been found if it were there.
  boolean covers(String path) {
    Path p;
    try {
      p = Path.of(path);
    } catch (InvalidPathException e) {
      return false; // written under another locale, or by nobody's 'index'
    }
    return searched.stream().anyMatch(p::startsWith) && closed.stream().noneMatch(p::startsWith);
  }
}
