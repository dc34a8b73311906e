package org.internvl4j.server.source;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.internvl4j.server.source.PictureRefusedException.Kind;

/// The folder below which requests may name files.
///
/// A name is resolved with its links, and what comes out has to lie below the real folder. Then the
/// real path is opened name by name from that folder down, each relative to the open one before and
/// following no link, so whoever swaps a name for a link after the check gains nothing. Where the
/// system has no such calls (Windows), the path is opened without following a link in its last name
/// and resolved again afterwards. Only ordinary files are opened; Java cannot ask an open file what
/// it is, so the name is asked before and after. Who may write into the folder can hard-link files
/// of its own file system there and, at the very moment between asking and opening, a pipe, which
/// keeps a thread waiting: let only those write who may.
final class MediaFolder {
  private static final int DEEPEST = 64;
  private static final Set<OpenOption> READ =
      Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);

  /// Asks about one name, at any time again.
  private interface Asked {
    BasicFileAttributes attributes() throws IOException;
  }

  private interface Opener {
    SeekableByteChannel open() throws IOException;
  }

  private final Path given;
  private final Path root;
  private final Runnable checked;

  /// @throws IllegalArgumentException if there is no such folder
  MediaFolder(Path folder) {
    this(folder, () -> {});
  }

  /// @param checked what happens after a path is checked and before it is opened, for tests
  MediaFolder(Path folder, Runnable checked) {
    this.given = folder.toAbsolutePath().normalize();
    this.checked = checked;
    try {
      this.root = folder.toRealPath();
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "--media-path: %s: there is no such folder".formatted(folder), e);
    }
    if (!Files.isDirectory(root)) {
      throw new IllegalArgumentException(
          "--media-path: %s: is a file, expected a folder".formatted(folder));
    }
  }

  /// The bytes of a file.
  ///
  /// @throws PictureRefusedException if it is not below the folder, no ordinary file, too long or
  ///   cannot be read
  byte[] read(FilePath path, int maxBytes) {
    try {
      Path real = below(path).toRealPath();
      if (!real.startsWith(root)) {
        throw outside();
      }
      checked.run();
      Path inside = root.relativize(real);
      if (real.equals(root) || inside.getNameCount() > DEEPEST) {
        throw notAFile();
      }
      try (DirectoryStream<Path> top = Files.newDirectoryStream(root)) {
        return top instanceof SecureDirectoryStream<Path> secure
            ? read(secure, inside, maxBytes)
            : read(real, maxBytes);
      }
    } catch (InvalidPathException e) {
      throw outside();
    } catch (NoSuchFileException e) {
      throw new PictureRefusedException(
          Kind.NOT_FOUND,
          "there is no such file below the folder whose files requests may name",
          e);
    } catch (IOException e) {
      throw new PictureRefusedException(
          Kind.NOT_FOUND,
          "the file below the folder whose files requests may name cannot be read",
          e);
    }
  }

  /// Judges by the text alone: nothing outside is asked for, not even whether it is there.
  private Path below(FilePath path) {
    List<String> names = path.names();
    if (path.absolute()) {
      for (Path base : List.of(given, root)) {
        int depth = base.getNameCount();
        if (names.size() >= depth && base.equals(absolute(names.subList(0, depth)))) {
          return root.resolve(String.join("/", names.subList(depth, names.size())));
        }
      }
      throw outside();
    }
    return root.resolve(String.join("/", names));
  }

  private Path absolute(List<String> names) {
    return root.getFileSystem().getPath("/" + String.join("/", names));
  }

  private static byte[] read(SecureDirectoryStream<Path> folder, Path inside, int maxBytes)
      throws IOException {
    Path name = inside.getName(0);
    if (inside.getNameCount() > 1) {
      Path rest = inside.subpath(1, inside.getNameCount());
      try (var next = folder.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
        return read(next, rest, maxBytes);
      }
    }
    var view =
        folder.getFileAttributeView(name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    return read(view::readAttributes, () -> folder.newByteChannel(name, READ), maxBytes);
  }

  private static byte[] read(Path real, int maxBytes) throws IOException {
    Asked asked =
        () -> {
          if (!real.toRealPath().equals(real)) {
            throw outside();
          }
          return Files.readAttributes(real, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        };
    return read(asked, () -> Files.newByteChannel(real, READ), maxBytes);
  }

  private static byte[] read(Asked asked, Opener opener, int maxBytes) throws IOException {
    BasicFileAttributes before = asked.attributes();
    if (!before.isRegularFile()) {
      throw notAFile();
    }
    try (SeekableByteChannel file = opener.open()) {
      BasicFileAttributes after = asked.attributes();
      if (!after.isRegularFile() || !Objects.equals(before.fileKey(), after.fileKey())) {
        throw notAFile();
      }
      byte[] bytes = Channels.newInputStream(file).readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw PictureRefusedException.tooLarge(maxBytes);
      }
      return bytes;
    }
  }

  private static PictureRefusedException outside() {
    return PictureRefusedException.notAllowed(
        "the file does not lie below the folder whose files requests may name");
  }

  private static PictureRefusedException notAFile() {
    return PictureRefusedException.notAllowed(
        "what the path names is no ordinary file, or changed while it was opened");
  }
}
