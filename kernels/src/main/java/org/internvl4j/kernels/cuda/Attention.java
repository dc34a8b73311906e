package org.internvl4j.kernels.cuda;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

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
  private static final int SM90_PAGED = 16; // keys that are copied at once from pages
  private static final int SM90_PANEL = 64; // columns that are copied at once
  private static final int SM90_BLOCK = 384;
  private static final int PIECE = 128; // keys of a block of attention_step
  private static final int GROUP = 8; // heads of it
  private static final int SEQUENCES = 32; // that it takes at most
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

  /// The operands of a call.
  ///
  /// @param y `[N, Tq, H, D]`
  /// @param q `[N, Tq, H, D]`
  /// @param k `[N, Tk, K, D]`, or pages `[P, S, K, D]`
  /// @param v as `k`
  /// @param pages if not null, whose pages `k` and `v` are; N is 1
  private record Call(
      Tensor y, Tensor q, Tensor k, Tensor v, @Nullable Pages pages, Mask mask, float scale) {
    int keys() {
      return pages == null ? k.dim(1) : pages.capacity();
    }

    /// The name of an entry that reads rows, or of the one that reads pages.
    String entry(String kernel, String variant) {
      return kernel + (pages == null ? "_" : "_paged_") + variant;
    }

    /// A mask in memory may let all keys be seen by the time that a recorded step runs.
    int mostSeen() {
      return mask instanceof Mask.Past ? keys() : mask.visible(q.dim(1) - 1, keys());
    }

    /// Whether attention.cu, which copies 16 bytes at a time, can read this.
    boolean isTiled() {
      for (Tensor t : List.of(y, q, k, v)) {
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

    void addOperands(CudaKernel kernel) {
      for (Tensor t : List.of(y, q, k, v)) {
        kernel.add(CudaKernels.at(t));
      }
      addHeads(kernel);
    }

    /// Adds `Heads` of `attention.cuh`.
    void addHeads(CudaKernel kernel) {
      kernel.beginStruct();
      for (Tensor t : List.of(y, q, k, v)) {
        kernel.add(t.stride(0)).add(t.stride(1)).add(t.stride(2));
      }
      kernel.add(mask instanceof Mask.Past(Tensor past) ? CudaKernels.at(past) : 0L);
      kernel.add(pages == null ? 0L : CudaKernels.at(pages.table()));
      switch (mask) {
        case Mask.None _ -> kernel.add(-1);
        case Mask.Causal(int past) -> kernel.add(past);
        case Mask.Past _ -> kernel.add(0);
      }
      kernel.add(q.dim(0)).add(q.dim(1)).add(keys()).add(q.dim(2)).add(q.dim(2) / k.dim(2));
      kernel.add(q.dim(3)).add(scale);
      kernel.add(pages == null ? 0 : Integer.numberOfTrailingZeros(pages.size())).endStruct();
    }
  }

  void run(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale) {
    run(new Call(y, q, k, v, null, mask, scale));
  }

  /// @param y `[T, H, D]`
  /// @param q `[T, H, D]`
  void run(Tensor y, Tensor q, Pages past, Mask mask, float scale) {
    run(call(y, q, 1, past, mask, scale));
  }

  private static Call call(Tensor y, Tensor q, int count, Pages past, Mask mask, float scale) {
    Tensor k = past.keys().transpose(1, 2);
    Tensor v = past.values().transpose(1, 2);
    return new Call(batch(y, count), batch(q, count), k, v, past, mask, scale);
  }

  /// Several sequences with few queries each.
  ///
  /// @param y `[T, H, D]`
  /// @param q `[T, H, D]`
  /// @return whether it was computed
  boolean run(Tensor y, Tensor q, List<Pages> pasts, List<Mask> masks, float scale) {
    int queries = q.dim(0) / pasts.size();
    if (queries > FEW || q.dim(2) > STEP_WIDEST || !areAlike(pasts, masks)) {
      return false;
    }
    synchronized (device) {
      for (int first = 0; first < pasts.size(); first += SEQUENCES) {
        int end = Math.min(first + SEQUENCES, pasts.size());
        Tensor yi = y.narrow(0, first * queries, (end - first) * queries);
        Tensor qi = q.narrow(0, first * queries, (end - first) * queries);
        step(yi, qi, pasts.subList(first, end), masks.subList(first, end), scale);
      }
    }
    return true;
  }

  /// Whether pages lie alike, wherever they begin, and what is seen of them is in memory.
  private static boolean areAlike(List<Pages> pasts, List<Mask> masks) {
    Tensor first = pasts.getFirst().keys();
    return masks.stream().allMatch(Mask.Past.class::isInstance)
        && pasts.stream()
            .flatMap(p -> Stream.of(p.keys(), p.values()))
            .allMatch(t ->
                t.dim(2) == first.dim(2)
                    && t.stride(0) == first.stride(0)
                    && t.stride(1) == first.stride(1)
                    && t.stride(2) == first.stride(2));
  }

  private void step(Tensor y, Tensor q, List<Pages> pasts, List<Mask> masks, float scale) {
    int count = pasts.size();
    Pages longest = pasts.stream().max(Comparator.comparingInt(Pages::capacity)).orElseThrow();
    Call c = call(y, q, count, longest, masks.getFirst(), scale);
    String entry = "attention_step_sequences_" + q.dtype();
    CudaKernel kernel = device.kernel("attention_step", entry);
    kernel.add(CudaKernels.at(c.y)).add(CudaKernels.at(c.q)).beginStruct();
    for (int i = 0; i < SEQUENCES; i++) {
      int s = Math.min(i, count - 1); // the last again where there is none
      Pages past = pasts.get(s);
      kernel.beginStruct().add(CudaKernels.at(past.keys())).add(CudaKernels.at(past.values()));
      kernel.add(CudaKernels.at(((Mask.Past) masks.get(s)).past()));
      kernel.add(CudaKernels.at(past.table())).add(past.capacity()).endStruct();
    }
    c.addHeads(kernel.endStruct());
    launchStep(kernel, c);
  }

  private static Tensor batch(Tensor x, int count) {
    return x.view(count, x.dim(0) / count, x.dim(1), x.dim(2));
  }

  private void run(Call c) {
    if (c.q.shape().size() == 0) {
      return;
    }
    int width = c.q.dim(3);
    int queries = c.q.dim(1);
    if (width > PLAIN_WIDEST) {
      throw new IllegalArgumentException(
          "attention: q is " + c.q + ", cuda computes heads of at most " + PLAIN_WIDEST);
    }
    synchronized (device) {
      if (queries <= FEW && width <= STEP_WIDEST) {
        step(c);
      } else if (!c.isTiled()) {
        plain(c);
      } else if (device.isHopper() && queries > SM90_FROM && c.scale > 0) {
        sm90(c);
      } else {
        tiled(c);
      }
    }
  }

  private void plain(Call c) {
    Tensor q = c.q;
    String entry = c.entry("attention_plain", q.dtype().toString());
    CudaKernel kernel = device.kernel("attention_plain", entry);
    c.addOperands(kernel);
    kernel.launch(Math.ceilDiv(q.dim(1), PLAIN_QUERIES), q.dim(2), q.dim(0), BLOCK, 0);
  }

  private void tiled(Call c) {
    Tensor q = c.q;
    int padded = Math.ceilDiv(q.dim(3), 32) * 32;
    CudaKernel kernel = device.kernel("attention", c.entry("attention", "bf16_d" + padded));
    c.addOperands(kernel);
    int shared = 2 * KEYS * padded * 2;
    kernel.launch(Math.ceilDiv(q.dim(1), QUERIES), q.dim(2), q.dim(0), BLOCK, shared);
  }

  private void step(Call c) {
    CudaKernel kernel =
        device.kernel("attention_step", c.entry("attention_step", c.q.dtype().toString()));
    c.addOperands(kernel);
    launchStep(kernel, c);
  }

  /// Adds where pieces are put together.
  private void launchStep(CudaKernel kernel, Call c) {
    Tensor q = c.q;
    int kvHeads = c.k.dim(2);
    int lines = q.dim(1) * kvHeads * Math.ceilDiv(q.dim(2) / kvHeads, GROUP);
    int pieces = Math.max(1, Math.ceilDiv(c.mostSeen(), PIECE));
    long all = (long) q.dim(0) * lines;
    partials.addTo(kernel, all * pieces * PART_BYTES, all);
    kernel.launch(pieces, lines, q.dim(0), BLOCK, 0);
  }

  private void sm90(Call c) {
    Tensor q = c.q;
    int padded = Math.ceilDiv(q.dim(3), SM90_PANEL) * SM90_PANEL;
    CudaKernel kernel =
        device.kernel("attention.sm90", c.entry("attention_sm90", "bf16_d" + padded));
    kernel.add(CudaKernels.at(c.y));
    addMap(kernel, q, SM90_QUERIES);
    int box = c.pages == null ? SM90_KEYS : SM90_PAGED;
    addMap(kernel, c.k, box);
    addMap(kernel, c.v, box);
    c.addHeads(kernel);
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

  @Override
  public void close() {
    partials.close();
  }
}
