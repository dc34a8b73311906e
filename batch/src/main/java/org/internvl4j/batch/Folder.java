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
import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.loader.CheckpointException;
import org.jspecify.annotations.Nullable;

/// The pictures below a folder, in the order of their paths; of each folder in it only the names of
/// its entries are in memory, while it is looked at. Links to folders are not followed. A folder in
/// it that cannot be read is a row that fails.
final class Folder implements Input {
  /// How a name is spelt by Java that is not UTF-8.
  private static final char UNREADABLE = '\ufffd';

  /// A file, or a folder that cannot be read, and why.
  private record Found(Path path, @Nullable IOException why) {}

  private final Path top;
  private final int deepest;
  private final Predicate<Path> wanted;
  private final long size;
  private final Deque<Iterator<Path>> open = new ArrayDeque<>();

  /// @param deepest how many folders may lie between the top and a file
  /// @param wanted which files
  /// @throws IOException if the folder itself cannot be read
  Folder(Path top, int deepest, Predicate<Path> wanted) throws IOException {
    this.top = top;
    this.deepest = deepest;
    this.wanted = wanted;
    open.push(entries(top));
    long count = 0;
    while (find() != null) {
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

  /// @return null at the end
  private @Nullable Found find() {
    while (!open.isEmpty()) {
      if (!open.element().hasNext()) {
        open.pop();
        continue;
      }
      Path entry = open.element().next();
      if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
        IOException why = open.size() > deepest ? null : enter(entry);
        if (why != null) {
          return new Found(entry, why);
        }
      } else if (wanted.test(entry) && isFile(entry)) {
        return new Found(entry, null);
      }
    }
    return null;
  }

  /// @return why it cannot be read; null if it can
  private @Nullable IOException enter(Path folder) {
    try {
      open.push(entries(folder));
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  /// A file, or a link that leads nowhere, or where one may not look, which is a row that fails; no
  /// pipe, which may never end.
  private static boolean isFile(Path entry) {
    return Files.isRegularFile(entry) || (Files.isSymbolicLink(entry) && !Files.exists(entry));
  }

  /// The next file; null at the end.
  ///
  /// @throws IOException if a folder cannot be read
  @Nullable Path file() throws IOException {
    Found found = find();
    if (found == null) {
      return null;
    }
    if (found.why() != null) {
      throw found.why();
    }
    return found.path();
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public @Nullable Row next() {
    Found found = find();
    if (found == null) {
      return null;
    }
    Path path = found.path();
    return found.why() == null
        ? Row.Item.of(id(path), new PictureSource.OfFile(path))
        : new Row.Unreadable(id(path), failed(path, found.why()));
  }

  private static Failed failed(Path folder, IOException why) {
    return Failed.input(
        "%s: is a folder that cannot be read: %s; its pictures are not among the rows"
            .formatted(folder, CheckpointException.reason(why)));
  }

  /// As it is found below the folder, the same on every system. A path that is not UTF-8 has its
  /// bytes, as in a URI, and begins with `//`, as no other does.
  String id(Path file) {
    Path below = top.relativize(file);
    String id = below.toString().replace(below.getFileSystem().getSeparator(), "/");
    return id.indexOf(UNREADABLE) < 0 ? id : "//" + escaped(file);
  }

  private String escaped(Path file) {
    String above = top.toUri().getRawPath();
    return file.toUri().getRawPath().substring(above.length()).replaceFirst("/$", "");
  }

  @Override
  public void close() {}
}
