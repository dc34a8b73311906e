package org.internvl4j.bench.gpu;

import org.internvl4j.loader.SafeTensors;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// One set of a case's operands on the device: tensors `CASE/NAME` of a file.
///
/// @param host reads the file as it lies in memory
/// @param w where they go
record Operands(SafeTensors file, String prefix, Device host, Workspace w) {
  /// The device whose tensors lie in this process.
  static Device hostDevice() {
    return Devices.open("reference", 1);
  }

  boolean has(String name) {
    return file.names().contains(prefix + "/" + name);
  }

  /// Bytes of all of them.
  long byteSize() {
    return file.names().stream()
        .filter(n -> n.startsWith(prefix + "/"))
        .mapToLong(n -> file.info(n).bytes())
        .sum();
  }

  /// An activation, an index, or what is written: as it is stored.
  Tensor get(String name) {
    Tensor stored = stored(name);
    Tensor t = w.allocate(stored.dtype(), stored.shape().toArray());
    t.fromHost(stored.segment().asSlice(stored.byteOffset(), stored.byteSize()));
    return t;
  }

  Tensor matrix(String name) {
    return w.device().prepare(stored(name), Role.MATRIX, w);
  }

  Tensor table(String name) {
    return w.device().prepare(stored(name), Role.TABLE, w);
  }

  Tensor vector(String name) {
    return w.device().prepare(stored(name), Role.VECTOR, w);
  }

  /// A vector that a case may lack.
  @Nullable Tensor vectorOrNull(String name) {
    return has(name) ? vector(name) : null;
  }

  private Tensor stored(String name) {
    return file.tensor(prefix + "/" + name, host);
  }
}
