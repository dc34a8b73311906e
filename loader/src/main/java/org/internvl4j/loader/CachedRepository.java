package org.internvl4j.loader;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A model's folder in a cache of the Hugging Face client, `models--OWNER--NAME`: `refs/REVISION`
/// holds a commit, `snapshots/COMMIT` its files, which are links into `blobs`.
public record CachedRepository(Path folder) {
  private static final String PREFIX = "models--";
  private static final String BETWEEN = "--";
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

  /// Where a cache keeps a model, whether it is there or not.
  public static CachedRepository in(Path cache, ModelName model) {
    return new CachedRepository(cache.resolve(PREFIX + model.repository().replace("/", BETWEEN)));
  }

  /// Whether a folder of a cache is a model's, by its name.
  public static boolean isNamed(Path folder) {
    String name = ModelFolders.fileName(folder);
    return name.startsWith(PREFIX) && name.length() > PREFIX.length();
  }

  /// Whether a text is a commit: 40 hexadecimal digits.
  public static boolean isCommit(String text) {
    return COMMIT.matcher(text).matches();
  }

  /// What people call it: `OWNER/NAME`.
  public String name() {
    return ModelFolders.fileName(folder).substring(PREFIX.length()).replace(BETWEEN, "/");
  }

  /// Its name without the owner.
  String shortName() {
    String name = ModelFolders.fileName(folder);
    return name.substring(Math.max(PREFIX.length(), name.lastIndexOf(BETWEEN) + BETWEEN.length()));
  }

  /// Contents, each under its hash.
  public Path blobs() {
    return folder.resolve("blobs");
  }

  /// One file a branch or tag.
  public Path refs() {
    return folder.resolve("refs");
  }

  /// One folder a commit.
  public Path snapshots() {
    return folder.resolve("snapshots");
  }

  /// The files of a commit.
  public Path snapshot(String commit) {
    return snapshots().resolve(commit);
  }

  /// The commit that a branch or tag is at, or null if it is not known here.
  ///
  /// @throws CheckpointException if its file cannot be read or holds something else
  public @Nullable String commit(String revision) {
    Path ref = refs().resolve(revision);
    return Files.isRegularFile(ref) ? read(ref) : null;
  }

  private static String read(Path ref) {
    try {
      String commit = Files.readString(ref, StandardCharsets.US_ASCII).strip();
      if (isCommit(commit)) {
        return commit;
      }
    } catch (IOException e) {
      throw new CheckpointException(
          ref.toString(), "cannot be read: " + CheckpointException.reason(e), e);
    }
    throw new CheckpointException(ref.toString(), "does not hold a commit of 40 digits");
  }
}
