package org.internvl4j.hub;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/// A model in a cache.
///
/// @param name `OWNER/NAME`
/// @param folder `models--OWNER--NAME`
/// @param bytes of all its revisions, what they share counted once
/// @param unfinished bytes of files that are not whole, with their holes
/// @param revisions the newest first
public record CachedModel(
    String name, Path folder, long bytes, long unfinished, List<Revision> revisions) {
  /// A commit of it.
  ///
  /// @param refs branches and tags that are at it
  /// @param folder its files
  /// @param bytes of its files
  /// @param modified when it came here
  /// @param whole whether all of its links lead to files
  public record Revision(
      String commit, List<String> refs, Path folder, long bytes, Instant modified, boolean whole) {}
}
