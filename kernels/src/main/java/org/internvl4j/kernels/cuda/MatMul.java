package org.internvl4j.kernels.cuda;

import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Places;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// Products with weights, and what they end with; twin of `mat_mul.cuh`. Few rows are `gemv`'s, so
/// that a row's result does not depend on how many there are, and so are some more `gemm_small`'s;
/// still more are the tensor cores' in larger tiles, or in f32 `gemm_f32`'s. Plain ones of many
/// rows are cublasLt's, where [CublasLtPolicy] says so.
final class MatMul implements AutoCloseable {
  /// Rows that gemm_small takes at most, and above which `gemm.sm90` and cublasLt are taken.
  static final int MANY = 64;

  private static final int BLOCK = 256; // threads
  private static final int FEW = 8; // rows that gemv takes
  private static final int NORM_SHARED = 48 << 10; // for normalised rows, at most
  private static final int NORM_BLOCKS = 528; // of them at most: four for each of 132
  private static final int SMALL_TILE = 64; // rows of the weight
  private static final int SMALL_STEP = 64;
  private static final int SMALL_STEPS = 4; // of a split, at least
  private static final int SMALL_BLOCKS = 264; // that splitting aims at: two for each of 132
  private static final int SMALL_SPLITS = 16; // at most
  private static final int SMALL_BLOCK = 128;
  private static final int TILE = 128; // of y, of the gemms on tensor cores
  private static final int MMA_SHARED = 64 << 10;
  private static final int F32_TILE = 64;
  private static final int SM90_BLOCK = 384;
  private static final int SM90_STEP = 64;
  private static final int SM90_SHARED = 4 * (32 << 10) + 1280;

  private final CudaDevice device;
  private final @Nullable CublasLt cublasLt;
  private final Partials partials;

  MatMul(CudaDevice device, @Nullable CublasLt cublasLt) {
    this.device = device;
    this.cublasLt = cublasLt;
    this.partials = new Partials(device);
  }

  /// @param end `_gelu`, `_add`, `_swi_glu` or nothing: what entries are called by
  /// @param up the second weight of `_swi_glu`
  void run(
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
    requirePrepared(weight, x);
    synchronized (device) {
      Product product = new Product(end, rows, y, x, weight, up, bias, scale, residual);
      if (rows.count() <= FEW) {
        gemv(product);
      } else if (x.dtype() == DType.F32) {
        gemmF32(product);
      } else if (rows.count() <= MANY && rows.isWide(0, CudaKernels.at(x), DType.BF16)) {
        gemmSmall(product);
      } else if (rows.count() <= MANY) {
        gemmMma(product);
      } else if (!multiplied(product)) {
        gemmOfMany(product);
      }
    }
  }

  /// The product of normalised rows, if they are few enough for every block of it to normalise them
  /// for itself.
  ///
  /// @param end `_swi_glu` or nothing
  /// @return whether it was computed
  boolean run(
      String end,
      Tensor y,
      Tensor x,
      Tensor norm,
      float eps,
      Tensor weight,
      @Nullable Tensor up,
      @Nullable Tensor bias) {
    Rows rows = Rows.of(x, y);
    if (rows.count() == 0 || y.dim(-1) == 0) {
      return true;
    }
    requirePrepared(weight, x);
    Product p = new Product(end, rows, y, x, weight, up, bias, null, null);
    if (!fitsNormalised(p)) {
      return false;
    }
    synchronized (device) {
      CudaKernel kernel = normalised(p, "rms_norm_gemv", end, norm, eps);
      kernel.launch(normBlocks(p.out()), 1, 1, BLOCK, normShared(p));
    }
    return true;
  }

  /// The same, whose product is the heads of queries, keys and values on their way to attention.
  ///
  /// @param y `[T, H + 2K, D]`
  /// @return whether it was computed
  boolean runRopeAppend(
      Tensor y,
      Pages past,
      Tensor x,
      Tensor norm,
      float eps,
      Tensor weight,
      @Nullable Tensor bias,
      Places places) {
    Tensor product = y.view(y.dim(0), y.dim(1) * y.dim(2));
    Rows rows = Rows.of(x, product);
    if (rows.count() == 0) {
      return true;
    }
    requirePrepared(weight, x);
    Product p = new Product("", rows, product, x, weight, null, bias, null, null);
    if (!fitsNormalised(p)) {
      return false;
    }
    Tensor q = y.narrow(1, 0, y.dim(1) - 2 * past.kvHeads());
    synchronized (device) {
      CudaKernel kernel = normalised(p, "rms_norm_gemv_rope_append", "", norm, eps);
      CudaKernels.addDestination(kernel, past, q, places);
      kernel.launch(normBlocks(p.out() / 2), 1, 1, BLOCK, normShared(p));
    }
    return true;
  }

  private static boolean fitsNormalised(Product p) {
    return p.rows.count() <= FEW && normShared(p) <= NORM_SHARED;
  }

  private static int normShared(Product p) {
    DType dtype = p.x.dtype();
    return width(p.rows.count(), dtype) * p.pitch() * dtype.bytes();
  }

  /// A kernel of `rms_norm_gemv.cuh` with what it multiplies and how rows are normalised.
  private CudaKernel normalised(Product p, String unit, String end, Tensor norm, float eps) {
    DType dtype = p.x.dtype();
    String entry = unit + end + "_" + dtype + "_" + width(p.rows.count(), dtype);
    CudaKernel kernel = p.addTo(device.kernel(unit, entry)).beginStruct();
    kernel.add(CudaKernels.vector(norm)).add(eps);
    return kernel.add(p.rows.threads(dtype, 2, CudaKernels.NORM_BLOCK)).endStruct();
  }

  /// Blocks that are on a large GPU together, each with as many warps' work as the others.
  private static int normBlocks(int warps) {
    int blocks = Math.ceilDiv(warps, BLOCK / 32);
    return Math.ceilDiv(blocks, Math.ceilDiv(blocks, NORM_BLOCKS));
  }

  private static void requirePrepared(Tensor weight, Tensor x) {
    if (!weight.isPacked() || weight.dtype() != x.dtype()) {
      throw new IllegalArgumentException(
          "matMul: weight is "
              + weight
              + " but x is "
              + x
              + ", expected a weight that cuda prepared");
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
      rows.add(kernel, 1, CudaKernels.at(y));
      rows.add(kernel, 0, CudaKernels.at(x))
          .add(CudaKernels.at(weight))
          .add(CudaKernels.at(up))
          .add(CudaKernels.vector(bias))
          .add(CudaKernels.vector(scale));
      rows.add(kernel, residual == null ? 1 : 2, CudaKernels.at(residual));
      return kernel.add(rows.count()).add(in()).add(out()).add(pitch()).endStruct();
    }
  }

  private void gemv(Product p) {
    DType dtype = p.x.dtype();
    String entry = "gemv" + p.end + "_" + dtype + "_" + width(p.rows.count(), dtype);
    CudaKernel kernel = p.addTo(device.kernel("gemv", entry));
    kernel.launch(Math.ceilDiv(p.out(), BLOCK / 32), BLOCK);
  }

  private void gemmF32(Product p) {
    CudaKernel kernel = p.addTo(device.kernel("gemm_f32", "gemm" + p.end + "_f32"));
    int down = Math.ceilDiv(p.rows.count(), F32_TILE);
    kernel.launch(Math.ceilDiv(p.out(), F32_TILE), down, 1, BLOCK, 0);
  }

  private void gemmSmall(Product p) {
    int width = p.rows.count() <= 16 ? 16 : p.rows.count() <= 32 ? 32 : 64;
    String entry = "gemm_small" + p.end + "_bf16_" + width;
    CudaKernel kernel = p.addTo(device.kernel("gemm_small", entry));
    int tiles = Math.ceilDiv(p.out(), p.up == null ? SMALL_TILE : SMALL_TILE / 2);
    int splits = splits(tiles, Math.ceilDiv(p.in(), SMALL_STEP));
    long parts = splits == 1 ? 0 : (long) tiles * splits * SMALL_TILE * width * Float.BYTES;
    partials.addTo(kernel, parts, tiles);
    int shared = 4 * (SMALL_TILE + width) * SMALL_STEP * 2;
    kernel.launch(tiles, splits, 1, SMALL_BLOCK, shared);
  }

  /// How many blocks share the steps of a tile: by the shape alone, on every GPU the same.
  private static int splits(int tiles, int steps) {
    int most = Math.clamp(steps / SMALL_STEPS, 1, SMALL_SPLITS);
    return Math.clamp(SMALL_BLOCKS / tiles, 1, most);
  }

  private void gemmMma(Product p) {
    CudaKernel kernel = device.kernel("gemm_mma", "gemm" + p.end + "_bf16");
    boolean wide = p.rows.isWide(0, CudaKernels.at(p.x), DType.BF16);
    p.addTo(kernel).add(wide ? 1 : 0);
    int across = Math.ceilDiv(p.out(), p.up == null ? TILE : TILE / 2);
    kernel.launch(across, Math.ceilDiv(p.rows.count(), TILE), 1, BLOCK, MMA_SHARED);
  }

  private void gemmSm90(Product p) {
    CudaKernel kernel = device.kernel("gemm.sm90", "gemm" + p.end + "_sm90_bf16");
    addMap(kernel, p.x, p.rows.count(), p.in(), p.rows.pitch(0), TILE);
    for (Tensor weight : List.of(p.weight, p.up == null ? p.weight : p.up)) {
      addMap(kernel, weight, p.out(), p.in(), p.pitch(), TILE / 2);
    }
    p.addTo(kernel);
    int across = Math.ceilDiv(p.out(), p.up == null ? TILE : TILE / 2);
    kernel.launch(across, Math.ceilDiv(p.rows.count(), TILE), 1, SM90_BLOCK, SM90_SHARED);
  }

  private void gemmOfMany(Product p) {
    if (device.isHopper() && isCopied(p)) {
      gemmSm90(p);
    } else {
      gemmMma(p);
    }
  }

  /// Whether cublasLt has computed it. It knows neither biases in f32 nor our GELU, SwiGLU and
  /// LayerScale; what it adds is added before the product is rounded.
  private boolean multiplied(Product p) {
    boolean plain = p.end.isEmpty() || (p.end.equals("_add") && p.scale == null);
    if (cublasLt == null || !plain || p.bias != null || !p.rows.isMatrix()) {
      return false;
    }
    int of = p.residual == null ? 1 : 2;
    boolean apart =
        p.rows.pitch(0) >= p.in() && p.rows.pitch(1) >= p.out() && p.rows.pitch(of) >= p.out();
    return apart
        && cublasLt.multiply(
            p.rows.count(),
            p.in(),
            p.out(),
            CudaKernels.at(p.y),
            p.rows.pitch(1),
            CudaKernels.at(p.x),
            p.rows.pitch(0),
            CudaKernels.at(p.weight),
            p.pitch(),
            CudaKernels.at(p.residual),
            p.rows.pitch(of));
  }

  private static void addMap(
      CudaKernel kernel, Tensor matrix, int rows, int columns, long pitch, int boxRows) {
    kernel.addMap(
        CudaKernels.at(matrix),
        new long[] {columns, rows},
        new long[] {2 * pitch},
        new int[] {SM90_STEP, boxRows});
  }

  /// Whether Hopper's copy engine can read x.
  private static boolean isCopied(Product p) {
    return p.rows.isMatrix() && p.rows.isWide(0, CudaKernels.at(p.x), DType.BF16);
  }

  /// For how many rows there is an entry of gemv that holds `rows`.
  private static int width(int rows, DType dtype) {
    if (rows == 1) {
      return 1;
    }
    return dtype == DType.F32 || rows > 4 ? 8 : rows > 2 ? 4 : 2;
  }

  @Override
  public void close() {
    partials.close();
    if (cublasLt != null) {
      cublasLt.close();
    }
  }
}
