package org.internvl4j.testkit;

import static org.internvl4j.runtime.DType.BF16;
import static org.internvl4j.runtime.DType.F16;
import static org.internvl4j.runtime.DType.F32;
import static org.internvl4j.runtime.DType.Q4;
import static org.internvl4j.runtime.DType.Q8;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.Tensor;

/// What every device must compute: each kernel with lengths of 1, one below and above a multiple of
/// every vector's lanes, and a real model's; each dtype of weights; rows with gaps between them.
public final class KernelCases {
  static final int[] LENGTHS = {1, 3, 7, 15, 16, 17, 31, 32, 33, 63, 65, 130, 896, 1023};
  static final List<DType> WEIGHTS = List.of(F32, BF16, F16);

  private final List<KernelCase> cases = new ArrayList<>();

  private KernelCases() {}

  /// All of them, in a fixed order, names unique.
  public static List<KernelCase> all() {
    KernelCases all = new KernelCases();
    all.copies();
    all.elementwise();
    all.functions();
    all.rows();
    all.dots();
    all.matrices();
    all.cases.addAll(AttentionCases.all());
    all.rope();
    all.cases.addAll(DecodingCases.all());
    all.rearrangements();
    all.pictures();
    return List.copyOf(all.cases);
  }

  private void add(String name, Tolerance tolerance, KernelCase.Body body) {
    cases.add(new KernelCase(name, tolerance, body));
  }

  private void copies() {
    for (DType from : WEIGHTS) {
      for (DType to : WEIGHTS) {
        add(
            "copy [3, 37] " + from + " to " + to,
            Tolerance.exact(),
            in -> in.result(to, 3, 37).copyFrom(in.data(from, 3, 37)));
      }
    }
    add(
        "copy transposed [5, 7, 33] f32",
        Tolerance.exact(),
        in -> in.result(F32, 7, 5, 33).copyFrom(in.activations(5, 7, 33).transpose(0, 1)));
    add(
        "copy innermost transposed [9, 70] f32 to bf16",
        Tolerance.exact(),
        in -> in.result(BF16, 70, 9).copyFrom(in.activations(9, 70).transpose(0, 1)));
    add(
        "copy into a view [4, 3, 16] f32",
        Tolerance.exact(),
        in -> {
          Tensor cache = in.activations(3, 9, 16);
          cache.narrow(1, 2, 4).transpose(0, 1).copyFrom(in.activations(4, 3, 16));
          return cache;
        });
    add(
        "copy [600, 101] f32, more than one piece",
        Tolerance.exact(),
        in -> in.result(F32, 600, 101).copyFrom(in.activations(600, 101)));
    add("copy [50] i32", Tolerance.exact(), in -> in.result(DType.I32, 50).copyFrom(in.ids(9, 50)));
  }

  private void elementwise() {
    for (int n : LENGTHS) {
      add(
          "add [3, " + n + "]",
          Tolerance.exact(),
          in -> in.activations(3, n).add(in.activations(3, n)));
      add(
          "mul [3, " + n + "]",
          Tolerance.exact(),
          in -> in.activations(3, n).mul(in.activations(3, n)));
      add(
          "add [3, " + n + "] + bf16 vector",
          Tolerance.exact(),
          in -> in.activations(3, n).add(in.weight(BF16, Role.VECTOR, n)));
      add(
          "mul [2, 3, " + n + "] with gaps · vector",
          Tolerance.exact(),
          in -> in.strided(1, 2, 2, 3, n).mul(in.weight(F32, Role.VECTOR, n)));
    }
    add(
        "add [4, 5, 24] + table [5, 24]",
        Tolerance.exact(),
        in -> in.activations(4, 5, 24).add(in.weight(BF16, Role.VECTOR, 1, 5, 24)));
    add(
        "add [4, 33] with gaps + [4, 33] with gaps",
        Tolerance.exact(),
        in -> in.strided(0, 3, 4, 33).add(in.strided(2, 0, 4, 33)));
    add(
        "mul [7, 50] · [1]",
        Tolerance.exact(),
        in -> in.activations(7, 50).mul(in.weight(F32, Role.VECTOR, 1)));
    add(
        "mul [3, 4, 33] transposed · vector",
        Tolerance.exact(),
        in -> in.activations(4, 3, 33).transpose(0, 1).mul(in.weight(F32, Role.VECTOR, 33)));
    add(
        "add [40, 1025] in place",
        Tolerance.exact(),
        in -> {
          Tensor x = in.activations(40, 1025);
          in.kernels().add(x, x, in.activations(40, 1025));
          return x;
        });
    add("add [0, 8]", Tolerance.exact(), in -> in.activations(0, 8).add(in.activations(8)));
  }

  /// exp takes two roundings and a polynomial good to two more; silu divides by a sum of it, gelu
  /// multiplies it by another polynomial.
  private void functions() {
    float[] special = {
      0f,
      -0f,
      1e-30f,
      -1e-30f,
      5.5f,
      -5.5f,
      20,
      -20,
      89,
      -89,
      1e4f,
      -1e4f,
      Float.MAX_VALUE,
      Float.NaN,
      1,
      2,
      3
    };
    for (int n : LENGTHS) {
      add("gelu [3, " + n + "]", Tolerance.chain(12), in -> in.uniform(7, 3, n).gelu());
      add("silu [3, " + n + "]", Tolerance.chain(6), in -> in.uniform(20, 3, n).silu());
      add(
          "swiGlu [3, " + n + "]",
          Tolerance.chain(7),
          in -> in.activations(3, n).swiGlu(in.activations(3, n)));
    }
    add("gelu of special values", Tolerance.chain(12), in -> in.values(special).gelu());
    add("silu of special values", Tolerance.chain(6), in -> in.values(special).silu());
    add("gelu [9, 45] with gaps", Tolerance.chain(12), in -> in.strided(3, 1, 9, 45).gelu());
    add(
        "swiGlu of the halves of [5, 2·70]",
        Tolerance.chain(7),
        in -> {
          Tensor both = in.activations(5, 140);
          return both.narrow(1, 0, 70).swiGlu(both.narrow(1, 70, 70));
        });
    add(
        "gelu [60, 1025] in place",
        Tolerance.chain(12),
        in -> {
          Tensor x = in.activations(60, 1025);
          in.kernels().gelu(x, x);
          return x;
        });
  }

  private void rows() {
    for (int n : LENGTHS) {
      add("softmax [3, " + n + "]", Tolerance.sum(n, 8), in -> in.uniform(9, 3, n).softmax());
      add(
          "layerNorm [3, " + n + "]",
          Tolerance.sum(n, 8),
          in ->
              in.activations(3, n)
                  .layerNorm(
                      in.weight(BF16, Role.VECTOR, n), in.weight(BF16, Role.VECTOR, n), 1e-6f));
      add(
          "rmsNorm [3, " + n + "]",
          Tolerance.sum(n, 6),
          in -> in.activations(3, n).rmsNorm(in.weight(BF16, Role.VECTOR, n), 1e-6f));
    }
    for (int n : new int[] {1, 7, 33, 130, 896, 4300}) {
      add(
          "qkRmsNorm of two thirds of [2, 3, 3·" + n + "]",
          Tolerance.sum(n, 6),
          in -> {
            Tensor qkv = in.copy(in.activations(2, 3, 3 * n));
            qkv.narrow(2, 0, n)
                .qkRmsNorm(
                    qkv.narrow(2, n, n),
                    in.weight(BF16, Role.VECTOR, n),
                    in.weight(BF16, Role.VECTOR, n),
                    1e-6f);
            return qkv;
          });
    }
    add(
        "qkRmsNorm [2, 3, 64], rows of keys further apart",
        Tolerance.sum(64, 6),
        in -> {
          Tensor q = in.copy(in.activations(2, 3, 72)).narrow(2, 1, 64);
          Tensor k = in.copy(in.activations(2, 3, 88)).narrow(2, 3, 64);
          q.qkRmsNorm(k, in.weight(F32, Role.VECTOR, 64), in.weight(F32, Role.VECTOR, 64), 1e-6f);
          return q.contiguous().add(k);
        });
    add(
        "rmsNorm [2, 5, 96] with gaps",
        Tolerance.sum(96, 6),
        in -> in.strided(0, 200, 2, 5, 96).rmsNorm(in.weight(F32, Role.VECTOR, 96), 1e-6f));
    add(
        "layerNorm [64, 1024], mean 100 times the deviation",
        Tolerance.sum(1024, 400),
        in ->
            in.activations(64, 1024)
                .add(in.values(100))
                .layerNorm(
                    in.weight(F32, Role.VECTOR, 1024), in.weight(F32, Role.VECTOR, 1024), 1e-6f));
    add(
        "layerNorm [2, 9001]",
        Tolerance.sum(9001, 8),
        in ->
            in.activations(2, 9001)
                .layerNorm(
                    in.weight(F32, Role.VECTOR, 9001), in.weight(F32, Role.VECTOR, 9001), 1e-6f));
    add(
        "rmsNorm [2, 9001]",
        Tolerance.sum(9001, 6),
        in -> in.activations(2, 9001).rmsNorm(in.weight(F32, Role.VECTOR, 9001), 1e-6f));
    add("softmax [2, 9001]", Tolerance.sum(9001, 8), in -> in.uniform(9, 2, 9001).softmax());
    add(
        "softmax [3, 77] of what has no exponential",
        Tolerance.sum(77, 300),
        in -> in.uniform(300, 3, 77).softmax());
    add("softmax [130, 77]", Tolerance.sum(77, 8), in -> in.uniform(60, 130, 77).softmax());
  }

  private void dots() {
    for (int n : LENGTHS) {
      add(
          "dot [5, " + n + "]",
          Tolerance.sum(n, 2),
          in -> in.activations(5, n).dot(in.weight(F32, Role.VECTOR, n)));
    }
    add(
        "dot [2000, 768]: more rows than a worker's",
        Tolerance.sum(768, 2),
        in -> in.activations(2000, 768).dot(in.weight(F32, Role.VECTOR, 768)));
    add(
        "dot [4, 9001]",
        Tolerance.sum(9001, 2),
        in -> in.activations(4, 9001).dot(in.weight(F32, Role.VECTOR, 9001)));
    add(
        "dot [7, 151] with gaps",
        Tolerance.sum(151, 2),
        in -> in.strided(3, 7, 7, 151).dot(in.weight(F32, Role.VECTOR, 151)));
    add("dot [0, 8]", Tolerance.exact(), in -> in.activations(0, 8).dot(in.values(new float[8])));
  }

  /// @param s N, h, w, C
  private void shuffled(int[] s, boolean byColumns) {
    int n = 4 * s[3];
    String name =
        "pixelShuffleLayerNorm [%d, %d, %d, %d] by %s"
            .formatted(s[0], s[1], s[2], s[3], byColumns ? "columns" : "lines");
    add(
        name,
        Tolerance.sum(n, 8),
        in ->
            in.activations(s[0], s[1], s[2], s[3])
                .pixelShuffleLayerNorm(
                    in.weight(BF16, Role.VECTOR, n),
                    in.weight(BF16, Role.VECTOR, n),
                    1e-5f,
                    byColumns));
    add(
        name + ", less one after the other",
        Tolerance.exact(),
        in -> {
          Tensor x = in.activations(s[0], s[1], s[2], s[3]);
          Tensor weight = in.weight(BF16, Role.VECTOR, n);
          Tensor bias = in.weight(BF16, Role.VECTOR, n);
          Tensor cells = x.pixelShuffle();
          Tensor y =
              (byColumns ? cells.transpose(1, 2).contiguous() : cells)
                  .layerNorm(weight, bias, 1e-5f);
          return x.pixelShuffleLayerNorm(weight, bias, 1e-5f, byColumns)
              .add(y.view(s[0], s[1] * s[2] / 4, n).mul(in.values(-1)));
        });
  }

  private void matrices() {
    int[][] sizes = {{1, 1}, {3, 5}, {31, 33}, {32, 64}, {33, 31}, {64, 67}, {160, 96}, {588, 70}};
    for (DType dtype : WEIGHTS) {
      for (int[] size : sizes) {
        for (int rows : new int[] {1, 2, 7, 13, 64, 77}) {
          matMul(rows, size[0], size[1], dtype, rows % 2 == 0);
        }
      }
      matMul(1, 1100, 300, dtype, true);
      matMul(127, 1100, 100, dtype, true);
      add(
          "matMul [2, 39, 70] with gaps, " + dtype + " [41, 70]",
          Tolerance.sum(70, 2),
          in -> in.strided(1, 5, 2, 39, 70).matMul(in.weight(dtype, Role.MATRIX, 41, 70), null));
    }
    add(
        "matMul [6, 20, 64] transposed, bf16 [48, 64]",
        Tolerance.sum(64, 2),
        in ->
            in.activations(20, 6, 64)
                .transpose(0, 1)
                .matMul(in.weight(BF16, Role.MATRIX, 48, 64), in.weight(BF16, Role.VECTOR, 48)));
    add(
        "matMul [300, 130], bf16 [9, 130]: fewer columns than a panel",
        Tolerance.sum(130, 2),
        in -> in.activations(300, 130).matMul(in.weight(BF16, Role.MATRIX, 9, 130), null));
    add(
        "matMul [2070, 33], bf16 [40, 33]: more rows than are laid out together",
        Tolerance.sum(33, 2),
        in ->
            in.activations(2070, 33)
                .matMul(in.weight(BF16, Role.MATRIX, 40, 33), in.weight(BF16, Role.VECTOR, 40)));
    blocks();
    for (int rows : new int[] {1, 5, 70}) {
      fused(rows, 130, 65);
      fused(rows, 33, 31);
    }
    matMul(150, 456, 136, BF16, true);
    fused(150, 192, 200);
    for (int rows : new int[] {9, 16, 17, 33, 64}) {
      matMul(rows, 1096, 70, BF16, true);
      fused(rows, 520, 41);
    }
    matMul(12, 40, 65, BF16, false);
    normalised();
  }

  private void blocks() {
    int[][] sizes = {{1, 1}, {31, 33}, {32, 64}, {33, 31}, {64, 67}, {130, 9}, {896, 70}};
    for (int[] size : sizes) {
      int in = size[0];
      int out = size[1];
      for (int rows : new int[] {1, 2, 6, 8, 9, 70}) {
        String sizesText = " [" + rows + ", " + in + "], bf16 kept as %s [" + out + ", " + in + "]";
        add(
            "matMul" + sizesText.formatted(Q8),
            Tolerance.roundedFactor(in, 1),
            inputs ->
                inputs
                    .activations(rows, in)
                    .matMul(
                        inputs.weight(BF16, Role.MATRIX, Q8, out, in),
                        inputs.weight(BF16, Role.VECTOR, out)));
        add(
            "matMul" + sizesText.formatted(Q4),
            Tolerance.roundedFactor(in, 1),
            inputs ->
                inputs
                    .activations(rows, in)
                    .matMul(inputs.weight(BF16, Role.MATRIX, Q4, out, in), null));
      }
      for (DType keep : List.of(F32, BF16, F16, Q8, Q4)) {
        DType stored = keep.isBlocks() ? BF16 : keep;
        add(
            "copy of a matrix " + stored + " kept as " + keep + " [" + out + ", " + in + "]",
            Tolerance.exact(),
            inputs ->
                inputs
                    .result(F32, out, in)
                    .copyFrom(inputs.weight(stored, Role.MATRIX, keep, out, in)));
      }
    }
    for (DType keep : List.of(Q8, Q4)) {
      for (int rows : new int[] {1, 7, 20}) {
        add(
            "matMulSwiGlu [" + rows + ", 130], bf16 kept as " + keep + " [300, 130]",
            Tolerance.roundedFactor(4 * 130, 2),
            inputs ->
                inputs
                    .activations(rows, 130)
                    .matMulSwiGlu(
                        inputs.weight(BF16, Role.MATRIX, keep, 300, 130),
                        inputs.weight(BF16, Role.MATRIX, keep, 300, 130)));
      }
    }
  }

  private void fused(int rows, int in, int out) {
    String sizes = " [" + rows + ", " + in + "], bf16 [" + out + ", " + in + "]";
    add(
        "matMulGelu" + sizes,
        Tolerance.sum(in, 12),
        inputs ->
            inputs
                .activations(rows, in)
                .matMulGelu(
                    inputs.weight(BF16, Role.MATRIX, out, in),
                    inputs.weight(BF16, Role.VECTOR, out)));
    add(
        "matMulAdd" + sizes,
        Tolerance.sum(in, 3),
        inputs ->
            inputs
                .activations(rows, in)
                .matMulAdd(
                    inputs.weight(BF16, Role.MATRIX, out, in),
                    inputs.weight(BF16, Role.VECTOR, out),
                    inputs.weight(BF16, Role.VECTOR, out),
                    inputs.activations(rows, out)));
    add(
        "matMulAdd without bias and scale" + sizes,
        Tolerance.sum(in, 2),
        inputs ->
            inputs
                .activations(rows, in)
                .matMulAdd(
                    inputs.weight(BF16, Role.MATRIX, out, in),
                    null,
                    null,
                    inputs.activations(rows, out)));
    add(
        "matMulAdd in place" + sizes,
        Tolerance.sum(in, 3),
        inputs ->
            inputs
                .activations(rows, out)
                .addMatMul(
                    inputs.activations(rows, in),
                    inputs.weight(BF16, Role.MATRIX, out, in),
                    inputs.weight(BF16, Role.VECTOR, out),
                    inputs.weight(BF16, Role.VECTOR, out)));
    add(
        "matMulSwiGlu" + sizes,
        Tolerance.sum(4 * in, 12),
        inputs ->
            inputs
                .activations(rows, in)
                .matMulSwiGlu(
                    inputs.weight(BF16, Role.MATRIX, out, in),
                    inputs.weight(BF16, Role.MATRIX, out, in)));
  }

  /// The norm's relative error, of a sum of squares and four roundings, is added to that of each
  /// product of two numbers.
  private void normalised() {
    int[][] sizes = {{1, 1, 1}, {3, 5, 9}, {1, 130, 65}, {2, 33, 31}, {4, 520, 41}, {8, 72, 70}};
    for (int[] size : sizes) {
      normalised(size[0], size[1], size[2]);
    }
    normalised(1, 896, 43);
    normalised(2, 4300, 41); // squares are summed by more threads than a block of the product has
    normalised(7, 4300, 41); // more than shared memory is taken for
    normalised(20, 96, 70);
    normalised(1, 40, 4300); // more columns than there are warps at once
    add(
        "rmsNormMatMul [2, 3, 64] with gaps, bf16 [41, 64]",
        Tolerance.sum(64, 10),
        in ->
            in.strided(1, 5, 2, 3, 64)
                .rmsNormMatMul(
                    in.weight(BF16, Role.VECTOR, 64),
                    1e-6f,
                    in.weight(BF16, Role.MATRIX, 41, 64),
                    null));
  }

  private void normalised(int rows, int in, int out) {
    String sizes = " [" + rows + ", " + in + "], bf16 [" + out + ", " + in + "]";
    add(
        "rmsNormMatMul" + sizes,
        Tolerance.sum(in, 10),
        inputs ->
            inputs
                .activations(rows, in)
                .rmsNormMatMul(
                    inputs.weight(BF16, Role.VECTOR, in),
                    1e-6f,
                    inputs.weight(BF16, Role.MATRIX, out, in),
                    inputs.weight(BF16, Role.VECTOR, out)));
    add(
        "rmsNormMatMulSwiGlu" + sizes,
        Tolerance.sum(4 * in, 20),
        inputs ->
            inputs
                .activations(rows, in)
                .rmsNormMatMulSwiGlu(
                    inputs.weight(BF16, Role.VECTOR, in),
                    1e-6f,
                    inputs.weight(BF16, Role.MATRIX, out, in),
                    inputs.weight(BF16, Role.MATRIX, out, in)));
  }

  private void matMul(int rows, int in, int out, DType dtype, boolean bias) {
    add(
        "matMul ["
            + rows
            + ", "
            + in
            + "], "
            + dtype
            + " ["
            + out
            + ", "
            + in
            + "]"
            + (bias ? " + bias" : ""),
        Tolerance.sum(in, 2),
        inputs ->
            inputs
                .activations(rows, in)
                .matMul(
                    inputs.weight(dtype, Role.MATRIX, out, in),
                    bias ? inputs.weight(dtype, Role.VECTOR, out) : null));
  }

  private void rope() {
    for (int half : new int[] {1, 7, 8, 16, 17, 32, 48, 64}) {
      add(
          "rope [5, 3, " + 2 * half + "]",
          Tolerance.chain(4),
          in ->
              in.activations(5, 3, 2 * half).rope(in.uniform(1, 5, half), in.uniform(1, 5, half)));
    }
    add(
        "rope [6, 2, 32], a part of wider rows, angles 3 … 8 of 20",
        Tolerance.chain(4),
        in ->
            in.strided(0, 64, 6, 64)
                .view(6, 2, 32)
                .rope(
                    in.uniform(1, 20, 16).narrow(0, 3, 6), in.uniform(1, 20, 16).narrow(0, 3, 6)));
  }

  private void rearrangements() {
    for (DType dtype : WEIGHTS) {
      add(
          "gather 9 of " + dtype + " [50, 37]",
          Tolerance.exact(),
          in -> in.ids(50, 9).gather(in.weight(dtype, Role.TABLE, 50, 37)));
    }
    add(
        "patches of 14 of [2, 3, 56, 56]",
        Tolerance.exact(),
        in -> in.activations(2, 3, 56, 56).patches(14));
    add(
        "patches of 7 of f32 [1, 3, 28, 28]",
        Tolerance.exact(),
        in -> in.data(F32, 1, 3, 28, 28).patches(7));
    add(
        "patches of 3 of a part of [1, 3, 6, 8]",
        Tolerance.exact(),
        in -> in.strided(1, 1, 1, 3, 6, 6).patches(3));
    for (int[] s : new int[][] {{1, 2, 2, 1}, {2, 4, 6, 33}, {1, 8, 8, 64}}) {
      add(
          "pixelShuffle [%d, %d, %d, %d]".formatted(s[0], s[1], s[2], s[3]),
          Tolerance.exact(),
          in -> in.activations(s[0], s[1], s[2], s[3]).pixelShuffle());
    }
    add(
        "pixelShuffle of tokens 1 … of [2, 17, 24]",
        Tolerance.exact(),
        in -> in.activations(2, 17, 24).narrow(1, 1, 16).view(2, 4, 4, 24).pixelShuffle());
    for (int[] s : new int[][] {{1, 2, 2, 1}, {2, 4, 6, 33}, {1, 8, 8, 64}, {1, 2, 4, 1024}}) {
      shuffled(s, false);
      shuffled(s, true);
    }
    add(
        "pixelShuffleLayerNorm of tokens 1 … of [2, 17, 24]",
        Tolerance.sum(4 * 24, 8),
        in ->
            in.activations(2, 17, 24)
                .narrow(1, 1, 16)
                .view(2, 4, 4, 24)
                .pixelShuffleLayerNorm(
                    in.weight(BF16, Role.VECTOR, 96),
                    in.weight(BF16, Role.VECTOR, 96),
                    1e-5f,
                    false));
    for (int[] s : new int[][] {{4, 4, 4, 4}, {4, 4, 9, 3}, {16, 16, 8, 10}, {1, 1, 3, 2}}) {
      add(
          "resizeBicubic %d × %d to %d × %d".formatted(s[0], s[1], s[2], s[3]),
          Tolerance.chain(1),
          in -> in.data(F32, s[0], s[1], 11).resizeBicubic(s[2], s[3]));
    }
  }

  /// Height and width before, height and width after, weights a sample.
  private void pictures() {
    for (int[] s : new int[][] {{1, 1, 4, 4, 1}, {9, 30, 8, 12, 5}, {5, 7, 24, 36, 4}}) {
      String name = "%d × %d to %d × %d".formatted(s[0], s[1], s[2], s[3]);
      add(
          "resizeRows " + name,
          Tolerance.exact(),
          in -> in.pixels(s[0], s[1]).resizeRows(in.taps(s[1], s[3], s[4])));
      add(
          "imageTiles " + name,
          Tolerance.exact(),
          in ->
              in.pixels(s[0], s[3]).imageTiles(in.taps(s[0], s[2], s[4]), in.data(F32, 3, 256), 4));
    }
  }
}
