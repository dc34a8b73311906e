package org.internvl4j.models;

import java.util.EnumMap;
import java.util.Map;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.runtime.Blocks;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// A device that reads no weight: it counts what the CPU would keep of them. Weights of it have
/// shapes, and numbers that mean nothing.
final class ShapesDevice implements Device {
  private final Device host = Devices.open(host(), 1);
  private final Memory nothing = host.allocate(1, "shapes");
  private final Map<WeightFormat, Long> bytes = new EnumMap<>(WeightFormat.class);

  /// What the weights prepared so far take on the CPU by each format: matrices packed, vectors as
  /// f32, tables where they lie. Those that were to be kept in blocks are what formats differ in.
  Map<WeightFormat, Long> bytes() {
    return bytes;
  }

  /// What copies positions about: plain loops, which are quicker than the reference's.
  private static String host() {
    boolean isThere = Devices.providers().stream().anyMatch(p -> p.name().equals("plain"));
    return isThere ? "plain" : "reference";
  }

  private void add(WeightFormat format, long more) {
    bytes.merge(format, more, Long::sum);
  }

  /// A matrix that has a shape and nothing else.
  Tensor outline(Shape shape, DType stored, DType keep) {
    for (WeightFormat format : WeightFormat.values()) {
      DType dtype = keep.isBlocks() ? format.keep(stored) : keep;
      add(format, shape.dim(0) * rowBytes(dtype, shape.dim(1)));
    }
    return Tensor.packed(nothing, 0, 0, stored, shape, this);
  }

  @Override
  public Tensor prepare(Tensor weight, Role role, DType keep, Workspace model) {
    if (role == Role.MATRIX) {
      return outline(weight.shape(), weight.dtype(), keep);
    }
    int each = role == Role.VECTOR ? Float.BYTES : weight.dtype().bytes();
    for (WeightFormat format : WeightFormat.values()) {
      add(format, weight.shape().size() * each);
    }
    return role == Role.TABLE ? weight : model.allocate(DType.F32, weight.shape().toArray());
  }

  private static long rowBytes(DType keep, int in) {
    int blocks = Math.ceilDiv(in, Blocks.LENGTH);
    return switch (keep) {
      case Q8 -> blocks * (2L + Blocks.LENGTH);
      case Q4 -> blocks * (2L + Blocks.LENGTH / 2);
      case BF16 -> 2L * in;
      case F32, F16 -> 4L * in; // f16 is widened
      case I8, U8, I32, I64 -> throw new AssertionError(keep);
    };
  }

  @Override
  public String name() {
    return "shapes";
  }

  @Override
  public String description() {
    return "shapes: no weight is read";
  }

  @Override
  public Kernels kernels() {
    return host.kernels();
  }

  @Override
  public DType activations() {
    return host.activations();
  }

  @Override
  public Memory allocate(long size, String owner) {
    return host.allocate(size, owner);
  }

  @Override
  public @Nullable String packing() {
    return null;
  }

  @Override
  public Runnable record(Runnable step) {
    return host.record(step);
  }

  @Override
  public void synchronize() {
    host.synchronize();
  }

  @Override
  public void close() {
    nothing.close();
    host.close();
  }
}
