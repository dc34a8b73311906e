package org.internvl4j.batch;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Rows to be worked through, always the same ones in the same order. One thread at a time.
public interface Input extends AutoCloseable {
  /// How many rows there are; −1 if that is not known before they were read.
  long size();

  /// Whether rows may ask questions of their own.
  default boolean asks() {
    return false;
  }

  /// The folder below which requests in OpenAI's form may name files, if the rows are such ones;
  /// else null.
  default @Nullable Path requestFolder() {
    return null;
  }

  /// The next row.
  ///
  /// @return null at the end
  /// @throws IOException if the rest cannot be read; a row that makes no sense is [Row.Unreadable]
  ///   instead
  @Nullable Row next() throws IOException;

  @Override
  void close() throws IOException;
}
