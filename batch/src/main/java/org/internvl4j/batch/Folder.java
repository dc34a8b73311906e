package org.internvl4j.batch;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The pictures below a folder, in the order of their paths; of each folder in it only the names of
/// its entries are in memory, while it is looked at. Links to folders are not followed.
final class Folder implements Input {
  private final Path top;
  private final Predicate<Path> wanted;
  private final long size;
  private final Deque<Iterator<Path>> open = new ArrayDeque<>();

  /// @param wanted which files
  /// @throws IOException if a folder cannot be read
  Folder(Path top, Predicate<Path> wanted) throws IOException {
    this.top = top;
    this.wanted = wanted;
    open.push(entries(top));
    long count = 0;
    while (file() != null) {
      count++;
    }
    this.size = count;
    open.push(entries(top));
  }

  Path top() {
    return top;
  }

  private static Iterator<Path> entries(Path folder) throws IOException {
    List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(entries::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    Collections.sort(entries);
    return entries.iterator();
  }

  /// The next file; null at the end.
  @Nullable Path file() throws IOException {
    while (!open.isEmpty()) {
      if (!open.element().hasNext()) {
        open.pop();
        continue;
      }
      Path entry = open.element().next();
      if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
        open.push(entries(entry));
      } else if (wanted.test(entry) && isFile(entry)) {
        return entry;
      }
    }
    return null;
  }

  /// A file, or a link to one that is not there, which is a row that fails; no pipe, which may
  /// never end.
  private static boolean isFile(Path entry) {
    return Files.isRegularFile(entry) || (Files.isSymbolicLink(entry) && Files.notExists(entry));
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public @Nullable Row next() throws IOException {
    Path file = file();
    return file == null ? null : Row.Item.of(id(file), new PictureSource.OfFile(file));
  }

  /// As it is found below the folder, the same on every system.
  private String id(Path file) {
    return top.relativize(file).toString().replace('\\', '/');
  }

  @Override
  public void close() {}
}
