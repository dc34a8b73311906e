package org.internvl4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// Launch geometry: one method a kernel of `cuda-src`, whose files state what each expects.
final class CudaKernels implements Kernels, AutoCloseable {
  private static final int BLOCK = 256; // threads, where a file says no other number
  private static final int ROW_BLOCK = 1024; // threads for a row, at most
  private static final int NORM_BLOCK = 512;
  private static final int FEW =
      8; // rows of a product that gemv takes, queries that attention_step takes

  // tiles of y of the gemms, their shared memory
  private static final int TILE = 128;
  private static final int MMA_SHARED = 64 << 10;
  private static final int F32_TILE = 64;
  private static final int SM90_FROM = 64; // rows above which it pays
  private static final int SM90_BLOCK = 384;
  private static final int SM90_STEP = 64;
  private static final int SM90_SHARED = 4 * (32 << 10) + 1280;

  // attention's tiles, attention_step's pieces of keys
  private static final int QUERIES = 64;
  private static final int KEYS = 64;
  private static final int PIECE = 128;
  private static final int GROUP = 8;
  private static final int STEP_WIDEST = 128;
  private static final int PLAIN_WIDEST = 256;
  private static final int PART_BYTES = 4 * GROUP * (2 + STEP_WIDEST);

  private final CudaDevice device;
  private final List<Long> outgrown = new ArrayList<>(); // recorded steps may still use them
  private long parts; // memory of attention_step
  private long partBytes;
  private long arrived;
  private long arrivedBytes;

  CudaKernels(CudaDevice device) {
    this.device = device;
  }

  // ---- element by element

  @Override
  public void copy(Tensor y, Tensor x) {
    if (y.shape().size() == 0) {
      return;
    }
    boolean flat = y.isContiguous() && x.isContiguous() && !x.isPacked() && !y.isPacked();
    synchronized (device) {
      if (flat && y.dtype() == x.dtype()) {
        device.copy(at(y), at(x), y.byteSize());
        return;
      }
      Strided s = Strided.of(y, x);
      CudaKernel kernel = device.kernel("copy", Strided.entry("copy", y, x));
      s.addTo(kernel.add(at(y)).add(at(x)));
      launch(kernel, blocks(s.size()), 1, 1, BLOCK, 0);
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
      launch(kernel, blocks(s.size()), 1, 1, BLOCK, 0);
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
      launch(kernel, rows.pieces(y.dtype()), 1, 1, BLOCK, 0);
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
      launch(kernel, rows.pieces(y.dtype()), 1, 1, BLOCK, 0);
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
      launch(kernel, rows.count(), 1, 1, rows.threads(y.dtype(), 1, ROW_BLOCK), 0);
    }
  }

  @Override
  public void argMax(Tensor y, Tensor x) {
    Rows rows = Rows.of(x);
    synchronized (device) {
      CudaKernel kernel = device.kernel("arg_max", entry("arg_max", x)).add(at(y));
      rows.add(kernel, 0, at(x)).add(rows.columns());
      launch(kernel, rows.count(), 1, 1, rows.threads(x.dtype(), 1, ROW_BLOCK), 0);
    }
  }

  @Override
  public void layerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float eps) {
    Rows rows = Rows.of(x, y);
    synchronized (device) {
      CudaKernel kernel = device.kernel("layer_norm", entry("layer_norm", y));
      rows.add(kernel, 1, at(y));
      rows.add(kernel, 0, at(x)).add(vector(weight)).add(vector(bias)).add(rows.columns()).add(eps);
      launch(kernel, rows.count(), 1, 1, rows.threads(y.dtype(), 2, NORM_BLOCK), 0);
    }
  }

  @Override
  public void rmsNorm(Tensor y, Tensor x, Tensor weight, float eps) {
    Rows rows = Rows.of(x, y);
    synchronized (device) {
      CudaKernel kernel = device.kernel("rms_norm", entry("rms_norm", y));
      rows.add(kernel, 1, at(y));
      rows.add(kernel, 0, at(x)).add(vector(weight)).add(rows.columns()).add(eps);
      launch(kernel, rows.count(), 1, 1, rows.threads(y.dtype(), 2, NORM_BLOCK), 0);
    }
  }

  // ---- products

  @Override
  public void matMul(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    product("", y, x, weight, null, bias, null, null);
  }

  @Override
  public void matMulGelu(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    product("_gelu", y, x, weight, null, bias, null, null);
  }

  @Override
  public void matMulAdd(
      Tensor y,
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor scale,
      Tensor residual) {
    product("_add", y, x, weight, null, bias, scale, residual);
  }

  @Override
  public void matMulSwiGlu(Tensor y, Tensor x, Tensor gate, Tensor up) {
    product("_swi_glu", y, x, gate, up, null, null, null);
  }

  private void product(
      String end,
      Tensor y,
      Tensor x,
      Tensor weight,
      @Nullable Tensor up,
      @Nullable Tensor bias,
      @Nullable Tensor scale,
      @Nullable Tensor residual) {
    Rows rows = residual == null ? Rows.of(x, y) : Rows.of(x, y, residual);
    if (rows.count() == 0 || y.dim(-1) == 0) {
      return;
    }
    if (!weight.isPacked() || weight.dtype() != x.dtype()) {
      throw new IllegalArgumentException(
          "matMul: weight is "
              + weight
              + " but x is "
              + x
              + ", expected a weight that cuda prepared");
    }
    synchronized (device) {
      Product product = new Product(end, rows, y, x, weight, up, bias, scale, residual);
      if (rows.count() <= FEW) {
        gemv(product);
      } else if (x.dtype() == DType.F32) {
        gemmF32(product);
      } else if (device.isHopper() && rows.count() > SM90_FROM && isCopied(product)) {
        gemmSm90(product);
      } else {
        gemmMma(product);
      }
    }
  }

  /// What a product is made of; `rows` are those of x, y and, if there is one, residual.
  private record Product(
      String end,
      Rows rows,
      Tensor y,
      Tensor x,
      Tensor weight,
      @Nullable Tensor up,
      @Nullable Tensor bias,
      @Nullable Tensor scale,
      @Nullable Tensor residual) {
    int in() {
      return x.dim(-1);
    }

    int out() {
      return y.dim(-1);
    }

    int pitch() {
      return CudaWeights.pitch(x.dtype(), in());
    }

    /// Adds it as `Product` of `mat_mul.cuh`.
    CudaKernel addTo(CudaKernel kernel) {
      kernel.beginStruct();
      rows.add(kernel, 1, at(y));
      rows.add(kernel, 0, at(x)).add(at(weight)).add(at(up)).add(vector(bias)).add(vector(scale));
      rows.add(kernel, residual == null ? 1 : 2, at(residual));
      return kernel.add(rows.count()).add(in()).add(out()).add(pitch()).endStruct();
    }
  }

  private void gemv(Product p) {
    DType dtype = p.x.dtype();
    String entry = "gemv" + p.end + "_" + dtype + "_" + width(p.rows.count(), dtype);
    CudaKernel kernel = p.addTo(device.kernel("gemv", entry));
    launch(kernel, Math.ceilDiv(p.out(), BLOCK / 32), 1, 1, BLOCK, 0);
  }

  private void gemmF32(Product p) {
    CudaKernel kernel = p.addTo(device.kernel("gemm_f32", "gemm" + p.end + "_f32"));
    int down = Math.ceilDiv(p.rows.count(), F32_TILE);
    launch(kernel, Math.ceilDiv(p.out(), F32_TILE), down, 1, BLOCK, 0);
  }

  private void gemmMma(Product p) {
    CudaKernel kernel = device.kernel("gemm_mma", "gemm" + p.end + "_bf16");
    boolean wide = p.rows.isWide(0, at(p.x), DType.BF16);
    p.addTo(kernel.withSharedMemory(MMA_SHARED)).add(wide ? 1 : 0);
    int across = Math.ceilDiv(p.out(), p.up == null ? TILE : TILE / 2);
    launch(kernel, across, Math.ceilDiv(p.rows.count(), TILE), 1, BLOCK, MMA_SHARED);
  }

  private void gemmSm90(Product p) {
    CudaKernel kernel = device.kernel("gemm.sm90", "gemm" + p.end + "_sm90_bf16");
    kernel.withSharedMemory(SM90_SHARED);
    kernel.addMap(at(p.x), p.rows.count(), p.in(), 2 * p.rows.pitch(0), TILE, SM90_STEP);
    for (Tensor weight : List.of(p.weight, p.up == null ? p.weight : p.up)) {
      kernel.addMap(at(weight), p.out(), p.in(), 2L * p.pitch(), TILE / 2, SM90_STEP);
    }
    p.addTo(kernel);
    int across = Math.ceilDiv(p.out(), p.up == null ? TILE : TILE / 2);
    launch(kernel, across, Math.ceilDiv(p.rows.count(), TILE), 1, SM90_BLOCK, SM90_SHARED);
  }

  /// Whether Hopper's copy engine can read x.
  private static boolean isCopied(Product p) {
    return p.rows.isMatrix() && p.rows.isWide(0, at(p.x), DType.BF16);
  }

  /// For how many rows there is an entry of gemv that holds `rows`.
  private static int width(int rows, DType dtype) {
    if (rows == 1) {
      return 1;
    }
    return dtype == DType.F32 || rows > 4 ? 8 : rows > 2 ? 4 : 2;
  }

  // ---- attention

  @Override
  public void attention(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    if (q.shape().size() == 0) {
      return;
    }
    int width = q.dim(3);
    int queries = q.dim(1);
    int batch = q.dim(0);
    int heads = q.dim(2);
    if (width > PLAIN_WIDEST) {
      throw new IllegalArgumentException(
          "attention: q is " + q + ", cuda computes heads of at most " + PLAIN_WIDEST);
    }
    synchronized (device) {
      if (queries <= FEW && width <= STEP_WIDEST) {
        step(y, q, k, v, mask, scale);
      } else if (isTiled(y, q, k, v)) {
        int padded = Math.ceilDiv(width, 32) * 32;
        int shared = 2 * KEYS * padded * 2;
        CudaKernel kernel = device.kernel("attention", "attention_bf16_d" + padded);
        operands(kernel.withSharedMemory(shared), y, q, k, v, mask, scale);
        launch(kernel, Math.ceilDiv(queries, QUERIES), heads, batch, 128, shared);
      } else {
        CudaKernel kernel = device.kernel("attention_plain", "attention_plain_" + q.dtype());
        operands(kernel, y, q, k, v, mask, scale);
        launch(kernel, Math.ceilDiv(queries, 4), heads, batch, 128, 0);
      }
    }
  }

  private void step(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    int kvHeads = k.dim(2);
    int lines = q.dim(1) * kvHeads * Math.ceilDiv(q.dim(2) / kvHeads, GROUP);
    int pieces = Math.max(1, Math.ceilDiv(mostSeen(q.dim(1), k.dim(1), mask), PIECE));
    reserve((long) q.dim(0) * lines * pieces * PART_BYTES, (long) q.dim(0) * lines * 4);
    CudaKernel kernel = device.kernel("attention_step", "attention_step_" + q.dtype());
    operands(kernel, y, q, k, v, mask, scale);
    kernel.add(parts).add(arrived);
    launch(kernel, pieces, lines, q.dim(0), 128, 0);
  }

  /// A mask in memory may let all keys be seen by the time that a recorded step runs.
  private static int mostSeen(int queries, int keys, Mask mask) {
    return mask instanceof Mask.Past ? keys : mask.visible(queries - 1, keys);
  }

  /// Whether attention.cu, which copies 16 bytes at a time, can read this.
  private static boolean isTiled(Tensor... tensors) {
    for (Tensor t : tensors) {
      boolean aligned = at(t) % 16 == 0 && t.dim(3) % 8 == 0;
      for (int i = 0; i < 3; i++) {
        aligned &= t.stride(i) % 8 == 0 || t.dim(i) == 1;
      }
      if (t.dtype() != DType.BF16 || t.dim(3) > 128 || !aligned) {
        return false;
      }
    }
    return true;
  }

  private static void operands(
      CudaKernel kernel, Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    kernel.add(at(y)).add(at(q)).add(at(k)).add(at(v)).beginStruct();
    for (Tensor t : List.of(y, q, k, v)) {
      kernel.add(t.stride(0)).add(t.stride(1)).add(t.stride(2));
    }
    switch (mask) {
      case Mask.None _ -> kernel.add(0L).add(-1);
      case Mask.Causal(int past) -> kernel.add(0L).add(past);
      case Mask.Past(Tensor past) -> kernel.add(at(past)).add(0);
    }
    kernel.add(q.dim(0)).add(q.dim(1)).add(k.dim(1)).add(q.dim(2)).add(q.dim(2) / k.dim(2));
    kernel.add(q.dim(3)).add(scale).endStruct();
  }

  /// Makes sure of the memory of attention_step. What is outgrown stays: recorded steps name it.
  private void reserve(long wantedParts, long wantedArrived) {
    if (wantedParts > partBytes) {
      partBytes = Math.max(wantedParts, 2 * partBytes);
      parts = device.allocate(partBytes);
      outgrown.add(parts);
    }
    if (wantedArrived > arrivedBytes) {
      arrivedBytes = Math.max(wantedArrived, 2 * arrivedBytes);
      arrived = device.allocate(arrivedBytes);
      outgrown.add(arrived);
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
      launch(kernel, blocks(x.shape().size() / 2), 1, 1, BLOCK, 0);
    }
  }

  // ---- rearrangement

  @Override
  public void gather(Tensor y, Tensor table, Tensor ids) {
    Rows rows = Rows.of(y);
    synchronized (device) {
      CudaKernel kernel = device.kernel("gather", entry("gather", y));
      rows.add(kernel, 0, at(y)).add(at(table)).add(at(ids)).add(table.dim(0)).add(rows.columns());
      launch(kernel, rows.count(), 1, 1, rows.threads(y.dtype(), 1, BLOCK), 0);
    }
  }

  @Override
  public void patches(Tensor y, Tensor x, int patch) {
    Rows rows = Rows.of(x);
    synchronized (device) {
      String entry = "patches_" + x.dtype() + "_to_" + y.dtype();
      CudaKernel kernel = device.kernel("patches", entry).add(at(y));
      rows.add(kernel, 0, at(x)).add(x.dim(3)).add(patch);
      launch(kernel, rows.count(), 1, 1, BLOCK, 0);
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
      launch(kernel, to.count(), 1, 1, from.threads(y.dtype(), 1, BLOCK), 0);
    }
  }

  @Override
  public void resizeBicubic(Tensor y, Tensor x) {
    Tensor from = x.contiguous();
    synchronized (device) {
      CudaKernel kernel = device.kernel("resize_bicubic", "resize_bicubic_f32");
      kernel.add(at(y)).add(at(from)).add(y.dim(0)).add(y.dim(1)).add(x.dim(0)).add(x.dim(1));
      kernel.add(x.dim(2));
      launch(kernel, blocks(y.shape().size()), 1, 1, BLOCK, 0);
    }
  }

  // ---- launches

  private static String entry(String name, Tensor t) {
    return name + "_" + t.dtype();
  }

  private static int blocks(long threads) {
    return Math.toIntExact(Math.ceilDiv(threads, (long) BLOCK));
  }

  private void launch(CudaKernel kernel, int x, int y, int z, int threads, int shared) {
    if (x > 0 && y > 0 && z > 0) {
      kernel.launch(x, y, z, threads, shared, device.stream());
    }
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
  private static long vector(@Nullable Tensor t) {
    if (t != null && (t.dtype() != DType.F32 || !t.isContiguous())) {
      throw new IllegalArgumentException("cuda: " + t + " was not prepared as a vector");
    }
    return at(t);
  }

  @Override
  public void close() {
    outgrown.forEach(device::free);
  }
}
