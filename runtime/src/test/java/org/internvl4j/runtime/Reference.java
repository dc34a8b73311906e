package org.internvl4j.runtime;

import org.internvl4j.runtime.reference.ReferenceProvider;

/// A reference device and a workspace on it, for tests.
final class Reference implements AutoCloseable {
  final Device device = new ReferenceProvider().open(1);
  final Workspace step = new Workspace(device, "session 1");

  /// `[dims]` with the elements 0, 1, 2, …
  Tensor counting(int... dims) {
    float[] values = new float[(int) Shape.of(dims).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    return step.of(values, dims);
  }

  @Override
  public void close() {
    step.close();
    device.close();
  }
}
