package org.internvl4j.bench;

import java.nio.file.Path;

/// A language model that can be asked for one token at a time: ours, or a rival's.
///
/// Everything greedy, nothing of text: what is measured is a step of the network and the choice
/// after it. One thread at a time.
public interface Engine extends AutoCloseable {
  /// Name, version, threads, and dtypes of weights and activations, for the result.
  String description();

  /// Forgets everything, then reads a prompt in one go.
  ///
  /// @return the likeliest next token
  int prefill(int[] ids);

  /// Reads one more token.
  ///
  /// @return the likeliest next token
  int next(int id);

  /// Forgets all tokens from `length` on.
  void rewind(int length);

  /// Bytes of keys and values that are allocated; 0 if it does not say.
  long cacheBytes();

  @Override
  void close();

  /// Finds engines: `ServiceLoader` knows them.
  interface Provider {
    /// The benchmarks' parameter: `internvl4j`, `jlama`.
    String name();

    /// @param model a checkpoint in the shape of an InternVL; a rival takes its decoder
    /// @param weights how matrices are kept: `bf16`, `q8`, `q4`
    /// @param threads how many threads may compute
    /// @throws IllegalArgumentException if it has no such weights
    Engine open(Path model, String weights, int threads);
  }
}
