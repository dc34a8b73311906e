package org.internvl4j.batch;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A row of an [Input].
///
/// Immutable.
public sealed interface Row {
  /// What it is called in the output. Two rows may have the same.
  String id();

  /// Pictures, and what to do with them if it is not what is done with all.
  ///
  /// @param prompt what is asked; null for the task's own question
  record Item(String id, List<PictureSource> pictures, @Nullable String prompt) implements Row {
    public Item {
      pictures = List.copyOf(pictures);
    }

    /// A picture.
    public static Item of(String id, PictureSource picture) {
      return new Item(id, List.of(picture), null);
    }
  }

  /// A row that could not be understood; it gets an error for an outcome.
  record Unreadable(String id, Outcome.Failed why) implements Row {}
}
