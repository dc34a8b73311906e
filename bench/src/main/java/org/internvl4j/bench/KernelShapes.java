package org.internvl4j.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Tolerance;

/// Every kernel on shapes of real models: `model.what.how`.
///
/// Qwen2-0.5B speaks in InternVL2-1B, InternLM2-1.8B in InternVL2-2B, ViT-300M sees in both.
/// `decode` is one token, `batch4` four sequences at once, `prefill` 512 tokens; ViT sees a tile.
final class KernelShapes {
  private static final Map<String, Maker> ALL = new LinkedHashMap<>();
  private static final int PROMPT = 512;
  private static final int PATCHES = 1025;

  private final Workspace w;
  private final DType keep;
  private final Kernels kernels;

  private KernelShapes(Workspace w, DType keep) {
    this.w = w;
    this.keep = keep;
    this.kernels = w.device().kernels();
  }

  @FunctionalInterface
  private interface Maker {
    KernelCall make(KernelShapes s);
  }

  static {
    ALL.put("qwen2-0.5b.up.decode", s -> s.linear(1, 896, 4864));
    ALL.put("qwen2-0.5b.down.decode", s -> s.residual(1, 4864, 896));
    ALL.put("qwen2-0.5b.swiglu.decode", s -> s.swiGlu(1, 896, 4864));
    ALL.put("qwen2-0.5b.head.decode", s -> s.linear(1, 896, 151_655));
    ALL.put("internlm2-1.8b.swiglu.decode", s -> s.swiGlu(1, 2048, 8192));
    ALL.put("internlm2-1.8b.down.decode", s -> s.residual(1, 8192, 2048));
    ALL.put("qwen2-0.5b.swiglu.batch4", s -> s.swiGlu(4, 896, 4864));
    ALL.put("qwen2-0.5b.qkv.prefill", s -> s.linear(PROMPT, 896, 1152));
    ALL.put("qwen2-0.5b.out.prefill", s -> s.residual(PROMPT, 896, 896));
    ALL.put("qwen2-0.5b.swiglu.prefill", s -> s.swiGlu(PROMPT, 896, 4864));
    ALL.put("qwen2-0.5b.down.prefill", s -> s.residual(PROMPT, 4864, 896));
    ALL.put("internlm2-1.8b.swiglu.prefill", s -> s.swiGlu(PROMPT, 2048, 8192));
    ALL.put("internlm2-1.8b.down.prefill", s -> s.residual(PROMPT, 8192, 2048));
    ALL.put("vit-300m.qkv", s -> s.linear(PATCHES, 1024, 3072));
    ALL.put("vit-300m.proj", s -> s.layerScale(PATCHES, 1024, 1024));
    ALL.put("vit-300m.fc1", s -> s.gelu(PATCHES, 1024, 4096));
    ALL.put("vit-300m.fc2", s -> s.layerScale(PATCHES, 4096, 1024));
    ALL.put("qwen2-0.5b.attention.decode", s -> s.attention(1, 2048, 14, 2, Mask.causal(2047)));
    ALL.put("qwen2-0.5b.attention.prefill", s -> s.attention(512, 512, 14, 2, Mask.causal(0)));
    ALL.put("qwen2-0.5b.attention.decode.paged", s -> s.paged(1, 2048, 14, 2, 2047));
    ALL.put("qwen2-0.5b.attention.prefill.paged", s -> s.paged(512, 512, 14, 2, 0));
    ALL.put("vit-300m.attention", s -> s.attention(PATCHES, PATCHES, 16, 16, Mask.NONE));
    ALL.put("vit-300m.norm", s -> s.layerNorm(PATCHES, 1024));
    ALL.put("qwen2-0.5b.norm.decode", s -> s.rmsNorm(1, 896));
    ALL.put("qwen2-0.5b.norm.prefill", s -> s.rmsNorm(PROMPT, 896));
    ALL.put("qwen2-0.5b.rope.prefill", s -> s.rope(PROMPT, 14, 64));
    ALL.put("qwen2-0.5b.embed.prefill", s -> s.gather(PROMPT, 896, 151_655));
    ALL.put("qwen2-0.5b.softmax", s -> s.map(PROMPT, 512, 30, Kernels::softmax));
    ALL.put("qwen2-0.5b.silu", s -> s.map(PROMPT, 4864, 25, Kernels::silu));
    ALL.put("qwen2-0.5b.swiglu", s -> s.two(PROMPT, 4864, 26, Kernels::swiGlu));
    ALL.put("qwen2-0.5b.add", s -> s.two(PROMPT, 896, 1, Kernels::add));
    ALL.put("vit-300m.mul", s -> s.two(PATCHES, 1024, 1, Kernels::mul));
    ALL.put("vit-300m.gelu", s -> s.map(PATCHES, 4096, 40, Kernels::gelu));
    ALL.put("vit-300m.copy", s -> s.map(PATCHES, 1024, 0, Kernels::copy));
    ALL.put("vit-300m.patches", KernelShapes::patches);
    ALL.put("vit-300m.pixel-shuffle", KernelShapes::pixelShuffle);
    ALL.put("vit-300m.positions", KernelShapes::resize);
  }

  /// All names, products first.
  static List<String> names() {
    return List.copyOf(ALL.keySet());
  }

  /// @param keep what matrices are kept as
  /// @throws IllegalArgumentException if there is no such shape
  static KernelCall named(String name, DType keep, Workspace w) {
    Maker maker = ALL.get(name);
    if (maker == null) {
      throw new IllegalArgumentException(
          "bench: no shape is called " + name + "; there are " + String.join(", ", names()));
    }
    return maker.make(new KernelShapes(w, keep));
  }

  private KernelCall linear(int rows, int in, int out) {
    return KernelCall.product(w, keep, rows, in, out, 0, (k, y, x, m) -> k.matMul(y, x, m, null));
  }

  private KernelCall gelu(int rows, int in, int out) {
    Tensor bias = KernelCall.noise(w, 3, out);
    return KernelCall.product(
        w, keep, rows, in, out, 40, (k, y, x, m) -> k.matMulGelu(y, x, m, bias));
  }

  private KernelCall residual(int rows, int in, int out) {
    Tensor residual = KernelCall.noise(w, 3, rows, out);
    return KernelCall.product(
        w,
        keep,
        rows,
        in,
        out,
        1,
        (k, y, x, m) -> k.matMulAdd(y, x, m, null, null, residual.narrow(0, 0, y.dim(0))));
  }

  private KernelCall layerScale(int rows, int in, int out) {
    Tensor bias = KernelCall.noise(w, 3, out);
    Tensor scale = KernelCall.noise(w, 4, out);
    Tensor residual = KernelCall.noise(w, 5, rows, out);
    return KernelCall.product(
        w,
        keep,
        rows,
        in,
        out,
        2,
        (k, y, x, m) -> k.matMulAdd(y, x, m, bias, scale, residual.narrow(0, 0, y.dim(0))));
  }

  private KernelCall swiGlu(int rows, int in, int out) {
    return KernelCall.swiGlu(w, keep, rows, in, out);
  }

  private KernelCall attention(int queries, int keys, int heads, int kvHeads, Mask mask) {
    int width = 64;
    Tensor q = KernelCall.noise(w, 1, 1, queries, heads, width);
    Tensor k = KernelCall.noise(w, 2, 1, kvHeads, keys, width).transpose(1, 2); // as in a KV cache
    Tensor v = KernelCall.noise(w, 3, 1, kvHeads, keys, width).transpose(1, 2);
    Tensor y = w.activations(1, queries, heads, width);
    long pairs = 0;
    for (int i = 0; i < queries; i++) {
      pairs += mask.visible(i, keys);
    }
    float scale = (float) (1 / Math.sqrt(width));
    return KernelCall.of(
        y,
        queries,
        4L * pairs * heads * width,
        8L * width * (keys * kvHeads + queries * heads),
        Tolerance.sum(keys + width, 40),
        some -> kernels.attention(y.narrow(1, 0, some), q.narrow(1, 0, some), k, v, mask, scale));
  }

  /// As a model's cache has them, in pages that lie in no order.
  private KernelCall paged(int queries, int keys, int heads, int kvHeads, int past) {
    int width = 64;
    int size = 128; // as on the CPU
    int count = Math.ceilDiv(keys, size);
    Tensor q = KernelCall.noise(w, 1, queries, heads, width);
    Tensor k = KernelCall.noise(w, 2, count, kvHeads, size, width);
    Tensor v = KernelCall.noise(w, 3, count, kvHeads, size, width);
    int[] table = new int[count];
    for (int i = 0; i < count; i++) {
      table[i] = i % 2 == 0 ? count - 1 - i / 2 : i / 2;
    }
    Pages pages = new Pages(k, v, w.of(table, count));
    Tensor y = w.activations(queries, heads, width);
    Mask mask = Mask.causal(past);
    long pairs = 0;
    for (int i = 0; i < queries; i++) {
      pairs += mask.visible(i, keys);
    }
    float scale = (float) (1 / Math.sqrt(width));
    return KernelCall.of(
        y,
        queries,
        4L * pairs * heads * width,
        8L * width * (keys * kvHeads + queries * heads),
        Tolerance.sum(keys + width, 40),
        some ->
            kernels.attentionPaged(y.narrow(0, 0, some), q.narrow(0, 0, some), pages, mask, scale));
  }

  private KernelCall layerNorm(int rows, int width) {
    Tensor weight = KernelCall.noise(w, 2, width);
    Tensor bias = KernelCall.noise(w, 3, width);
    return map(rows, width, 8, (k, y, x) -> k.layerNorm(y, x, weight, bias, 1e-6f));
  }

  private KernelCall rmsNorm(int rows, int width) {
    Tensor weight = KernelCall.noise(w, 2, width);
    return map(rows, width, 4, (k, y, x) -> k.rmsNorm(y, x, weight, 1e-6f));
  }

  /// From one row to another of the same width.
  @FunctionalInterface
  private interface RowKernel {
    void run(Kernels k, Tensor y, Tensor x);
  }

  @FunctionalInterface
  private interface TwoRowKernel {
    void run(Kernels k, Tensor y, Tensor a, Tensor b);
  }

  private KernelCall map(int rows, int width, int flops, RowKernel kernel) {
    Tensor x = KernelCall.noise(w, 1, rows, width);
    Tensor y = w.activations(rows, width);
    return KernelCall.of(
        y,
        rows,
        (long) flops * rows * width,
        8L * rows * width,
        Tolerance.sum(width, 40),
        some -> kernel.run(kernels, y.narrow(0, 0, some), x.narrow(0, 0, some)));
  }

  private KernelCall two(int rows, int width, int flops, TwoRowKernel kernel) {
    Tensor b = KernelCall.noise(w, 2, rows, width);
    KernelCall one =
        map(rows, width, flops, (k, y, x) -> kernel.run(k, y, x, b.narrow(0, 0, x.dim(0))));
    return KernelCall.of(
        one.y(),
        rows,
        one.flops(),
        12L * rows * width,
        one.tolerance(),
        some -> one.body().run(some, 0));
  }

  private KernelCall rope(int tokens, int heads, int width) {
    Tensor x = KernelCall.noise(w, 1, tokens, heads, width);
    Tensor cos = KernelCall.noise(w, 2, tokens, width / 2);
    Tensor sin = KernelCall.noise(w, 3, tokens, width / 2);
    Tensor y = w.activations(tokens, heads, width);
    return KernelCall.of(
        y,
        tokens,
        3L * tokens * heads * width,
        8L * tokens * heads * width,
        Tolerance.chain(3),
        some ->
            kernels.rope(
                y.narrow(0, 0, some),
                x.narrow(0, 0, some),
                cos.narrow(0, 0, some),
                sin.narrow(0, 0, some)));
  }

  private KernelCall gather(int tokens, int width, int vocabulary) {
    Tensor table = w.allocate(DType.BF16, vocabulary, width);
    table.copyFrom(KernelCall.noise(w, 1, vocabulary, width));
    Tensor prepared = w.device().prepare(table, Device.Role.TABLE, w);
    int[] ids = new int[tokens];
    for (int i = 0; i < tokens; i++) {
      ids[i] = (int) (7919L * i % vocabulary);
    }
    Tensor at = w.of(ids, tokens);
    Tensor y = w.activations(tokens, width);
    return KernelCall.of(
        y,
        tokens,
        0,
        6L * tokens * width,
        Tolerance.exact(),
        some -> kernels.gather(y.narrow(0, 0, some), prepared, at.narrow(0, 0, some)));
  }

  private KernelCall patches() {
    Tensor x = KernelCall.noise(w, 1, 1, 3, 448, 448);
    Tensor y = w.activations(1, 1024, 588);
    return whole(y, 8L * 1024 * 588, () -> kernels.patches(y, x, 14));
  }

  private KernelCall pixelShuffle() {
    Tensor x = KernelCall.noise(w, 1, 1, 32, 32, 1024);
    Tensor y = w.activations(1, 16, 16, 4096);
    return whole(y, 8L * 1024 * 1024, () -> kernels.pixelShuffle(y, x));
  }

  private KernelCall resize() {
    Tensor x = KernelCall.noise(w, 1, 32, 32, 1024);
    Tensor y = w.activations(16, 16, 1024);
    return whole(y, 4L * (1024 + 256) * 1024, () -> kernels.resizeBicubic(y, x));
  }

  private static KernelCall whole(Tensor y, long bytes, Runnable body) {
    return KernelCall.of(y, y.dim(0), 0, bytes, Tolerance.chain(40), some -> body.run());
  }
}
