package org.internvl4j.runtime.reference;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Blocks;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// The meaning of every kernel: plain loops on one thread, sums in double, weights as they are
/// stored; of blocks, the weights that they keep.
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
  public Tensor prepare(Tensor weight, Role role, DType keep, Workspace model) {
    return switch (role) {
      case VECTOR -> weight.dtype() == DType.F32 ? weight : widened(weight, model);
      case MATRIX -> keep.isBlocks() ? rounded(weight, keep, model) : weight;
      case TABLE -> weight;
    };
  }

  private static Tensor widened(Tensor weight, Workspace model) {
    return model.allocate(DType.F32, weight.shape().toArray()).copyFrom(weight);
  }

  private static Tensor rounded(Tensor weight, DType keep, Workspace model) {
    Tensor rounded = widened(weight, model);
    for (int i = 0; i < weight.dim(0); i++) {
      Tensor row = rounded.select(0, i);
      float[] values = row.toFloats();
      Blocks.round(keep, values);
      row.fromHost(MemorySegment.ofArray(values));
    }
    return rounded;
  }

  @Override
  public @Nullable String packing() {
    return null;
  }

  @Override
  public Runnable record(Runnable step) {
    step.run();
    return step;
  }

  @Override
  public void synchronize() {}

  @Override
  public void close() {}
}
