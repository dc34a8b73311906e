package org.internvl4j.bench;

import java.util.HashMap;
import java.util.Map;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.runtime.Blocks;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;

/// A checkpoint whose tower and projector hold what blocks of 8 bits keep of their matrices, as
/// f32: what `--weights q8` would do to them if it did.
final class RoundedTower {
  private RoundedTower() {}

  /// @param from a small one; read here, not closed
  /// @param device where its tensors are read
  /// @return in memory; the caller closes it, or hands it to a model
  static Checkpoint of(Checkpoint from, Device device) {
    Map<String, byte[]> files = new HashMap<>();
    for (String name : from.files()) {
      byte[] bytes = name.endsWith(".safetensors") ? null : from.file(name);
      if (bytes != null) {
        files.put(name, bytes);
      }
    }
    SafeTensorsWriter writer = new SafeTensorsWriter();
    for (String name : from.names()) {
      Tensor weight = from.tensor(name, device);
      int[] shape = weight.shape().toArray();
      if (isMatrix(name, shape)) {
        writer.add(name, rounded(weight.toFloats(), shape[0]), shape);
      } else {
        writer.add(name, weight.dtype(), weight.toFloats(), shape);
      }
    }
    files.put("model.safetensors", writer.toBytes());
    return Checkpoint.of(from.name(), files);
  }

  /// Linear layers, and the patches' filters.
  private static boolean isMatrix(String name, int[] shape) {
    return (name.startsWith("vision_model.") || name.startsWith("mlp1."))
        && (shape.length == 2 || shape.length == 4);
  }

  private static float[] rounded(float[] weights, int rows) {
    int columns = weights.length / rows;
    float[] row = new float[columns];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(weights, i * columns, row, 0, columns);
      Blocks.round(DType.Q8, row);
      System.arraycopy(row, 0, weights, i * columns, columns);
    }
    return weights;
  }
}
