package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/// Where results are written: asked before anything is computed.
final class Outputs {
  private Outputs() {}

  /// A folder to write into; made if it is not there.
  ///
  /// @throws IOException if it is a file, or may not be written to
  static void requireFolder(Path folder) throws IOException {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    Files.createDirectories(folder);
    if (!Files.isWritable(folder)) {
      throw new AccessDeniedException(folder.toString());
    }
  }

  /// A file to write.
  ///
  /// @throws IOException if its folder is not there, or may not be written to
  /// @throws IllegalArgumentException if it is a folder
  /// @throws UsageException if it is `-`, which elsewhere stands for standard output
  static void requireFile(Path file) throws IOException {
    if (file.toString().equals("-")) {
      throw new UsageException("- is no file to write; name one, or ./- where it is called so");
    }
    if (Files.isDirectory(file)) {
      throw new IllegalArgumentException(file + ": is a folder, expected a file to write");
    }
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.exists(folder)) {
      throw new NoSuchFileException(String.valueOf(folder));
    }
    if (!Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    if (!Files.isWritable(folder)) {
      throw new AccessDeniedException(folder.toString());
    }
  }

  /// Names without their ending, each given once: `x`, then `x-2` for another file `x.png`.
  static final class Stems {
    private final Set<String> given = new HashSet<>();

    String of(Path file) {
      String stem = String.valueOf(file.getFileName()).replaceFirst("\\.[^.]*$", "");
      String name = stem;
      for (int i = 2; !given.add(name.toLowerCase(Locale.ROOT)); i++) {
        name = stem + "-" + i;
      }
      return name;
    }
  }
}
