package org.internvl4j.kernels.cpu;

import java.util.Arrays;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.OnnxCase;
import org.internvl4j.testkit.Tolerance;

/// ONNX operators by our kernels: a view or a copy before, one kernel, a view or a copy behind.
final class OnnxOperators {
  private final OnnxCase c;
  private final SafeTensors file;
  private final Workspace step;

  OnnxOperators(OnnxCase c, SafeTensors file, Workspace step) {
    this.c = c;
    this.file = file;
    this.step = step;
  }

  /// The suite computes in f32 itself, so both sides err.
  static Tolerance tolerance(OnnxCase c) {
    return switch (c.op()) {
      case "SpaceToDepth" -> Tolerance.exact();
      case "Gelu", "Swish", "RotaryEmbedding" -> Tolerance.chain(12);
      case "Attention" -> Tolerance.sum(64, 40);
      default -> Tolerance.sum(64, 16);
    };
  }

  private Tensor input(int i) {
    Tensor stored = file.tensor(c.name() + "/" + c.inputs().get(i), step.device());
    Tensor x = step.allocate(stored.dtype(), stored.shape().toArray());
    x.fromHost(stored.toHost());
    return x;
  }

  Tensor run() {
    return switch (c.op()) {
      case "Attention" -> attention();
      case "Gelu" -> input(0).gelu();
      case "Gemm" -> gemm();
      case "LayerNormalization" -> layerNorm();
      case "MatMul" -> matMul(input(0), input(1));
      case "RMSNormalization" -> rmsNorm();
      case "RotaryEmbedding" -> rotaryEmbedding();
      case "Softmax" -> softmax();
      case "SpaceToDepth" -> spaceToDepth();
      case "Swish" -> input(0).silu();
      default -> throw new AssertionError(c.op() + " is not mapped");
    };
  }

  // ---- attention

  /// Keys and values after those of the past; items of a batch that have lengths of their own, one
  /// by one.
  private Tensor attention() {
    boolean flat = input(0).rank() == 3;
    Tensor q = heads(input(0), c.integer("q_num_heads", 0));
    Tensor k = heads(input(1), c.integer("kv_num_heads", 0));
    Tensor v = heads(input(2), c.integer("kv_num_heads", 0));
    int past = 0;
    if (c.has(4)) {
      past = input(4).dim(2);
      k = concat(heads(input(4), 0), k);
      v = concat(heads(input(5), 0), v);
    }
    Tensor y = c.has(6) ? lengths(q, k, v, input(6).toFloats()) : attend(q, k, v, past);
    return flat ? y.view(y.dim(0), y.dim(1), y.dim(2) * y.dim(3)) : y.transpose(1, 2);
  }

  private Tensor lengths(Tensor q, Tensor k, Tensor v, float[] lengths) {
    Tensor y = step.activations(q.shape().toArray());
    for (int n = 0; n < lengths.length; n++) {
      int keys = (int) lengths[n];
      Tensor item =
          attend(
              q.narrow(0, n, 1),
              k.narrow(0, n, 1).narrow(1, 0, keys),
              v.narrow(0, n, 1).narrow(1, 0, keys),
              keys - q.dim(1));
      y.narrow(0, n, 1).copyFrom(item);
    }
    return y;
  }

  private Tensor attend(Tensor q, Tensor k, Tensor v, int past) {
    Mask mask = c.integer("is_causal", 0) == 1 ? Mask.causal(past) : Mask.NONE;
    return q.attention(k, v, mask, (float) c.number("scale", 1 / Math.sqrt(q.dim(3))));
  }

  /// `[N, T, H·D]` or `[N, H, T, D]` as `[N, T, H, D]`.
  private static Tensor heads(Tensor x, int heads) {
    return x.rank() == 3 ? x.view(x.dim(0), x.dim(1), heads, x.dim(2) / heads) : x.transpose(1, 2);
  }

  private Tensor concat(Tensor a, Tensor b) {
    Tensor both = step.activations(a.dim(0), a.dim(1) + b.dim(1), a.dim(2), a.dim(3));
    both.narrow(1, 0, a.dim(1)).copyFrom(a);
    both.narrow(1, a.dim(1), b.dim(1)).copyFrom(b);
    return both;
  }

  private Tensor rotaryEmbedding() {
    int heads = c.integer("num_heads", 0);
    boolean flat = input(0).rank() == 3;
    Tensor x = heads(input(0), heads);
    int n = x.dim(0);
    int t = x.dim(1);
    int width = c.integer("rotary_embedding_dim", 0) == 0 ? x.dim(3) : 2 * input(1).dim(-1);
    Tensor y = step.activations(x.shape().toArray()).copyFrom(x);
    for (int i = 0; i < n; i++) {
      Tensor cos = c.has(3) ? positions(input(1), i, t) : input(1).select(0, i);
      Tensor sin = c.has(3) ? positions(input(2), i, t) : input(2).select(0, i);
      Tensor part = y.select(0, i).narrow(2, 0, width);
      part.copyFrom(x.select(0, i).narrow(2, 0, width).rope(cos, sin));
    }
    return flat ? y.view(n, t, x.dim(2) * x.dim(3)) : y.transpose(1, 2);
  }

  private Tensor positions(Tensor table, int item, int tokens) {
    float[] ids = input(3).toFloats();
    int[] mine = new int[tokens];
    for (int i = 0; i < tokens; i++) {
      mine[i] = (int) ids[item * tokens + i];
    }
    return step.of(mine, tokens).gather(table);
  }

  // ---- products

  /// `weight` of a linear layer is `[out, in]`, an ONNX operand `[in, out]`.
  private Tensor transposed(Tensor b) {
    return step.activations(b.dim(1), b.dim(0)).copyFrom(b.transpose(0, 1));
  }

  private Tensor matrix(Tensor b) {
    return step.device().prepare(b, Device.Role.MATRIX, step);
  }

  private Tensor gemm() {
    Tensor a = c.integer("transA", 0) == 1 ? transposed(input(0)) : input(0);
    Tensor b = c.integer("transB", 0) == 1 ? input(1) : transposed(input(1));
    Tensor y =
        a.matMul(matrix(b), null).mul(step.of(new float[] {(float) c.number("alpha", 1)}, 1));
    if (!c.has(2)) {
      return y;
    }
    return y.add(input(2).mul(step.of(new float[] {(float) c.number("beta", 1)}, 1)));
  }

  /// NumPy's rules: a vector is a row or a column, outer dimensions of 1 repeat.
  private Tensor matMul(Tensor a, Tensor b) {
    Tensor left = a.rank() == 1 ? a.view(1, a.dim(0)) : a;
    Tensor right = b.rank() == 1 ? b.view(b.dim(0), 1) : b;
    int rank = Math.max(left.rank(), right.rank());
    left = padded(left, rank);
    right = padded(right, rank);
    int[] dims = new int[rank];
    for (int i = 0; i < rank - 2; i++) {
      dims[i] = Math.max(left.dim(i), right.dim(i));
    }
    dims[rank - 2] = left.dim(-2);
    dims[rank - 1] = right.dim(-1);
    Tensor y = step.activations(dims);
    multiply(y, left, right);
    return y;
  }

  private void multiply(Tensor y, Tensor a, Tensor b) {
    if (y.rank() == 2) {
      y.copyFrom(a.matMul(matrix(transposed(b)), null));
      return;
    }
    for (int i = 0; i < y.dim(0); i++) {
      multiply(
          y.select(0, i),
          a.select(0, Math.min(i, a.dim(0) - 1)),
          b.select(0, Math.min(i, b.dim(0) - 1)));
    }
  }

  private static Tensor padded(Tensor x, int rank) {
    int[] dims = new int[rank];
    Arrays.fill(dims, 1);
    System.arraycopy(x.shape().toArray(), 0, dims, rank - x.rank(), x.rank());
    return x.view(dims);
  }

  // ---- rows

  private Tensor rows(Tensor x) {
    int axis = Math.floorMod(c.integer("axis", -1), x.rank());
    int rows = 1;
    for (int i = 0; i < axis; i++) {
      rows *= x.dim(i);
    }
    return x.view(rows, (int) (x.shape().size() / rows));
  }

  private Tensor layerNorm() {
    Tensor x = rows(input(0));
    float eps = (float) c.number("epsilon", 1e-5);
    return x.layerNorm(input(1).view(x.dim(1)), input(2).view(x.dim(1)), eps);
  }

  private Tensor rmsNorm() {
    Tensor x = rows(input(0));
    return x.rmsNorm(input(1).view(x.dim(1)), (float) c.number("epsilon", 1e-5));
  }

  private Tensor softmax() {
    Tensor x = input(0);
    int axis = Math.floorMod(c.integer("axis", -1), x.rank());
    int last = x.rank() - 1;
    return x.transpose(axis, last).contiguous().softmax().transpose(axis, last);
  }

  /// Channels last, two by two, channels first again.
  private Tensor spaceToDepth() {
    Tensor x = input(0);
    return x.transpose(1, 2)
        .transpose(2, 3)
        .contiguous()
        .pixelShuffle()
        .transpose(2, 3)
        .transpose(1, 2);
  }
}
