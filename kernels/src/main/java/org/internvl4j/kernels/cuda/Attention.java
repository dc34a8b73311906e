package org.internvl4j.kernels.cuda;

import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;

/// Which of the attention kernels runs; twin of `attention.cuh`. Few queries are
/// `attention_step`'s, so that a token does not depend on how many are made together.
final class Attention implements AutoCloseable {
  private static final int BLOCK = 128; // threads
  private static final int FEW = 8; // queries that attention_step takes
  private static final int QUERIES = 64; // of a block of attention
  private static final int KEYS = 64; // of a tile of it
  private static final int SM90_FROM = 64; // queries above which attention.sm90 is taken
  private static final int SM90_QUERIES = 128; // of a block of it
  private static final int SM90_KEYS = 176; // of a tile; two tiles of keys, two of values
  private static final int SM90_PANEL = 64; // columns that are copied at once
  private static final int SM90_BLOCK = 384;
  private static final int PIECE = 128; // keys of a block of attention_step
  private static final int GROUP = 8; // heads of it
  private static final int STEP_WIDEST = 128;
  private static final int PLAIN_QUERIES = 4; // of a block of attention_plain
  private static final int PLAIN_WIDEST = 256;
  private static final int PART_BYTES = 4 * GROUP * (2 + STEP_WIDEST);

  private final CudaDevice device;
  private final Partials partials;

  Attention(CudaDevice device) {
    this.device = device;
    this.partials = new Partials(device);
  }

  void run(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    if (q.shape().size() == 0) {
      return;
    }
    int width = q.dim(3);
    int queries = q.dim(1);
    if (width > PLAIN_WIDEST) {
      throw new IllegalArgumentException(
          "attention: q is " + q + ", cuda computes heads of at most " + PLAIN_WIDEST);
    }
    synchronized (device) {
      if (queries <= FEW && width <= STEP_WIDEST) {
        step(y, q, k, v, mask, scale);
      } else if (!isTiled(y, q, k, v)) {
        plain(y, q, k, v, mask, scale);
      } else if (device.isHopper() && queries > SM90_FROM && scale > 0) {
        sm90(y, q, k, v, mask, scale);
      } else {
        tiled(y, q, k, v, mask, scale);
      }
    }
  }

  private void plain(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    CudaKernel kernel = device.kernel("attention_plain", "attention_plain_" + q.dtype());
    operands(kernel, y, q, k, v, mask, scale);
    kernel.launch(Math.ceilDiv(q.dim(1), PLAIN_QUERIES), q.dim(2), q.dim(0), BLOCK, 0);
  }

  private void tiled(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    int padded = Math.ceilDiv(q.dim(3), 32) * 32;
    CudaKernel kernel = device.kernel("attention", "attention_bf16_d" + padded);
    operands(kernel, y, q, k, v, mask, scale);
    int shared = 2 * KEYS * padded * 2;
    kernel.launch(Math.ceilDiv(q.dim(1), QUERIES), q.dim(2), q.dim(0), BLOCK, shared);
  }

  private void step(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    int kvHeads = k.dim(2);
    int lines = q.dim(1) * kvHeads * Math.ceilDiv(q.dim(2) / kvHeads, GROUP);
    int pieces = Math.max(1, Math.ceilDiv(mostSeen(q.dim(1), k.dim(1), mask), PIECE));
    long all = (long) q.dim(0) * lines;
    CudaKernel kernel = device.kernel("attention_step", "attention_step_" + q.dtype());
    operands(kernel, y, q, k, v, mask, scale);
    partials.addTo(kernel, all * pieces * PART_BYTES, all);
    kernel.launch(pieces, lines, q.dim(0), BLOCK, 0);
  }

  private void sm90(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    int padded = Math.ceilDiv(q.dim(3), SM90_PANEL) * SM90_PANEL;
    CudaKernel kernel = device.kernel("attention.sm90", "attention_sm90_bf16_d" + padded);
    kernel.add(CudaKernels.at(y));
    addMap(kernel, q, SM90_QUERIES);
    addMap(kernel, k, SM90_KEYS);
    addMap(kernel, v, SM90_KEYS);
    heads(kernel, y, q, k, v, mask, scale);
    int shared = (SM90_QUERIES + 4 * SM90_KEYS) * padded * 2 + 1280;
    kernel.launch(q.dim(2), Math.ceilDiv(q.dim(1), SM90_QUERIES), q.dim(0), SM90_BLOCK, shared);
  }

  private static void addMap(CudaKernel kernel, Tensor t, int boxTokens) {
    long[] sizes = {t.dim(3), t.dim(2), t.dim(1), t.dim(0)};
    long[] pitches = {pitch(t, 2), pitch(t, 1), pitch(t, 0)};
    kernel.addMap(CudaKernels.at(t), sizes, pitches, new int[] {SM90_PANEL, 1, boxTokens, 1});
  }

  /// Bytes from one index of a dimension to the next; of a dimension of 1, what a map takes.
  private static long pitch(Tensor t, int dim) {
    return t.dim(dim) == 1 ? 16 : 2 * t.stride(dim);
  }

  /// A mask in memory may let all keys be seen by the time that a recorded step runs.
  private static int mostSeen(int queries, int keys, Mask mask) {
    return mask instanceof Mask.Past ? keys : mask.visible(queries - 1, keys);
  }

  /// Whether attention.cu, which copies 16 bytes at a time, can read this.
  private static boolean isTiled(Tensor... tensors) {
    for (Tensor t : tensors) {
      boolean aligned = CudaKernels.at(t) % 16 == 0 && t.dim(3) % 8 == 0;
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
    for (Tensor t : List.of(y, q, k, v)) {
      kernel.add(CudaKernels.at(t));
    }
    heads(kernel, y, q, k, v, mask, scale);
  }

  /// Adds `Heads` of `attention.cuh`.
  private static void heads(
      CudaKernel kernel, Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    kernel.beginStruct();
    for (Tensor t : List.of(y, q, k, v)) {
      kernel.add(t.stride(0)).add(t.stride(1)).add(t.stride(2));
    }
    switch (mask) {
      case Mask.None _ -> kernel.add(0L).add(-1);
      case Mask.Causal(int past) -> kernel.add(0L).add(past);
      case Mask.Past(Tensor past) -> kernel.add(CudaKernels.at(past)).add(0);
    }
    kernel.add(q.dim(0)).add(q.dim(1)).add(k.dim(1)).add(q.dim(2)).add(q.dim(2) / k.dim(2));
    kernel.add(q.dim(3)).add(scale).endStruct();
  }

  @Override
  public void close() {
    partials.close();
  }
}
