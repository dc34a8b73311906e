package org.internvl4j.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.internvl4j.hub.CachedModel.Revision;
import org.internvl4j.loader.CachedRepository;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.ModelFolders;
import org.internvl4j.loader.ModelName;

/// The models in the caches of this user, whoever pulled them: lists and removes them.
///
/// @param caches the folders that are looked at
public record HubCache(List<Path> caches) {
  public HubCache {
    caches = caches.stream().map(cache -> cache.toAbsolutePath().normalize()).toList();
  }

  /// The caches that the environment names; see [Hub#of].
  ///
  /// @param home the user's home
  public static HubCache of(Map<String, String> environment, Path home) {
    return new HubCache(new ModelFolders(environment, home).caches());
  }

  // ---- what there is

  /// All models, by cache and name.
  ///
  /// @throws IOException if a folder cannot be read
  public List<CachedModel> models() throws IOException {
    List<CachedModel> models = new ArrayList<>();
    for (Path cache : caches) {
      for (Path folder : list(cache)) {
        if (CachedRepository.isNamed(folder) && Files.isDirectory(folder)) {
          models.add(look(new CachedRepository(folder)));
        }
      }
    }
    return models;
  }

  /// The models of a name: in each cache, and where no owner is named of each owner.
  ///
  /// @throws IOException if a folder cannot be read
  public List<CachedModel> named(ModelName model) throws IOException {
    return models().stream()
        .filter(m ->
            model.owner() == null
                ? m.name().substring(m.name().indexOf('/') + 1).equals(model.name())
                : m.name().equals(model.repository()))
        .toList();
  }

  private static CachedModel look(CachedRepository repository) throws IOException {
    List<Revision> revisions = new ArrayList<>();
    Set<Path> all = new HashSet<>();
    for (Path folder : list(repository.snapshots())) {
      String commit = String.valueOf(folder.getFileName());
      if (CachedRepository.isCommit(commit)
          && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        Set<Path> contents = contents(repository, folder);
        all.addAll(contents);
        Instant modified = Files.getLastModifiedTime(folder).toInstant();
        boolean whole = contents.stream().allMatch(Files::isRegularFile);
        revisions.add(
            new Revision(
                commit, refs(repository, commit), folder, bytes(contents), modified, whole));
      }
    }
    revisions.sort(Comparator.comparing(Revision::modified).reversed());
    long unfinished = 0;
    for (Path blob : list(repository.blobs())) {
      if (blob.toString().endsWith(Partial.ENDING)) {
        unfinished += bytes(Set.of(blob));
      } else if (Hash.isName(String.valueOf(blob.getFileName()))) {
        all.add(blob);
      }
    }
    return new CachedModel(
        repository.name(), repository.folder(), bytes(all), unfinished, List.copyOf(revisions));
  }

  /// The files of a snapshot: what its links lead to, or they themselves.
  private static Set<Path> contents(CachedRepository repository, Path snapshot) throws IOException {
    Set<Path> contents = new HashSet<>();
    try (Stream<Path> files = Files.walk(snapshot)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (Files.isSymbolicLink(file)) {
          contents.add(inBlobs(repository, target(file)));
        } else if (Files.isRegularFile(file)) {
          contents.add(file);
        }
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return contents;
  }

  /// The same file, named by way of this cache: links of old clients are absolute.
  private static Path inBlobs(CachedRepository repository, Path target) throws IOException {
    Path folder = target.resolveSibling("");
    return Files.isDirectory(folder)
            && Files.isDirectory(repository.blobs())
            && Files.isSameFile(folder, repository.blobs())
        ? repository.blobs().resolve(String.valueOf(target.getFileName()))
        : target;
  }

  /// Where a link leads, whether anything is there or not.
  static Path target(Path link) {
    try {
      return link.resolveSibling(Files.readSymbolicLink(link)).normalize();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> refs(CachedRepository repository, String commit) throws IOException {
    List<String> refs = new ArrayList<>();
    for (Path ref : refFiles(repository)) {
      String name = repository.refs().relativize(ref).toString().replace('\\', '/');
      try {
        if (commit.equals(repository.commit(name))) {
          refs.add(name);
        }
      } catch (CheckpointException e) {
        // of no commit, then
      }
    }
    return refs;
  }

  private static List<Path> refFiles(CachedRepository repository) throws IOException {
    if (!Files.isDirectory(repository.refs())) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(repository.refs())) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static long bytes(Set<Path> files) throws IOException {
    long bytes = 0;
    for (Path file : files) {
      try {
        bytes += Files.size(file);
      } catch (NoSuchFileException e) {
        // a link to nowhere, or a file that has just got another name
      }
    }
    return bytes;
  }

  private static List<Path> list(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  // ---- removing

  /// Removes a revision: what points to it, its folder, then the blobs that no other revision
  /// holds.
  ///
  /// @return bytes that were freed
  /// @throws IOException if a file cannot be removed, or the model is being pulled at the moment
  public long remove(CachedModel model, Revision revision) throws IOException {
    if (model.revisions().size() == 1 && model.revisions().contains(revision)) {
      return remove(model);
    }
    CachedRepository repository = new CachedRepository(model.folder());
    requireIdle(repository);
    for (String ref : revision.refs()) {
      Files.deleteIfExists(repository.refs().resolve(ref));
    }
    Set<Path> contents = contents(repository, revision.folder());
    long freed = bytes(contents);
    deleteTree(revision.folder());
    deleteTree(repository.folder().resolve(".no_exist").resolve(revision.commit()));
    Set<Path> held = new HashSet<>();
    for (Path snapshot : list(repository.snapshots())) {
      held.addAll(contents(repository, snapshot));
    }
    for (Path content : contents) {
      boolean blob = repository.blobs().equals(content.resolveSibling("").normalize());
      if (held.contains(content) || (!blob && Files.exists(content))) {
        freed -= bytes(Set.of(content));
      } else if (blob) {
        Files.deleteIfExists(content);
      }
    }
    return freed;
  }

  /// Removes a model with all that was pulled of it.
  ///
  /// @return bytes that were freed
  /// @throws IOException if a file cannot be removed, or the model is being pulled at the moment
  public long remove(CachedModel model) throws IOException {
    requireIdle(new CachedRepository(model.folder()));
    for (Path part : List.of(Path.of("refs"), Path.of("snapshots"))) {
      deleteTree(model.folder().resolve(part)); // first, so that nobody finds half a model
    }
    deleteTree(model.folder());
    return model.bytes() + model.unfinished();
  }

  private static void requireIdle(CachedRepository repository) throws IOException {
    Path cache = repository.folder().resolveSibling("");
    for (Path path : list(Store.locks(cache, repository))) {
      try (BlobLock lock = BlobLock.tryTake(path)) {
        if (lock == null) {
          throw new IOException(repository.name() + ": is being pulled at the moment");
        }
      }
    }
  }

  /// Links are deleted, never what they lead to.
  private static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
