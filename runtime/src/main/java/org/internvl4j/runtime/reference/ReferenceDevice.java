package org.internvl4j.runtime.reference;

import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// The meaning of every kernel: plain loops on one thread, sums in double, weights as they are
/// stored.
final class ReferenceDevice implements Device {
  private final Kernels kernels = new ReferenceKernels();

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public String description() {
    return "reference: plain loops, one thread";
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public DType activations() {
    return DType.F32;
  }

  @Override
  public Memory allocate(long bytes, String owner) {
    return Memory.host(bytes, owner);
  }

  @Override
  public Tensor prepare(Tensor weight, Role role, Workspace model) {
    return role == Role.VECTOR && weight.dtype() != DType.F32
        ? model.allocate(DType.F32, weight.shape().toArray()).copyFrom(weight)
        : weight;
  }

  @Override
  public void synchronize() {}

  @Override
  public void close() {}
}
