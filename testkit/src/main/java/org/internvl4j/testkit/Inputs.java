package org.internvl4j.testkit;

import java.util.Random;
import java.util.function.DoubleSupplier;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Seeded tensors on a device: the same seed and the same calls give the same values everywhere.
public final class Inputs {
  private final Random random;
  private final Workspace step;
  private final Workspace model;

  /// @param step where activations and results go
  /// @param model where weights and their copies go
  public Inputs(long seed, Workspace step, Workspace model) {
    this.random = new Random(seed);
    this.step = step;
    this.model = model;
  }

  /// The device that everything is on.
  public Device device() {
    return step.device();
  }

  /// The kernels of that device, for calls that [Tensor] has no method for.
  public Kernels kernels() {
    return device().kernels();
  }

  /// Normal deviates, in the device's dtype for activations.
  public Tensor activations(int... dims) {
    return of(step, device().activations(), random::nextGaussian, dims);
  }

  /// Uninitialised memory for a result.
  public Tensor result(DType dtype, int... dims) {
    return step.allocate(dtype, dims);
  }

  /// Columns `from … from + n − 1` of wider activations: rows with gaps between them.
  ///
  /// @param dims the last one is n
  public Tensor strided(int from, int gap, int... dims) {
    int[] wide = dims.clone();
    int last = dims.length - 1;
    wide[last] = from + dims[last] + gap;
    return activations(wide).narrow(last, from, dims[last]);
  }

  /// Normal deviates of another dtype, as activations or as data to convert.
  public Tensor data(DType dtype, int... dims) {
    return of(step, dtype, random::nextGaussian, dims);
  }

  /// Uniform in ±`bound`.
  public Tensor uniform(double bound, int... dims) {
    return of(step, DType.F32, () -> (2 * random.nextDouble() - 1) * bound, dims);
  }

  /// These numbers, in the device's dtype for activations.
  public Tensor values(float... values) {
    return step.of(values, values.length);
  }

  /// A weight as the device wants it, normal deviates rounded to `dtype`.
  public Tensor weight(DType dtype, Device.Role role, int... dims) {
    return weight(dtype, role, dtype, dims);
  }

  /// A weight as the device wants it, normal deviates rounded to `dtype`, kept as `keep`.
  public Tensor weight(DType dtype, Device.Role role, DType keep, int... dims) {
    return device().prepare(of(model, dtype, random::nextGaussian, dims), role, keep, model);
  }

  /// Ids below `bound`, i32.
  public Tensor ids(int bound, int count) {
    return step.of(random.ints(count, 0, bound).toArray(), count);
  }

  /// One number that kernels read from memory, `[1]` i32.
  public Tensor number(int value) {
    return step.of(new int[] {value}, 1);
  }

  private static Tensor of(Workspace where, DType dtype, DoubleSupplier source, int... dims) {
    float[] values = new float[Math.toIntExact(Shape.of(dims).size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) source.getAsDouble();
    }
    Tensor filled = where.of(values, dims);
    return dtype == DType.F32 ? filled : where.allocate(dtype, dims).copyFrom(filled);
  }
}
