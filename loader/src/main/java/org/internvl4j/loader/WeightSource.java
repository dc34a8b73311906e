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

  /// Shape, dtype and size of a tensor as it is handed out.
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

  /// How a tensor's numbers are made of what is stored, where the files do not say it alone: two
  /// readings of the same files are two matrices. Empty where they are as they are stored.
  default String reading(String name) {
    return "";
  }

  /// What is to be added to the products of a matrix, whose numbers [#tensor] gives without it.
  default List<LowRank> beside(String name) {
    return List.of();
  }

  /// Bytes of all tensors together, as they are handed out.
  default long tensorBytes() {
    return names().stream().mapToLong(tensor -> info(tensor).bytes()).sum();
  }
}
