package org.internvl4j.bench;

import org.internvl4j.runtime.DType;

/// Whoever computes one product again and again: this project's kernel, or a rival's.
///
/// One thread at a time calls it; it may compute on more.
public interface ProductEngine extends AutoCloseable {
  /// Name, version, threads, and dtypes of weights and activations, for the result.
  String description();

  /// Bytes that a call has to read and write at least.
  long bytes();

  /// Computes all rows.
  void run();

  /// The first row, as it was computed last.
  float[] firstRow();

  @Override
  void close();

  /// Finds engines: `ServiceLoader` knows them.
  interface Provider {
    /// The benchmark's parameter: `internvl4j`, `onnxruntime`.
    String name();

    /// @param weights what the matrix is kept as
    /// @param threads how many threads may compute
    /// @throws IllegalArgumentException if it has no such weights
    ProductEngine open(ProductShape shape, DType weights, int threads);
  }
}
