package org.internvl4j.bench;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Tolerance;

/// One kernel call as a real model makes it, with operands of seeded noise.
final class ModelShape {
  /// Rows of the result that are held against the reference: the reference is slow.
  static final int CHECKED_ROWS = 1;

  private interface Call {
    void run(int rows);
  }

  private final Tensor y;
  private final int rows;
  private final long flops;
  private final long bytes;
  private final Tolerance tolerance;
  private final Call call;

  private ModelShape(Tensor y, int rows, long flops, long bytes, Tolerance tolerance, Call call) {
    this.y = y;
    this.rows = rows;
    this.flops = flops;
    this.bytes = bytes;
    this.tolerance = tolerance;
    this.call = call;
  }

  static ModelShape named(String name, DType weights, Workspace w) {
    return switch (name) {
      case "qwen2-0.5b.mlp.decode" -> linear(w, weights, 1, 896, 4864);
      case "qwen2-0.5b.head.decode" -> linear(w, weights, 1, 896, 151_655);
      case "qwen2-0.5b.mlp.prefill" -> linear(w, weights, 504, 896, 4864);
      case "qwen2-0.5b.attention.decode" -> attention(w, 1, 2048, 14, 2, 64, Mask.causal(2047));
      case "qwen2-0.5b.attention.prefill" -> attention(w, 504, 504, 14, 2, 64, Mask.causal(0));
      case "vit-300m.fc1" -> linear(w, weights, 1025, 1024, 4096);
      case "vit-300m.attention" -> attention(w, 1025, 1025, 16, 16, 64, Mask.NONE);
      case "vit-300m.norm" -> norm(w, 1025, 1024);
      case "vit-300m.gelu" -> gelu(w, 1025, 4096);
      default -> throw new IllegalArgumentException("bench: no shape is called " + name);
    };
  }

  void run() {
    call.run(rows);
  }

  /// The first rows only, or queries in attention.
  void runRows(int some) {
    call.run(some);
  }

  long flops() {
    return flops;
  }

  /// Bytes of operands that have to be read.
  long bytes() {
    return bytes;
  }

  Tolerance tolerance() {
    return tolerance;
  }

  float[] result(int some) {
    return (y.rank() == 4 ? y.narrow(1, 0, some) : y.narrow(0, 0, some)).toFloats();
  }

  private static ModelShape linear(Workspace w, DType dtype, int rows, int in, int out) {
    Tensor x = noise(w, 1, rows, in);
    Device device = w.device();
    Tensor raw = w.allocate(dtype, out, in).copyFrom(noise(w, 2, out, in));
    Tensor weight = device.prepare(raw, Device.Role.MATRIX, w);
    Tensor y = w.activations(rows, out);
    Kernels kernels = device.kernels();
    return new ModelShape(
        y,
        rows,
        2L * rows * in * out,
        weight.shape().size() * dtype.bytes() + 4L * rows * in,
        Tolerance.sum(in, 2),
        some -> kernels.matMul(y.narrow(0, 0, some), x.narrow(0, 0, some), weight, null));
  }

  private static ModelShape attention(
      Workspace w, int queries, int keys, int heads, int kvHeads, int width, Mask mask) {
    Tensor q = noise(w, 1, 1, queries, heads, width);
    Tensor k = noise(w, 2, 1, keys, kvHeads, width);
    Tensor v = noise(w, 3, 1, keys, kvHeads, width);
    Tensor y = w.activations(1, queries, heads, width);
    Kernels kernels = w.device().kernels();
    long pairs = 0;
    for (int i = 0; i < queries; i++) {
      pairs += mask.visible(i, keys);
    }
    float scale = (float) (1 / Math.sqrt(width));
    return new ModelShape(
        y,
        queries,
        4L * pairs * heads * width,
        8L * keys * kvHeads * width,
        Tolerance.sum(keys + width, 40),
        some -> kernels.attention(y.narrow(1, 0, some), q.narrow(1, 0, some), k, v, mask, scale));
  }

  private static ModelShape norm(Workspace w, int rows, int width) {
    Tensor x = noise(w, 1, rows, width);
    Tensor weight = noise(w, 2, width);
    Tensor bias = noise(w, 3, width);
    Tensor y = w.activations(rows, width);
    Kernels kernels = w.device().kernels();
    return new ModelShape(
        y,
        rows,
        8L * rows * width,
        4L * rows * width,
        Tolerance.sum(width, 8),
        some -> kernels.layerNorm(y.narrow(0, 0, some), x.narrow(0, 0, some), weight, bias, 1e-6f));
  }

  private static ModelShape gelu(Workspace w, int rows, int width) {
    Tensor x = noise(w, 1, rows, width);
    Tensor y = w.activations(rows, width);
    Kernels kernels = w.device().kernels();
    return new ModelShape(
        y,
        rows,
        40L * rows * width,
        4L * rows * width,
        Tolerance.chain(12),
        some -> kernels.gelu(y.narrow(0, 0, some), x.narrow(0, 0, some)));
  }

  private static Tensor noise(Workspace w, long seed, int... dims) {
    Random random = new Random(seed);
    Tensor t = w.allocate(DType.F32, dims);
    float[] values = new float[Math.toIntExact(t.shape().size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    t.fromHost(MemorySegment.ofArray(values));
    return t;
  }
}
