package org.internvl4j.testkit;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Seeded tensors on a device: the same seed and the same calls give the same values everywhere.
public final class Inputs {
  private final Random random;
  private final Workspace step;
  private final Workspace model;
  private final boolean rounded;

  /// @param step where activations and results go
  /// @param model where weights and their copies go
  public Inputs(long seed, Workspace step, Workspace model) {
    this(seed, step, model, false);
  }

  /// @param rounded whether activations, matrices and tables have values that bf16 holds, for a
  ///   device that keeps them as such and the one that it is compared with
  public Inputs(long seed, Workspace step, Workspace model, boolean rounded) {
    this.random = new Random(seed);
    this.step = step;
    this.model = model;
    this.rounded = rounded;
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
    return of(
        step, device().activations(), rounded ? this::roundedGaussian : random::nextGaussian, dims);
  }

  /// Uninitialised memory for a result.
  public Tensor result(DType dtype, int... dims) {
    return step.allocate(dtype, dims);
  }

  /// The same values in memory of their own, which a case may overwrite each time it is run.
  public Tensor copy(Tensor x) {
    return result(x.dtype(), x.shape().toArray()).copyFrom(x);
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
    boolean exact = !rounded || role == Device.Role.VECTOR;
    DoubleSupplier source = exact ? random::nextGaussian : this::roundedGaussian;
    return device().prepare(stored(dtype, source, dims), role, keep, model);
  }

  /// These numbers, i32.
  public Tensor numbers(int... numbers) {
    return step.of(numbers, numbers.length);
  }

  /// Ids below `bound`, i32.
  public Tensor ids(int bound, int count) {
    return step.of(random.ints(count, 0, bound).toArray(), count);
  }

  /// 8-bit pixels, `[height, width, 3]` u8.
  public Tensor pixels(int height, int width) {
    byte[] bytes = new byte[3 * height * width];
    random.nextBytes(bytes);
    Tensor pixels = step.allocate(DType.U8, height, width, 3);
    pixels.fromHost(MemorySegment.ofArray(bytes));
    return pixels;
  }

  /// Where each of `out` samples begins among `in`, and weights of 22 fraction bits, which make
  /// some samples too large and some negative.
  public Tensor taps(int in, int out, int count) {
    int[] taps = new int[out * (1 + count)];
    for (int i = 0; i < taps.length; i++) {
      taps[i] =
          i % (1 + count) == 0
              ? random.nextInt(in - count + 1)
              : random.nextInt(-(1 << 21), 3 << 21) / count;
    }
    return step.of(taps, out, 1 + count);
  }

  /// One number that kernels read from memory, `[1]` i32.
  public Tensor number(int value) {
    return step.of(new int[] {value}, 1);
  }

  private double roundedGaussian() {
    return Elements.bf16ToFloat(Elements.floatToBf16((float) random.nextGaussian()));
  }

  /// In memory of this process, as a checkpoint's.
  private Tensor stored(DType dtype, DoubleSupplier source, int... dims) {
    int count = Math.toIntExact(Shape.of(dims).size());
    MemorySegment bytes = Arena.ofAuto().allocate(Math.max(1, (long) count * dtype.bytes()), 64);
    for (int i = 0; i < count; i++) {
      float value = (float) source.getAsDouble();
      Elements.setAt(bytes, dtype, (long) i * dtype.bytes(), value);
    }
    return Tensor.of(Memory.wrap(bytes, "a test"), dtype, Shape.of(dims), device());
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
