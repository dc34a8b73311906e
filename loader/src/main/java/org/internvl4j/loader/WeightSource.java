package org.internvl4j.loader;

import java.util.List;
import java.util.Set;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;

/// Tensors by the names that a model asks for: those of a checkpoint's files, or what is made of
/// them when it is asked for.
///
/// Layouts of other writers, quantised matrices and adapters are sources made of sources, so that a
/// model is written for one layout of plain numbers.
public interface WeightSource {
  /// All names.
  Set<String> names();

  /// Whether there is a tensor of this name.
  default boolean has(String name) {
    return names().contains(name);
  }

  /// Shape and dtype of a tensor as it is handed out, and how many bytes of files it is made of.
  ///
  /// @throws CheckpointException if there is none, naming the nearest
  SafeTensors.TensorInfo info(String name);

  /// A tensor in host memory: where it lies in its file, or made in `space`.
  ///
  /// @param device whose kernels will read it
  /// @throws CheckpointException if there is none, or what it is made of is wrong
  Tensor tensor(String name, Device device, Scratch space);

  /// The tensors of the checkpoint's files that one is made of; for most, the one of this name.
  List<String> stored(String name);
}
