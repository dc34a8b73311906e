package org.internvl4j.kernels.cuda;

import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Places;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// Launch geometry: one method a kernel of `cuda-src`, whose files state what each expects.
final class CudaKernels implements Kernels, AutoCloseable {
  private static final int BLOCK = 256; // threads, where a file says no other number
  private static final int APPENDED = 16; // sequences that rope_append takes at most
  private static final int ROW_BLOCK = 1024; // threads for a row, at most
  static final int NORM_BLOCK = 512;

  private final CudaDevice device;
  private final MatMul products;
  private final Attention attention;

  /// @param cublasLt null where own kernels compute all products
  CudaKernels(CudaDevice device, @Nullable CublasLt cublasLt) {
    this.device = device;
    this.products = new MatMul(device, cublasLt);
    this.attention = new Attention(device);
  }

  // ---- element by element

  @Override
  public void copy(Tensor y, Tensor x) {
    if (y.shape().size() == 0) {
      return;
    }
    synchronized (device) {
      if (y.dtype() == x.dtype() && CudaWeights.isDense(y) && CudaWeights.isDense(x)) {
        device.copy(at(y), at(x), y.byteSize());
        return;
      }
      Strided s = Strided.of(y, x);
      CudaKernel kernel = device.kernel("copy", Strided.entry("copy", y, x));
      s.addTo(kernel.add(at(y)).add(at(x)));
      kernel.launch(blocks(s.size()), BLOCK);
    }
  }

  @Override
  public void putRows(Tensor table, Tensor x, Tensor at) {
    if (x.shape().size() == 0) {
      return;
    }
    synchronized (device) {
      Strided s = Strided.of(table, x);
      CudaKernel kernel = device.kernel("put_rows", Strided.entry("put_rows", table, x));
      s.addTo(kernel.add(at(table)).add(at(x))).add(at(at)).add(table.stride(0));
      kernel.launch(blocks(s.size()), BLOCK);
    }
  }

  @Override
  public void add(Tensor y, Tensor a, Tensor b) {
    zip("add", y, a, b);
  }

  @Override
  public void mul(Tensor y, Tensor a, Tensor b) {
    zip("mul", y, a, b);
  }

  @Override
  public void swiGlu(Tensor y, Tensor gate, Tensor up) {
    zip("swi_glu", y, gate, up);
  }

  @Override
  public void gelu(Tensor y, Tensor x) {
    map("gelu", y, x);
  }

  @Override
  public void silu(Tensor y, Tensor x) {
    map("silu", y, x);
  }

  private void map(String name, Tensor y, Tensor x) {
    Rows rows = Rows.flat(x, y);
    synchronized (device) {
      CudaKernel kernel = device.kernel(name, entry(name, y));
      rows.add(kernel, 1, at(y));
      rows.add(kernel, 0, at(x)).add(rows.columns());
      kernel.launch(rows.pieces(y.dtype()), BLOCK);
    }
  }

  private void zip(String name, Tensor y, Tensor a, Tensor b) {
    String dtypes = "_" + a.dtype() + (a.dtype() == b.dtype() ? "" : "_" + b.dtype());
    boolean alike = a.shape().equals(b.shape());
    Rows rows = alike ? Rows.flat(a, y, b) : Rows.of(a, y);
    synchronized (device) {
      CudaKernel kernel = device.kernel(name, name + (alike ? "" : "_repeated") + dtypes);
      rows.add(kernel, 1, at(y));
      rows.add(kernel, 0, at(a));
      if (alike) {
        rows.add(kernel, 2, at(b));
      } else {
        kernel.add(at(b)).add(Math.toIntExact(b.shape().size()));
      }
      kernel.add(rows.columns());
      kernel.launch(rows.pieces(y.dtype()), BLOCK);
    }
  }

  // ---- rows

  @Override
  public void softmax(Tensor y, Tensor x) {
    Rows rows = Rows.of(x, y);
    synchronized (device) {
      CudaKernel kernel = device.kernel("softmax", entry("softmax", y));
      rows.add(kernel, 1, at(y));
      rows.add(kernel, 0, at(x)).add(rows.columns());
      kernel.launch(rows.count(), rows.threads(y.dtype(), 1, ROW_BLOCK));
    }
  }

  @Override
  public void argMax(Tensor y, Tensor x) {
    Rows rows = Rows.of(x);
    synchronized (device) {
      CudaKernel kernel = device.kernel("arg_max", entry("arg_max", x)).add(at(y));
      rows.add(kernel, 0, at(x)).add(rows.columns());
      kernel.launch(rows.count(), rows.threads(x.dtype(), 1, ROW_BLOCK));
    }
  }

  @Override
  public void dot(Tensor y, Tensor x, Tensor vector) {
    Rows rows = Rows.of(x);
    synchronized (device) {
      CudaKernel kernel = device.kernel("dot", entry("dot", x)).add(at(y));
      rows.add(kernel, 0, at(x)).add(at(vector)).add(rows.columns());
      kernel.launch(rows.count(), rows.threads(x.dtype(), 1, ROW_BLOCK));
    }
  }

  @Override
  public void sample(
      Tensor y, Tensor x, Tensor guesses, Tensor options, Tensor draws, Tensor said) {
    Rows rows = Rows.of(x);
    int answers = options.dim(0);
    synchronized (device) {
      CudaKernel kernel = device.kernel("sample", entry("sample", x)).add(at(y));
      rows.add(kernel, 0, at(x)).add(rows.columns()).add(x.dim(0) / answers);
      kernel.add(at(guesses)).add(at(options)).add(at(draws)).add(at(said));
      kernel.launch(answers, rows.threads(x.dtype(), 1, ROW_BLOCK));
    }
  }

  @Override
  public void layerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float eps) {
    Rows rows = Rows.of(x, y);
    synchronized (device) {
      CudaKernel kernel = device.kernel("layer_norm", entry("layer_norm", y));
      rows.add(kernel, 1, at(y));
      rows.add(kernel, 0, at(x)).add(vector(weight)).add(vector(bias)).add(rows.columns()).add(eps);
      kernel.launch(rows.count(), rows.threads(y.dtype(), 2, NORM_BLOCK));
    }
  }

  @Override
  public void rmsNorm(Tensor y, Tensor x, Tensor weight, float eps) {
    Rows rows = Rows.of(x, y);
    synchronized (device) {
      CudaKernel kernel = device.kernel("rms_norm", entry("rms_norm", y));
      rows.add(kernel, 1, at(y));
      rows.add(kernel, 0, at(x)).add(vector(weight)).add(rows.columns()).add(eps);
      kernel.launch(rows.count(), rows.threads(y.dtype(), 2, NORM_BLOCK));
    }
  }

  @Override
  public void qkRmsNorm(Tensor q, Tensor k, Tensor qWeight, Tensor kWeight, float eps) {
    Rows rows = Rows.of(q, k);
    synchronized (device) {
      CudaKernel kernel = device.kernel("qk_rms_norm", entry("qk_rms_norm", q));
      rows.add(kernel.beginStruct(), 0, at(q)).add(vector(qWeight)).endStruct();
      rows.add(kernel.beginStruct(), 1, at(k)).add(vector(kWeight)).endStruct();
      kernel.add(rows.count()).add(rows.columns()).add(eps);
      kernel.launch(2 * rows.count(), rows.threads(q.dtype(), 2, NORM_BLOCK));
    }
  }

  // ---- products

  @Override
  public void matMul(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    products.run("", y, x, weight, null, bias, null, null);
  }

  @Override
  public void matMulGelu(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    products.run("_gelu", y, x, weight, null, bias, null, null);
  }

  @Override
  public void matMulAdd(
      Tensor y,
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor scale,
      Tensor residual) {
    products.run("_add", y, x, weight, null, bias, scale, residual);
  }

  @Override
  public void matMulSwiGlu(Tensor y, Tensor x, Tensor gate, Tensor up) {
    products.run("_swi_glu", y, x, gate, up, null, null, null);
  }

  @Override
  public void rmsNormMatMul(
      Tensor y, Tensor h, Tensor x, Tensor norm, float eps, Tensor weight, @Nullable Tensor bias) {
    if (!products.run("", y, x, norm, eps, weight, null, bias)) {
      Kernels.super.rmsNormMatMul(y, h, x, norm, eps, weight, bias);
    }
  }

  @Override
  public void rmsNormMatMulSwiGlu(
      Tensor y, Tensor h, Tensor x, Tensor norm, float eps, Tensor gate, Tensor up) {
    if (!products.run("_swi_glu", y, x, norm, eps, gate, up, null)) {
      Kernels.super.rmsNormMatMulSwiGlu(y, h, x, norm, eps, gate, up);
    }
  }

  // ---- attention

  @Override
  public void attention(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    attention.run(y, q, k, v, mask, scale);
  }

  @Override
  public void attentionPaged(Tensor y, Tensor q, Pages past, Mask mask, float scale) {
    attention.run(y, q, past, mask, scale);
  }

  @Override
  public void attentionPaged(Tensor y, Tensor q, List<Pages> pasts, List<Mask> masks, float scale) {
    if (!attention.run(y, q, pasts, masks, scale)) {
      Kernels.super.attentionPaged(y, q, pasts, masks, scale);
    }
  }

  @Override
  public void rope(Tensor y, Tensor x, Tensor cos, Tensor sin) {
    Rows rows = Rows.of(x, y);
    synchronized (device) {
      CudaKernel kernel = device.kernel("rope", entry("rope", y));
      rows.add(kernel, 1, at(y));
      rows.add(kernel, 0, at(x)).add(at(cos)).add(at(sin));
      kernel.add(rows.count()).add(x.dim(1)).add(x.dim(2) / 2);
      kernel.launch(blocks(rows.count() * pieces(x)), BLOCK);
    }
  }

  /// How many times 16 bytes half a head has.
  private static long pieces(Tensor x) {
    return Math.ceilDiv(x.dim(2) / 2, 16 / x.dtype().bytes());
  }

  @Override
  public void advance(Tensor at, int by) {
    synchronized (device) {
      CudaKernel kernel = device.kernel("advance", "advance");
      kernel.add(at(at)).add(at.dim(0)).add(by);
      kernel.launch(blocks(at.dim(0)), BLOCK);
    }
  }

  @Override
  public void ropeAppend(Tensor y, Pages past, Tensor q, Tensor k, Tensor v, Places places) {
    synchronized (device) {
      CudaKernel kernel = device.kernel("rope_append", entry("rope_append", y));
      addDestination(kernel, past, y, places).beginStruct();
      addHeads(addHeads(addHeads(kernel, q), k), v).add(q.dim(0)).endStruct();
      kernel.launch(blocks((long) q.dim(0) * (q.dim(1) + 2 * k.dim(1)) * pieces(q)), BLOCK);
    }
  }

  @Override
  public void ropeAppend(
      Tensor y, List<Pages> pasts, Tensor q, Tensor k, Tensor v, List<Places> places) {
    int rows = q.dim(0) / pasts.size();
    for (int first = 0; first < pasts.size(); first += APPENDED) {
      int count = Math.min(APPENDED, pasts.size() - first);
      int at = first * rows;
      synchronized (device) {
        CudaKernel kernel = device.kernel("rope_append", entry("rope_append_sequences", y));
        kernel.beginStruct();
        for (int i = 0; i < APPENDED; i++) {
          int s = first + Math.min(i, count - 1); // the last again where there is none
          addDestination(kernel, pasts.get(s), y.narrow(0, s * rows, rows), places.get(s));
        }
        kernel.endStruct().beginStruct();
        for (Tensor t : List.of(q, k, v)) {
          addHeads(kernel, t.narrow(0, at, count * rows));
        }
        kernel.add(rows).endStruct();
        int blocks = blocks((long) rows * (q.dim(1) + 2 * k.dim(1)) * pieces(q));
        kernel.launch(blocks, count, 1, BLOCK, 0);
      }
    }
  }

  @Override
  public void rmsNormMatMulRopeAppend(
      Tensor y,
      Pages past,
      Tensor h,
      Tensor x,
      Tensor norm,
      float eps,
      Tensor weight,
      @Nullable Tensor bias,
      Places places) {
    if (!products.runRopeAppend(y, past, x, norm, eps, weight, bias, places)) {
      Kernels.super.rmsNormMatMulRopeAppend(y, past, h, x, norm, eps, weight, bias, places);
    }
  }

  /// Adds `Destination` of `rope_append.cuh`.
  ///
  /// @param y `[T, H, D]`
  static CudaKernel addDestination(CudaKernel kernel, Pages past, Tensor y, Places places) {
    kernel.beginStruct();
    for (Tensor t : List.of(past.keys(), past.values())) {
      kernel.beginStruct().add(at(t)).add(t.stride(0)).add(t.stride(1)).add(t.stride(2));
      kernel.endStruct();
    }
    addHeads(kernel.add(at(past.table())), y);
    kernel.add(at(places.cos())).add(at(places.sin())).add(at(places.at())).add(places.angles());
    return kernel.add(y.dim(1)).add(past.kvHeads()).add(y.dim(2) / 2).add(past.size()).endStruct();
  }

  private static CudaKernel addHeads(CudaKernel kernel, Tensor t) {
    return kernel.beginStruct().add(at(t)).add(t.stride(0)).add(t.stride(1)).endStruct();
  }

  // ---- rearrangement

  @Override
  public void gather(Tensor y, Tensor table, Tensor ids) {
    Rows rows = Rows.of(y);
    synchronized (device) {
      CudaKernel kernel = device.kernel("gather", entry("gather", y));
      rows.add(kernel, 0, at(y)).add(at(table)).add(at(ids)).add(table.dim(0)).add(rows.columns());
      kernel.launch(rows.count(), rows.threads(y.dtype(), 1, BLOCK));
    }
  }

  @Override
  public void patches(Tensor y, Tensor x, int patch) {
    Rows rows = Rows.of(x);
    synchronized (device) {
      String entry = "patches_" + x.dtype() + "_to_" + y.dtype();
      CudaKernel kernel = device.kernel("patches", entry).add(at(y));
      rows.add(kernel, 0, at(x)).add(x.dim(3)).add(patch);
      kernel.launch(rows.count(), BLOCK);
    }
  }

  @Override
  public void pixelShuffle(Tensor y, Tensor x) {
    Rows to = Rows.of(y);
    Rows from = Rows.of(x);
    synchronized (device) {
      String entry = "pixel_shuffle_" + 8 * y.dtype().bytes() + "_bits";
      CudaKernel kernel = device.kernel("pixel_shuffle", entry);
      to.add(kernel, 0, at(y));
      from.add(kernel, 0, at(x)).add(x.dim(1)).add(x.dim(2)).add(x.dim(3));
      kernel.launch(to.count(), from.threads(y.dtype(), 1, BLOCK));
    }
  }

  @Override
  public void pixelShuffleLayerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float eps) {
    Rows rows = Rows.of(y);
    String unit = "pixel_shuffle_layer_norm";
    synchronized (device) {
      CudaKernel kernel = device.kernel(unit, entry(unit, y));
      rows.add(kernel, 0, at(y)).beginStruct().add(at(x));
      kernel.add(x.stride(0)).add(x.stride(1)).add(x.stride(2));
      kernel.add(x.dim(1)).add(x.dim(2)).add(x.dim(3)).endStruct();
      kernel.add(vector(weight)).add(vector(bias)).add(rows.columns()).add(eps);
      kernel.launch(rows.count(), rows.threads(y.dtype(), 2, NORM_BLOCK));
    }
  }

  @Override
  public void resizeBicubic(Tensor y, Tensor x) {
    Tensor from = x.contiguous();
    synchronized (device) {
      CudaKernel kernel = device.kernel("resize_bicubic", "resize_bicubic_f32");
      kernel.add(at(y)).add(at(from)).add(y.dim(0)).add(y.dim(1)).add(x.dim(0)).add(x.dim(1));
      kernel.add(x.dim(2));
      kernel.launch(blocks(y.shape().size()), BLOCK);
    }
  }

  @Override
  public void resizeRows(Tensor y, Tensor x, Tensor taps) {
    synchronized (device) {
      CudaKernel kernel = device.kernel("resize_rows", "resize_rows_u8");
      kernel.add(at(y)).add(at(x)).add(at(taps)).add(taps.dim(1) - 1);
      kernel.add(y.dim(0)).add(x.dim(1)).add(y.dim(1));
      kernel.launch(blocks(y.shape().size() / 3), BLOCK);
    }
  }

  @Override
  public void imageTiles(Tensor y, Tensor x, Tensor taps, Tensor values) {
    synchronized (device) {
      CudaKernel kernel = device.kernel("image_tiles", entry("image_tiles", y));
      kernel.add(at(y)).add(at(x)).add(at(taps)).add(taps.dim(1) - 1).add(at(values));
      kernel.add(taps.dim(0)).add(x.dim(1)).add(y.dim(3));
      kernel.launch(blocks(y.shape().size() / 3), BLOCK);
    }
  }

  // ---- launches

  private static String entry(String name, Tensor t) {
    return name + "_" + t.dtype();
  }

  private static int blocks(long threads) {
    return Math.toIntExact(Math.ceilDiv(threads, (long) BLOCK));
  }

  /// Where a tensor begins on the device; 0 for none.
  static long at(@Nullable Tensor t) {
    if (t == null) {
      return 0;
    }
    if (!(t.memory() instanceof CudaMemory memory)) {
      throw new IllegalArgumentException(
          "cuda: "
              + t
              + " lies in memory of this process; prepare it, or copy it into a workspace");
    }
    return memory.address() + t.byteOffset();
  }

  /// Where a prepared vector begins; 0 for none.
  static long vector(@Nullable Tensor t) {
    if (t != null && (t.dtype() != DType.F32 || !t.isContiguous())) {
      throw new IllegalArgumentException("cuda: " + t + " was not prepared as a vector");
    }
    return at(t);
  }

  @Override
  public void close() {
    products.close();
    attention.close();
  }
}
