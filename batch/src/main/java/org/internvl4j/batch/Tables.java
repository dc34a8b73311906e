package org.internvl4j.batch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The rows of several files, one file behind the other; those that have no name are called by
/// their file, as it is found below the pattern's fixed part, and their number in it.
final class Tables implements Input {
  private final Folder folder;
  private final Iterator<Path> files;
  private final Columns columns;
  private final long size;
  private final boolean asks;
  private final @Nullable Path requestFolder;
  private @Nullable Input open;

  /// Opens each file once, so that one that cannot be read is found before the work begins.
  ///
  /// @throws IOException if one cannot be read
  /// @throws IllegalArgumentException if some have requests and others have not
  Tables(Folder folder, Columns columns) throws IOException {
    List<Path> all = new ArrayList<>();
    for (Path file = folder.file(); file != null; file = folder.file()) {
      all.add(file);
    }
    long rows = 0;
    boolean anyAsks = false;
    Path calling = null; // files of either kind
    Path showing = null;
    for (Path file : all) {
      try (Input table = Inputs.table(file, columns, "")) {
        rows = rows < 0 || table.size() < 0 ? -1 : rows + table.size();
        anyAsks |= table.asks();
        calling = table.requestFolder() == null ? calling : file;
        showing = table.requestFolder() == null ? file : showing;
      }
    }
    if (calling != null && showing != null) {
      throw new IllegalArgumentException(
          "%s: has requests, and %s has rows of pictures; name files of one kind"
              .formatted(calling, showing));
    }
    this.folder = folder;
    this.files = all.iterator();
    this.columns = columns;
    this.size = rows;
    this.asks = anyAsks;
    this.requestFolder = calling == null ? null : folder.top();
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public boolean asks() {
    return asks;
  }

  @Override
  public @Nullable Path requestFolder() {
    return requestFolder;
  }

  @Override
  public @Nullable Row next() throws IOException {
    while (true) {
      Row row = open == null ? null : open.next();
      if (row != null || !files.hasNext()) {
        return row;
      }
      close();
      Path file = files.next();
      open = Inputs.table(file, columns, folder.id(file) + ":");
    }
  }

  @Override
  public void close() throws IOException {
    if (open != null) {
      open.close();
      open = null;
    }
  }
}
