package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;

/// A file of named tensors, which are used where they lie in the mapped file.
///
/// Immutable and safe for use by several threads until [#close], which unmaps the file.
public sealed interface TensorFile extends AutoCloseable permits SafeTensors, TorchFile {
  /// What messages call the file.
  String name();

  /// The names of all tensors, in the order of the file.
  Set<String> names();

  /// What the file says about a tensor.
  ///
  /// @throws CheckpointException if there is no such tensor, naming the nearest one
  TensorInfo info(String tensor);

  /// A tensor; read-only, without workspace.
  ///
  /// @param device the device whose kernels may read it; must read host memory as it is
  /// @throws CheckpointException if there is no such tensor, no kernel reads its dtype, or the file
  ///   has shrunk since it was opened
  /// @throws IllegalStateException after [#close]
  Tensor tensor(String tensor, Device device);

  /// The elements of a tensor in order, little-endian, read-only, whatever its dtype.
  ///
  /// @throws CheckpointException if there is no such tensor, or the file has shrunk since it was
  ///   opened
  /// @throws IllegalStateException after [#close]
  MemorySegment bytes(String tensor);

  /// Unmaps the file. Tensors of it must not be used afterwards.
  @Override
  void close();
}
