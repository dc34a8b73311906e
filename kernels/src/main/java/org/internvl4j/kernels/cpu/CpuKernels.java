package org.internvl4j.kernels.cpu;

import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Places;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// The kernels with the Vector API and with machine code, one file each.
final class CpuKernels implements Kernels {
  private static final Copy.Stretch STRETCH = Elementwise.EMITTED ? Copy::emitted : Copy::stretch;

  private final Pool pool;

  CpuKernels(Pool pool) {
    this.pool = pool;
  }

  @Override
  public void copy(Tensor y, Tensor x) {
    Copy.run(pool, y, x, STRETCH);
  }

  @Override
  public void add(Tensor y, Tensor a, Tensor b) {
    Rows.requireF32("add", y, a, b);
    Add.run(pool, y, a, b);
  }

  @Override
  public void mul(Tensor y, Tensor a, Tensor b) {
    Rows.requireF32("mul", y, a, b);
    Mul.run(pool, y, a, b);
  }

  @Override
  public void gelu(Tensor y, Tensor x) {
    Rows.requireF32("gelu", y, x);
    Gelu.run(pool, y, x);
  }

  @Override
  public void silu(Tensor y, Tensor x) {
    Rows.requireF32("silu", y, x);
    Silu.run(pool, y, x);
  }

  @Override
  public void swiGlu(Tensor y, Tensor gate, Tensor up) {
    Rows.requireF32("swiGlu", y, gate, up);
    SwiGlu.run(pool, y, gate, up);
  }

  @Override
  public void softmax(Tensor y, Tensor x) {
    Rows.requireF32("softmax", y, x);
    Softmax.run(pool, y, x);
  }

  @Override
  public void argMax(Tensor y, Tensor x) {
    Rows.requireF32("argMax", x);
    ArgMax.run(pool, y, x);
  }

  @Override
  public void dot(Tensor y, Tensor x, Tensor vector) {
    Rows.requireF32("dot", y, x, vector);
    Dot.run(pool, y, x, vector);
  }

  @Override
  public void sample(
      Tensor y, Tensor x, Tensor guesses, Tensor options, Tensor draws, Tensor said) {
    Rows.requireF32("sample", x);
    Sample.run(pool, y, x, guesses, options, draws, said);
  }

  @Override
  public void layerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float eps) {
    Rows.requireF32("layerNorm", y, x, weight, bias);
    LayerNorm.run(pool, y, x, weight, bias, eps);
  }

  @Override
  public void rmsNorm(Tensor y, Tensor x, Tensor weight, float eps) {
    Rows.requireF32("rmsNorm", y, x, weight);
    RmsNorm.run(pool, y, x, weight, eps);
  }

  @Override
  public void matMul(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    Rows.requireF32("matMul", y, x);
    MatMul.run(pool, y, x, weight, bias);
  }

  @Override
  public void matMulGelu(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    Rows.requireF32("matMulGelu", y, x);
    MatMul.gelu(pool, y, x, weight, bias);
  }

  @Override
  public void matMulAdd(
      Tensor y,
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor scale,
      Tensor residual) {
    Rows.requireF32("matMulAdd", y, x, residual);
    MatMul.add(pool, y, x, weight, bias, scale, residual);
  }

  @Override
  public void matMulSwiGlu(Tensor y, Tensor x, Tensor gate, Tensor up) {
    Rows.requireF32("matMulSwiGlu", y, x);
    MatMul.swiGlu(pool, y, x, gate, up);
  }

  @Override
  public void attention(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    Rows.requireF32("attention", y, q, k, v);
    Attention.run(pool, new Heads(y, q, k, v, mask, scale));
  }

  @Override
  public void attentionPaged(Tensor y, Tensor q, Pages past, Mask mask, float scale) {
    Rows.requireF32("attentionPaged", y, q, past.keys());
    Attention.run(pool, Heads.paged(y, q, past, mask, scale));
  }

  @Override
  public void rope(Tensor y, Tensor x, Tensor cos, Tensor sin) {
    Rows.requireF32("rope", y, x);
    Rope.rotation(cos, sin).run(pool, y, x);
  }

  @Override
  public void gather(Tensor y, Tensor table, Tensor ids) {
    Gather.run(pool, y, table, ids, STRETCH);
  }

  @Override
  public void putRows(Tensor table, Tensor x, Tensor at) {
    PutRows.run(pool, table, x, at);
  }

  @Override
  public void advance(Tensor at, int by) {
    Advance.run(pool, at, by);
  }

  @Override
  public void ropeAppend(Tensor y, Pages past, Tensor q, Tensor k, Tensor v, Places places) {
    Rows.requireF32("ropeAppend", y, past.keys(), q, k, v);
    RopeAppend.run(pool, y, past, q, k, v, places, Rope.rotation(places.cos(), places.sin()));
  }

  @Override
  public void patches(Tensor y, Tensor x, int patch) {
    Patches.run(pool, y, x, patch);
  }

  @Override
  public void pixelShuffle(Tensor y, Tensor x) {
    PixelShuffle.run(pool, y, x);
  }

  @Override
  public void resizeBicubic(Tensor y, Tensor x) {
    ResizeBicubic.run(pool, y, x);
  }

  @Override
  public void resizeRows(Tensor y, Tensor x, Tensor taps) {
    ImageTiles.resizeRows(pool, y, x, taps);
  }

  @Override
  public void imageTiles(Tensor y, Tensor x, Tensor taps, Tensor values) {
    ImageTiles.run(pool, y, x, taps, values);
  }
}
