package org.internvl4j.hub;

import java.util.List;
import org.internvl4j.loader.CachedRepository;
import org.internvl4j.loader.ModelName;

/// The wanted files of a model at one commit.
///
/// @param model with the revision that was asked for
/// @param commit where that revision is now
/// @param files in the order of the hub
public record Listing(ModelName model, String commit, List<ListedFile> files) {
  public Listing {
    if (!CachedRepository.isCommit(commit)) {
      throw new IllegalArgumentException("hub: '" + commit + "' is no commit of 40 digits");
    }
    files = List.copyOf(files);
  }

  /// Of all files together.
  public long bytes() {
    return files.stream().mapToLong(ListedFile::bytes).sum();
  }
}
