package org.internvl4j.hub;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.internvl4j.loader.CheckpointException;

/// Which files of a repository are pulled, and which names are none at all.
///
/// Weights are taken from the top folder alone: a checkpoint has none elsewhere, and what lies in
/// folders are the same weights in other forms.
final class WantedFiles {
  private static final List<String> SMALL = List.of(".json", ".txt", ".jinja");
  private static final List<String> PICKLES = List.of(".bin", ".pth");
  private static final Set<String> NAMED = Set.of("tokenizer.model", "README.md");
  private static final String WEIGHTS = ".safetensors";
  private static final String LICENCE = "LICENSE";
  private static final int MAX_LENGTH = 1000; // characters of a name with its folders

  private WantedFiles() {}

  /// Whether a file is wanted; code never is.
  static boolean isWanted(String path, PullOptions options) {
    String name = path.substring(path.lastIndexOf('/') + 1);
    if (name.endsWith(".py")) {
      return false;
    }
    boolean top = name.length() == path.length();
    boolean weights =
        name.endsWith(WEIGHTS) || (options.pickles() && PICKLES.stream().anyMatch(name::endsWith));
    return (top && weights)
        || SMALL.stream().anyMatch(name::endsWith)
        || NAMED.contains(name)
        || name.startsWith(LICENCE);
  }

  /// Names come from the hub, where anybody may have written them.
  ///
  /// @throws CheckpointException if a file of this name could lie anywhere but in its model's
  ///   folder
  static void requireInside(String path, String model) {
    if (!isInside(path)) {
      throw new CheckpointException(
          model, "lists a file '" + path + "', whose name may lead out of its folder; not pulled");
    }
  }

  /// Whether a name stays in its folder, on any system.
  static boolean isInside(String path) {
    return path.length() <= MAX_LENGTH
        && Arrays.stream(path.split("/", -1)).allMatch(WantedFiles::isPlain);
  }

  private static boolean isPlain(String part) {
    return !part.isEmpty()
        && !part.equals(".")
        && !part.equals("..")
        && !part.toLowerCase(Locale.ROOT).equals(".git")
        && part.chars().noneMatch(c -> c == '\\' || c == ':' || Character.isISOControl(c));
  }
}
