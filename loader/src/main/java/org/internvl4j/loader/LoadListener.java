package org.internvl4j.loader;

/// Hears how far the opening of a model is, on the thread that opens it.
@FunctionalInterface
public interface LoadListener {
  /// Hears nothing.
  LoadListener NONE = (_, _, _) -> {};

  /// What takes the time.
  enum Stage {
    /// Matrices are brought into the order that the device wants.
    PREPARING,
    /// Matrices that were prepared before are read and compared with their checksums.
    CHECKING
  }

  /// @param done bytes
  /// @param total bytes; reached at the end of each stage
  void progress(Stage stage, long done, long total);
}
