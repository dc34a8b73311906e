package org.internvl4j.hub;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.internvl4j.loader.CachedRepository;
import org.internvl4j.loader.ModelName;

/// Writes into a model's folder in the cache; what lies there under a final name is whole.
///
/// @param locks the folder of this model's locks
/// @param links whether snapshots hold links, where that is possible
record Store(CachedRepository repository, Path locks, boolean links) {
  static Store in(Path cache, ModelName model, boolean links) {
    CachedRepository repository = CachedRepository.in(cache, model);
    return new Store(repository, locks(cache, repository), links);
  }

  /// Where the locks of a model's blobs are.
  static Path locks(Path cache, CachedRepository repository) {
    return cache.resolve(".locks").resolve(String.valueOf(repository.folder().getFileName()));
  }

  Path lock(ListedFile file) {
    return locks.resolve(file.hash() + ".lock");
  }

  Path blob(ListedFile file) {
    return repository.blobs().resolve(file.hash());
  }

  /// Whether a file's content is here: as a blob, or where links are impossible as the file itself.
  boolean has(ListedFile file, String commit) throws IOException {
    return isWhole(blob(file), file) || isWhole(path(file, commit), file);
  }

  private Path path(ListedFile file, String commit) {
    return repository.snapshot(commit).resolve(file.path());
  }

  /// Blobs and files of a snapshot get their names when they are whole: their size is enough.
  private static boolean isWhole(Path path, ListedFile file) throws IOException {
    return Files.isRegularFile(path) && Files.size(path) == file.bytes();
  }

  /// Bytes that have yet to come.
  long missing(Listing listing) throws IOException {
    long missing = 0;
    for (ListedFile file : listing.files()) {
      if (!has(file, listing.commit())) {
        missing += file.bytes() - Partial.left(repository.blobs(), file);
      }
    }
    return missing;
  }

  /// Lays out a revision whose contents are all here, and says last that it is there.
  ///
  /// @return the snapshot
  /// @throws IOException if a file was removed meanwhile
  Path publish(Listing listing) throws IOException {
    Path snapshot = Files.createDirectories(repository.snapshot(listing.commit()));
    Map<String, Path> placed = new HashMap<>();
    for (ListedFile file : listing.files()) {
      Path path = path(file, listing.commit());
      if (!isWhole(path, file)) {
        Files.createDirectories(path.resolveSibling(""));
        Files.deleteIfExists(path); // a link to nowhere, or a file cut off
        Path twin = placed.get(file.hash());
        if (twin != null && !Files.exists(blob(file))) {
          copy(twin, path); // there are no links, and the content has gone there
        } else {
          place(blob(file), path);
        }
      }
      placed.putIfAbsent(file.hash(), path);
    }
    for (ListedFile file : listing.files()) {
      if (!isWhole(path(file, listing.commit()), file)) {
        throw new IOException(path(file, listing.commit()) + ": was removed meanwhile; pull again");
      }
    }
    if (!CachedRepository.isCommit(listing.model().revision())) {
      writeRef(listing.model().revision(), listing.commit());
    }
    return snapshot;
  }

  private void place(Path blob, Path path) throws IOException {
    if (links) {
      try {
        Files.createSymbolicLink(path, path.resolveSibling("").relativize(blob));
        return;
      } catch (UnsupportedOperationException | FileSystemException e) {
        // links are impossible here, or need a right that this user has not
      }
    }
    if (isLinked(blob)) {
      copy(blob, path);
    } else {
      Files.move(blob, path, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private void copy(Path from, Path to) throws IOException {
    Path copy = temporary();
    Files.copy(from, copy);
    Files.move(copy, to, StandardCopyOption.ATOMIC_MOVE);
  }

  private boolean isLinked(Path blob) throws IOException {
    try (var files = Files.walk(repository.snapshots())) {
      return files
          .filter(Files::isSymbolicLink)
          .anyMatch(link -> HubCache.target(link).equals(blob));
    }
  }

  private void writeRef(String revision, String commit) throws IOException {
    Path ref = repository.refs().resolve(revision);
    Files.createDirectories(ref.resolveSibling(""));
    Path written = Files.writeString(temporary(), commit);
    Files.move(written, ref, StandardCopyOption.ATOMIC_MOVE);
  }

  /// A name among the blobs, where nobody takes it for something else.
  private Path temporary() throws IOException {
    return Files.createDirectories(repository.blobs()).resolve(UUID.randomUUID() + Partial.ENDING);
  }
}
