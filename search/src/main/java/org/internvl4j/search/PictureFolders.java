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
  private final SequencedMap<String, Stamp> files = new TreeMap<>();
  private final List<Path> searched = new ArrayList<>();
  private final List<Path> closed = new ArrayList<>();

  /// @param named folders, or files
  /// @param known paths that were found once: a folder that has some of them may be gone
  /// @param listener hears of folders that may not be read
  /// @throws IOException if one of those named is not there, nor was
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
        Files.walkFileTree(absolute, found.visitor(listener));
      }
    }
    return found;
  }

  private static boolean isKnown(String path, NavigableSet<String> known) {
    String first = known.ceiling(path + File.separator);
    return known.contains(path) || first != null && first.startsWith(path + File.separator);
  }

  private FileVisitor<Path> visitor(IndexListener listener) {
    return new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes found) {
        try {
          add(file, found);
        } catch (IOException e) {
          return visitFileFailed(file, e);
        }
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFileFailed(Path path, IOException e) {
        closed.add(path);
        listener.unreadable(path.toString(), "may not be read: " + CheckpointException.reason(e));
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) {
        return e == null ? FileVisitResult.CONTINUE : visitFileFailed(folder, e);
      }
    };
  }

  private void add(Path file, BasicFileAttributes found) throws IOException {
    if (!Pictures.hasPictureName(file)) {
      return;
    }
    BasicFileAttributes a =
        found.isSymbolicLink() && Files.exists(file)
            ? Files.readAttributes(file, BasicFileAttributes.class)
            : found;
    if (a.isRegularFile()) {
      long modified = a.lastModifiedTime().to(TimeUnit.NANOSECONDS);
      files.put(file.toString(), new Stamp(a.size(), modified));
    }
  }

  /// By absolute path, sorted.
  SequencedMap<String, Stamp> files() {
    return files;
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
