package org.internvl4j.loader;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Finds model folders: where the user says, or in the caches of the Hugging Face client
/// (`models--OWNER--NAME/refs/main` holds the commit, `snapshots/COMMIT` its files).
///
/// @param environment the environment variables
/// @param home the user's home
record ModelFolders(Map<String, String> environment, Path home) {
  private static final Pattern NAME =
      Pattern.compile(
          "(?:([A-Za-z0-9][\\w.-]*)/)?([A-Za-z0-9][\\w.-]*)(?:@([A-Za-z0-9][\\w.-]*))?");

  /// @param model a folder, `OWNER/NAME`, `NAME`, or one of these two with `@REVISION`
  Path find(String model) {
    Path path = path(model);
    if (path != null && Files.isDirectory(path)) {
      return isRepository(path) ? snapshot(path, "main") : path;
    }
    if (path != null && Files.exists(path)) {
      throw new CheckpointException(model, "is a file; name the folder it is in");
    }
    Matcher name = NAME.matcher(model);
    List<Path> caches = caches();
    if (name.matches()) {
      String revision = name.group(3) == null ? "main" : name.group(3);
      for (Path cache : caches) {
        Path repository = repository(cache, name.group(1), name.group(2));
        if (repository != null) {
          return snapshot(repository, revision);
        }
      }
    }
    throw new CheckpointException(
        model,
        "no such folder, and no such model in "
            + caches.stream().map(Path::toString).collect(Collectors.joining(", ")));
  }

  /// Where the Hugging Face client keeps models, as the environment says, then its default.
  private List<Path> caches() {
    Set<Path> caches = new LinkedHashSet<>();
    add(caches, "HF_HUB_CACHE", "");
    add(caches, "HF_HOME", "hub");
    add(caches, "XDG_CACHE_HOME", "huggingface/hub");
    caches.add(home.resolve(".cache/huggingface/hub"));
    return List.copyOf(caches);
  }

  private void add(Set<Path> caches, String variable, String below) {
    String value = environment.getOrDefault(variable, "");
    if (value.startsWith("~/")) {
      value = home.resolve(value.substring(2)).toString();
    }
    Path path = value.isBlank() ? null : path(value);
    if (path != null) {
      caches.add(path.resolve(below));
    }
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
        && Files.isDirectory(folder.resolve("snapshots"));
  }

  private static @Nullable Path repository(Path cache, @Nullable String owner, String name) {
    if (owner != null) {
      Path repository = cache.resolve("models--" + owner + "--" + name);
      return Files.isDirectory(repository) ? repository : null;
    }
    List<Path> found = list(cache, p -> p.equals("models--" + name) || owned(p, name));
    if (found.size() > 1) {
      throw new CheckpointException(
          name,
          "several models have this name; say which: "
              + found.stream()
                  .map(p -> fileName(p).substring("models--".length()).replace("--", "/"))
                  .collect(Collectors.joining(", ")));
    }
    return found.isEmpty() ? null : found.getFirst();
  }

  private static boolean owned(String folder, String name) {
    return folder.startsWith("models--")
        && folder.endsWith("--" + name)
        && folder.length() > "models----".length() + name.length();
  }

  private static Path snapshot(Path repository, String revision) {
    Path snapshots = repository.resolve("snapshots");
    Path ref = repository.resolve("refs").resolve(revision);
    if (Files.isRegularFile(ref)) {
      String commit = commit(ref);
      Path snapshot = snapshots.resolve(commit);
      if (!Files.isDirectory(snapshot)) {
        throw new CheckpointException(
            repository.toString(),
            "refs/"
                + revision
                + " says "
                + commit
                + " but snapshots does not have it; download it"
                + " again");
      }
      return snapshot;
    }
    if (Files.isDirectory(snapshots.resolve(revision))) {
      return snapshots.resolve(revision);
    }
    List<Path> all = list(snapshots, p -> true);
    if (revision.equals("main") && all.size() == 1) {
      return all.getFirst();
    }
    throw new CheckpointException(
        repository.toString(),
        "has no revision "
            + revision
            + "; its snapshots are "
            + all.stream().map(ModelFolders::fileName).toList());
  }

  private static String commit(Path ref) {
    try {
      String commit = Files.readString(ref, StandardCharsets.US_ASCII).strip();
      if (commit.matches("[0-9a-f]{40}")) {
        return commit;
      }
    } catch (IOException e) {
      throw new CheckpointException(
          ref.toString(), "cannot be read: " + CheckpointException.reason(e), e);
    }
    throw new CheckpointException(ref.toString(), "does not hold a commit of 40 digits");
  }

  private static List<Path> list(Path folder, Predicate<String> wanted) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(Files::isDirectory)
          .filter(p -> wanted.test(fileName(p)))
          .sorted()
          .toList();
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
      String name = fileName(repository);
      return name.startsWith("models--") ? name.substring(name.lastIndexOf("--") + 2) : name;
    }
    return fileName(path);
  }

  static String fileName(Path path) {
    Path name = path.getFileName();
    return name == null ? path.toString() : name.toString();
  }
}
