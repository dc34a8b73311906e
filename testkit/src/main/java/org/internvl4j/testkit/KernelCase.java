package org.internvl4j.testkit;

import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// One kernel on one set of shapes, dtypes and strides; runs on any device.
///
/// @param name kernel, shapes and dtypes in words
/// @param tolerance how far from the reference a device may lie
/// @param body makes the inputs and returns the result
public record KernelCase(String name, Tolerance tolerance, Body body) {
  /// Makes inputs and computes.
  public interface Body {
    Tensor run(Inputs in);
  }

  /// The result on `device`, row-major.
  public float[] run(Device device) {
    return run(device, false);
  }

  /// The result on `device`, row-major.
  ///
  /// @param rounded whether inputs have values that bf16 holds; see [Inputs]
  public float[] run(Device device, boolean rounded) {
    try (Workspace step = new Workspace(device, "kernel case");
        Workspace model = new Workspace(device, "kernel case weights")) {
      return body.run(new Inputs(name.hashCode(), step, model, rounded)).toFloats();
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
