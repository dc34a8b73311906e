package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Keeps matrices in an order of its own: all bytes turned and back to front, half of them for
/// blocks. Counts how often it was asked to.
final class PackingDevice implements Device {
  static final String PACKING = "turned-3.1";

  private final Device device = Fixtures.DEVICE;
  int prepared;

  @Override
  public String name() {
    return "packing";
  }

  @Override
  public String description() {
    return device.description();
  }

  @Override
  public Kernels kernels() {
    return device.kernels();
  }

  @Override
  public DType activations() {
    return device.activations();
  }

  @Override
  public Memory allocate(long bytes, String owner) {
    return device.allocate(bytes, owner);
  }

  @Override
  public String packing() {
    return PACKING;
  }

  @Override
  public Tensor prepare(Tensor weight, Role role, DType keep, Workspace model) {
    if (role != Role.MATRIX) {
      return device.prepare(weight, role, keep, model);
    }
    prepared++;
    byte[] packed = pack(bytes(weight), keep);
    Tensor tensor = model.allocatePacked(keep, weight.shape(), packed.length);
    MemorySegment.copy(
        packed, 0, tensor.segment(), ValueLayout.JAVA_BYTE, tensor.byteOffset(), packed.length);
    return tensor;
  }

  /// What the packed form of these stored bytes is.
  static byte[] pack(byte[] stored, DType keep) {
    byte[] packed = new byte[keep.isBlocks() ? (stored.length + 1) / 2 : stored.length];
    for (int i = 0; i < packed.length; i++) {
      packed[i] = (byte) ~stored[stored.length - 1 - i];
    }
    return packed;
  }

  /// The bytes of a contiguous or packed tensor.
  static byte[] bytes(Tensor tensor) {
    return tensor
        .segment()
        .asSlice(tensor.byteOffset(), tensor.byteSize())
        .toArray(ValueLayout.JAVA_BYTE);
  }

  @Override
  public Runnable record(Runnable step) {
    return device.record(step);
  }

  @Override
  public void synchronize() {}

  @Override
  public void close() {}
}
