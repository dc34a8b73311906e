package org.internvl4j.models.heads;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.TensorFile;
import org.internvl4j.loader.TorchFile;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;

/// Heads that PyTorch saved, and what it made of random features (`heads/make.py` in the test
/// resources).
public final class HeadFiles {
  private static final Device REFERENCE = Devices.open("reference", 1);

  private HeadFiles() {}

  /// Values and the shape that they have.
  public record Values(float[] values, int... shape) {}

  /// `probe.pth`, `linear.pth`, `upernet.pth`, `golden.safetensors`.
  public static Path file(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(HeadFiles.class.getResource("/heads/" + name), name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  public static Values golden(String name) {
    try (SafeTensors golden = SafeTensors.open(file("golden.safetensors"))) {
      return values(golden, name);
    }
  }

  private static Values values(TensorFile file, String name) {
    Tensor t = file.tensor(name, REFERENCE);
    return new Values(t.toFloats(), t.shape().toArray());
  }

  /// The weights of a head; whole numbers, which nobody needs, are left out.
  public static Map<String, Values> weights(String head) {
    Map<String, Values> weights = new TreeMap<>();
    try (TorchFile file = TorchFile.open(file(head))) {
      for (String name : file.names()) {
        if (!file.info(name).dtype().equals("I64")) {
          weights.put(name, values(file, name));
        }
      }
    }
    return weights;
  }

  /// Writes a head as safetensors.
  public static Path write(Map<String, Values> weights, Path file) {
    SafeTensorsWriter writer = new SafeTensorsWriter();
    weights.forEach((name, w) -> writer.add(name, w.values, w.shape));
    try {
      return Files.write(file, writer.toBytes());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
