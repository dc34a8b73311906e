package org.internvl4j.bench;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Tolerance;

/// One kernel on one shape, with operands of seeded noise.
///
/// @param y what it writes
/// @param rows of `y`; queries in attention
/// @param flops of a call, a fused multiply-add being two
/// @param bytes that a call has to read and write at least
/// @param tolerance how far it may be from the reference
/// @param variants how many sets of weights it has: a call that runs alone would find its weights
///   in a cache, where a whole model never finds them
/// @param body computes the first rows, with one set of weights
record KernelCall(
    Tensor y, int rows, long flops, long bytes, Tolerance tolerance, int variants, Body body) {
  /// Rows of the result that are held against the reference: the reference is slow.
  static final int CHECKED_ROWS = 1;

  /// Rounds rows for products with bf16 weights.
  private static final String ACTIVATIONS = "internvl4j.activations";

  /// Larger than any cache of the machines in question, small enough to be made in a second.
  private static final long OUT_OF_CACHE = 256L << 20;

  /// So many rows use each weight so often that it does not matter where it comes from.
  private static final int MANY = 64;

  private static final int CHUNK = 1 << 20;
  private static final float REACH = (float) Math.sqrt(3); // uniform in ±√3: variance 1

  /// What is measured.
  @FunctionalInterface
  interface Body {
    void run(int rows, int variant);
  }

  /// A product of `x` `[rows, in]` with one matrix `[out, in]`.
  @FunctionalInterface
  interface Product {
    void run(Kernels kernels, Tensor y, Tensor x, Tensor weight);
  }

  void run(int variant) {
    body.run(rows, variant);
  }

  /// The first rows, as they were computed last.
  float[] result(int some) {
    return (y.rank() == 4 ? y.narrow(1, 0, some) : y.narrow(0, 0, some)).toFloats();
  }

  /// Whether memory, not arithmetic, is what such a call waits for.
  boolean isBoundByMemory() {
    return flops < 8 * bytes;
  }

  /// @param afterwards floating-point operations on each element of the product
  static KernelCall product(
      Workspace w, DType keep, int rows, int in, int out, int afterwards, Product product) {
    Kernels kernels = w.device().kernels();
    Tensor x = activations(w, rows, in);
    Tensor[] weights = weights(w, keep, rows, in, out, 1);
    Tensor y = w.activations(rows, out);
    return new KernelCall(
        y,
        rows,
        (2L * in + afterwards) * rows * out,
        weights[0].byteSize() + 4L * rows * (in + out),
        tolerance(keep, in, 1),
        weights.length,
        (some, variant) ->
            product.run(kernels, y.narrow(0, 0, some), x.narrow(0, 0, some), weights[variant]));
  }

  /// Gate and up at once.
  static KernelCall swiGlu(Workspace w, DType keep, int rows, int in, int out) {
    Kernels kernels = w.device().kernels();
    Tensor x = activations(w, rows, in);
    Tensor[] weights = weights(w, keep, rows, in, out, 2);
    Tensor y = w.activations(rows, out);
    return new KernelCall(
        y,
        rows,
        (4L * in + 26) * rows * out,
        2 * weights[0].byteSize() + 4L * rows * (in + out),
        tolerance(keep, 2 * in, 2),
        weights.length / 2,
        (some, v) ->
            kernels.matMulSwiGlu(
                y.narrow(0, 0, some), x.narrow(0, 0, some), weights[2 * v], weights[2 * v + 1]));
  }

  /// A device may round activations to meet weights in blocks, and those to bf16 that are asked
  /// for.
  ///
  /// @param sums that are multiplied with each other
  private static Tolerance tolerance(DType keep, int terms, int sums) {
    if (keep.isBlocks()) {
      return Tolerance.roundedFactor(terms, sums);
    }
    return keep == DType.BF16 ? bf16Tolerance(terms, 40, sums) : Tolerance.sum(terms, 40);
  }

  /// Of products with bf16 weights, whose rows may be rounded to bf16, too. That changes a number
  /// by up to 2⁻⁸ of it, twice what [Tolerance#chainOfBf16] counts for a rounding.
  ///
  /// @param roundings of floats
  /// @param products one behind the other
  static Tolerance bf16Tolerance(int terms, int roundings, int products) {
    return "bf16".equals(System.getProperty(ACTIVATIONS))
        ? Tolerance.chainOfBf16(2 * products)
        : Tolerance.sum(terms, roundings);
  }

  private static Tensor[] weights(
      Workspace w, DType keep, int rows, int in, int out, int together) {
    DType stored = keep.isBlocks() ? DType.BF16 : keep;
    long bytes = (long) in * out * together * (keep == DType.Q4 ? 1 : keep == DType.Q8 ? 2 : 4) / 2;
    boolean measured = w.device().packing() != null; // the reference only says what is right, once
    int copies = rows >= MANY || !measured ? 1 : Math.toIntExact(1 + OUT_OF_CACHE / bytes);
    Tensor raw = w.allocate(stored, out, in).copyFrom(matrix(w, out, in));
    Tensor[] weights = new Tensor[copies * together];
    weights[0] = w.device().prepare(raw, Device.Role.MATRIX, keep, w);
    for (int i = 1; i < weights.length; i++) {
      weights[i] = measured ? copy(w, weights[0]) : weights[0];
    }
    return weights;
  }

  /// A packed matrix once more: packing it again would take a hundred times as long.
  private static Tensor copy(Workspace w, Tensor packed) {
    long bytes = packed.byteSize();
    Tensor copy = w.allocatePacked(packed.dtype(), packed.shape(), bytes);
    MemorySegment.copy(
        packed.segment(), packed.byteOffset(), copy.segment(), copy.byteOffset(), bytes);
    return copy;
  }

  /// A kernel that reads and writes every element some times.
  ///
  /// @param body computes the first rows
  static KernelCall of(
      Tensor y, int rows, long flops, long bytes, Tolerance tolerance, IntConsumer body) {
    return new KernelCall(
        y, rows, flops, bytes, tolerance, 1, (some, variant) -> body.accept(some));
  }

  /// What a product multiplies.
  static Tensor activations(Workspace w, int rows, int in) {
    return noise(w, 1, rows, in);
  }

  /// What a product multiplies with, before it is rounded and prepared.
  static Tensor matrix(Workspace w, int out, int in) {
    return noise(w, 2, out, in);
  }

  /// f32, uniform with mean 0 and variance 1.
  static Tensor noise(Workspace w, long seed, int... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    Tensor t = w.allocate(DType.F32, dims);
    long size = t.shape().size();
    Tensor flat = t.view(Math.toIntExact(size));
    for (long at = 0; at < size; at += CHUNK) {
      float[] values = new float[(int) Math.min(CHUNK, size - at)];
      for (int i = 0; i < values.length; i += 2) { // two values a draw
        long bits = random.nextLong();
        values[i] = (int) bits * 0x1p-31f * REACH;
        if (i + 1 < values.length) {
          values[i + 1] = (int) (bits >> 32) * 0x1p-31f * REACH;
        }
      }
      flat.narrow(0, (int) at, values.length).fromHost(MemorySegment.ofArray(values));
    }
    return t;
  }
}
