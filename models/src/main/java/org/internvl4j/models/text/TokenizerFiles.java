package org.internvl4j.models.text;

import org.jspecify.annotations.Nullable;

/// The files of a checkpoint, by name.
@FunctionalInterface
public interface TokenizerFiles {
  /// The content of the file `name`, such as `tokenizer.json`; null if there is none.
  byte @Nullable [] read(String name);
}
