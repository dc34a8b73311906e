package org.internvl4j.loader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Finds model folders: where the user says, or in the caches of the Hugging Face client.
///
/// @param environment the environment variables
/// @param home the user's home
public record ModelFolders(Map<String, String> environment, Path home) {
  /// What this process's environment says.
  public static ModelFolders system() {
    return new ModelFolders(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  /// Where a model lies; see [Checkpoint#resolve].
  ///
  /// @param model a folder, `OWNER/NAME`, `NAME`, or one of these two with `@REVISION`
  /// @throws CheckpointException if there is none, naming all places looked at
  public Path find(String model) {
    Path path = path(model);
    if (path != null && Files.isDirectory(path)) {
      return isRepository(path) ? snapshot(path, ModelName.MAIN) : path;
    }
    if (path != null && Files.exists(path)) {
      throw new CheckpointException(model, "is a file; name the folder it is in");
    }
    ModelName name = ModelName.find(model);
    if (name == null) {
      throw notFound(model, "no such folder, and ");
    }
    return find(name, "no such folder, and ");
  }

  /// Where a model of the caches lies.
  ///
  /// @throws CheckpointException if it is in none, naming all
  public Path find(ModelName model) {
    return find(model, "");
  }

  private Path find(ModelName model, String before) {
    CheckpointException wrong = null;
    for (Path cache : caches()) {
      Path repository = repository(cache, model);
      if (repository != null) {
        try {
          return snapshot(repository, model.revision());
        } catch (CheckpointException e) {
          wrong = wrong == null ? e : wrong; // another cache may have it whole
        }
      }
    }
    throw wrong == null ? notFound(model.toString(), before) : wrong;
  }

  private CheckpointException notFound(String model, String before) {
    return new CheckpointException(
        model,
        before
            + "no such model in "
            + caches().stream().map(Path::toString).collect(Collectors.joining(", ")));
  }

  /// Where the Hugging Face client keeps models, as the environment says, then its default: models
  /// are looked for in all, new ones go into the first.
  public List<Path> caches() {
    Set<Path> caches = new LinkedHashSet<>();
    Path named = named("HF_HUB_CACHE");
    if (named != null) {
      caches.add(named);
    }
    clientFolders().forEach(folder -> caches.add(folder.resolve("hub")));
    return List.copyOf(caches);
  }

  /// The folder in which the Hugging Face client keeps all that is its own, the token too.
  public Path clientFolder() {
    return clientFolders().getFirst();
  }

  private List<Path> clientFolders() {
    List<Path> folders = new ArrayList<>();
    Path client = named("HF_HOME");
    if (client != null) {
      folders.add(client);
    }
    Path userCache = named("XDG_CACHE_HOME");
    if (userCache != null) {
      folders.add(userCache.resolve("huggingface"));
    }
    folders.add(home.resolve(".cache/huggingface"));
    return folders;
  }

  /// The path that a variable of the environment holds, or null if it holds none.
  public @Nullable Path named(String variable) {
    String value = environment.getOrDefault(variable, "");
    if (value.startsWith("~/")) {
      value = home.resolve(value.substring(2)).toString();
    }
    return value.isBlank() ? null : path(value);
  }

  private static @Nullable Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static boolean isRepository(Path folder) {
    return !Files.exists(folder.resolve("config.json"))
        && Files.isDirectory(new CachedRepository(folder).snapshots());
  }

  private static @Nullable Path repository(Path cache, ModelName model) {
    if (model.owner() != null) {
      Path repository = CachedRepository.in(cache, model).folder();
      return Files.isDirectory(repository) ? repository : null;
    }
    List<Path> found = list(cache, p -> CachedRepository.isNamed(p) && isCalled(p, model.name()));
    if (found.size() > 1) {
      throw new CheckpointException(
          model.name(),
          "several models have this name; say which: "
              + found.stream()
                  .map(folder -> new CachedRepository(folder).name())
                  .collect(Collectors.joining(", ")));
    }
    return found.isEmpty() ? null : found.getFirst();
  }

  private static boolean isCalled(Path repository, String name) {
    String called = new CachedRepository(repository).name();
    return called.equals(name) || called.endsWith("/" + name.replace("--", "/"));
  }

  private static Path snapshot(Path folder, String revision) {
    CachedRepository repository = new CachedRepository(folder);
    String commit = repository.commit(revision);
    if (commit != null) {
      Path snapshot = repository.snapshot(commit);
      if (!Files.isDirectory(snapshot)) {
        throw new CheckpointException(
            folder.toString(),
            "refs/"
                + revision
                + " says "
                + commit
                + " but snapshots does not have it; download it"
                + " again");
      }
      return snapshot;
    }
    if (Files.isDirectory(repository.snapshot(revision))) {
      return repository.snapshot(revision);
    }
    List<Path> all = list(repository.snapshots(), p -> true);
    if (revision.equals(ModelName.MAIN) && all.size() == 1) {
      return all.getFirst();
    }
    throw new CheckpointException(
        folder.toString(),
        "has no revision "
            + revision
            + "; its snapshots are "
            + all.stream().map(ModelFolders::fileName).toList());
  }

  private static List<Path> list(Path folder, Predicate<Path> wanted) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isDirectory).filter(wanted).sorted().toList();
    } catch (IOException e) {
      throw new CheckpointException(folder.toString(), "cannot be listed: " + e, e);
    }
  }

  /// What people call the model in a folder: its name, or for a snapshot in a cache that of the
  /// repository.
  static String modelName(Path folder) {
    Path path = folder.toAbsolutePath().normalize();
    Path parent = path.getParent();
    Path repository = parent == null ? null : parent.getParent();
    if (parent != null && repository != null && fileName(parent).equals("snapshots")) {
      return CachedRepository.isNamed(repository)
          ? new CachedRepository(repository).shortName()
          : fileName(repository);
    }
    return fileName(path);
  }

  static String fileName(Path path) {
    Path name = path.getFileName();
    return name == null ? path.toString() : name.toString();
  }
}
