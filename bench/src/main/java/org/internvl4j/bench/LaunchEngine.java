package org.internvl4j.bench;

/// Whoever launches one small kernel of a GPU again and again: this project's binding of the
/// driver, or a rival's. One thread.
public interface LaunchEngine extends AutoCloseable {
  /// Floats that the kernel adds: one block.
  int COLUMNS = 256;

  /// Name and version of the binding, and the GPU.
  String description();

  /// Queues `y = a + b`, where element `i` of `a` is `i` and of `b` is 1.
  void launch();

  /// Waits until all that was launched has run.
  void synchronize();

  /// `y`.
  float[] result();

  @Override
  void close();

  /// Finds engines: `ServiceLoader` knows them.
  interface Provider {
    /// The benchmark's parameter: `internvl4j`, `jcuda`.
    String name();

    /// @throws org.internvl4j.runtime.DeviceException if there is no GPU and no stand-in for one
    LaunchEngine open();
  }
}
