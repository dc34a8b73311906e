package org.internvl4j.bench.gpu;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.internvl4j.loader.json.Json;
import org.internvl4j.runtime.Kernels;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Pages;
import org.internvl4j.runtime.Places;
import org.internvl4j.runtime.Tensor;

/// A kernel by name and its numbers.
///
/// @param name of the case
/// @param kernel as `cuda-src/src` calls it
/// @param numbers what is neither tensor nor shape
record KernelCase(String name, String kernel, Json numbers) {
  private static final float EPS = 1e-6f;

  /// @param run the call, on one set of operands
  /// @param y what it writes
  record Call(Tensor y, Runnable run) {}

  static KernelCase of(Json json) {
    return new KernelCase(json.getText("name"), json.getText("kernel"), json);
  }

  Call on(Operands o) {
    Kernels k = o.w().device().kernels();
    Tensor y = o.get("y");
    return new Call(
        y,
        switch (kernel) {
          case "mat_mul" -> {
            Tensor bias = o.vectorOrNull("bias");
            yield product(o, (x, w) -> k.matMul(y, x, w, bias));
          }
          case "mat_mul_gelu" -> {
            Tensor bias = o.vectorOrNull("bias");
            yield product(o, (x, w) -> k.matMulGelu(y, x, w, bias));
          }
          case "mat_mul_add" -> {
            Tensor residual = o.get("residual");
            Tensor bias = o.vectorOrNull("bias");
            Tensor scale = o.vectorOrNull("scale");
            yield product(o, (x, w) -> k.matMulAdd(y, x, w, bias, scale, residual));
          }
          case "mat_mul_swi_glu" -> {
            Tensor up = o.matrix("up");
            yield product(o, (x, w) -> k.matMulSwiGlu(y, x, w, up));
          }
          case "rms_norm_mat_mul" -> {
            Tensor h = o.get("h");
            Tensor norm = o.vector("norm");
            Tensor bias = o.vectorOrNull("bias");
            yield product(o, (x, w) -> k.rmsNormMatMul(y, h, x, norm, EPS, w, bias));
          }
          case "rms_norm_mat_mul_swi_glu" -> {
            Tensor h = o.get("h");
            Tensor norm = o.vector("norm");
            Tensor up = o.matrix("up");
            yield product(o, (x, w) -> k.rmsNormMatMulSwiGlu(y, h, x, norm, EPS, w, up));
          }
          case "attention" -> attention(k, y, o);
          case "attention_paged" -> {
            Tensor q = o.get("q");
            Pages pages = new Pages(o.get("k"), o.get("v"), o.get("table"));
            Mask mask = Mask.causal(numbers.getInt("past"));
            float scale = (float) (1 / Math.sqrt(y.dim(2)));
            yield () -> k.attentionPaged(y, q, pages, mask, scale);
          }
          case "attention_of_sequences" -> {
            Tensor q = o.get("q");
            Tensor keys = o.get("k");
            Tensor values = o.get("v");
            Tensor table = o.get("table");
            int count = q.dim(0);
            int each = table.dim(0) / count;
            List<Pages> pasts =
                IntStream.range(0, count)
                    .mapToObj(i -> new Pages(keys, values, table.narrow(0, i * each, each)))
                    .toList();
            List<Mask> masks = Collections.nCopies(count, Mask.past(o.get("at")));
            float scale = (float) (1 / Math.sqrt(y.dim(2)));
            yield () -> k.attentionPaged(y, q, pasts, masks, scale);
          }
          case "layer_norm" -> {
            Tensor weight = o.vector("weight");
            Tensor bias = o.vector("bias");
            yield one(o, x -> k.layerNorm(y, x, weight, bias, EPS));
          }
          case "rms_norm" -> {
            Tensor weight = o.vector("weight");
            yield one(o, x -> k.rmsNorm(y, x, weight, EPS));
          }
          case "qk_rms_norm" -> qkRmsNorm(k, y, o);
          case "rope" -> {
            Tensor cos = o.get("cos");
            Tensor sin = o.get("sin");
            yield one(o, x -> k.rope(y, x, cos, sin));
          }
          case "rope_append" -> ropeAppend(k, y, o);
          case "rms_norm_mat_mul_rope_append" -> projection(k, y, o);
          case "gather" -> {
            Tensor table = o.table("table");
            Tensor ids = o.get("ids");
            yield () -> k.gather(y, table, ids);
          }
          case "swi_glu" -> two(o, (a, b) -> k.swiGlu(y, a, b));
          case "add" -> two(o, (a, b) -> k.add(y, a, b));
          case "mul" -> two(o, (a, b) -> k.mul(y, a, b));
          case "copy" -> one(o, x -> k.copy(y.transpose(0, 1), x.transpose(0, 1)));
          case "gelu" -> one(o, x -> k.gelu(y, x));
          case "silu" -> one(o, x -> k.silu(y, x));
          case "softmax" -> one(o, x -> k.softmax(y, x));
          case "arg_max" -> one(o, x -> k.argMax(y, x));
          case "dot" -> {
            Tensor vector = o.vector("vector");
            yield one(o, x -> k.dot(y, x, vector));
          }
          case "sample" -> {
            Tensor guesses = o.get("guesses");
            Tensor options = o.get("options");
            Tensor draws = o.get("draws");
            Tensor said = o.get("said");
            yield one(o, x -> k.sample(y, x, guesses, options, draws, said));
          }
          case "pixel_shuffle" -> one(o, x -> k.pixelShuffle(y, x));
          case "pixel_shuffle_layer_norm" -> {
            Tensor weight = o.vector("weight");
            Tensor bias = o.vector("bias");
            yield one(o, x -> k.pixelShuffleLayerNorm(y, x, weight, bias, EPS));
          }
          case "patches" -> {
            int patch = numbers.getInt("patch");
            yield one(o, x -> k.patches(y, x, patch));
          }
          case "resize_rows" -> {
            Tensor taps = o.get("taps");
            yield one(o, x -> k.resizeRows(y, x, taps));
          }
          case "image_tiles" -> {
            Tensor taps = o.get("taps");
            Tensor values = o.get("values");
            yield one(o, x -> k.imageTiles(y, x, taps, values));
          }
          case "resize_bicubic" -> one(o, x -> k.resizeBicubic(y, x));
          case "advance" -> {
            int by = numbers.getInt("by");
            yield () -> k.advance(y, by);
          }
          case "put_rows" -> {
            Tensor at = o.get("at");
            yield one(o, x -> k.putRows(y, x, at));
          }
          default -> throw new IllegalArgumentException("gpu kit: no kernel is called " + kernel);
        });
  }

  /// Keys and values `[N, K, T, D]`, as a KV cache holds them, or those of `qkv` `[N, T, 3, H, D]`.
  private Runnable attention(Kernels k, Tensor y, Operands o) {
    float scale = (float) (1 / Math.sqrt(y.dim(3)));
    Mask mask = numbers.has("past") ? Mask.causal(numbers.getInt("past")) : Mask.NONE;
    if (o.has("qkv")) {
      Tensor qkv = o.get("qkv");
      Tensor q = qkv.select(2, 0);
      Tensor keys = qkv.select(2, 1);
      Tensor values = qkv.select(2, 2);
      return () -> k.attention(y, q, keys, values, mask, scale);
    }
    Tensor q = o.get("q");
    Tensor keys = o.get("k").transpose(1, 2);
    Tensor values = o.get("v").transpose(1, 2);
    return () -> k.attention(y, q, keys, values, mask, scale);
  }

  /// Queries, keys and values side by side in the rows of `y`, which is copied from `x` first.
  private Runnable qkRmsNorm(Kernels k, Tensor y, Operands o) {
    Tensor x = o.get("x");
    Tensor q = y.select(1, 0);
    Tensor keys = y.select(1, 1);
    Tensor qWeight = o.vector("q_weight");
    Tensor kWeight = o.vector("k_weight");
    return () -> {
      k.copy(y, x);
      k.qkRmsNorm(q, keys, qWeight, kWeight, EPS);
    };
  }

  /// Queries, keys and values side by side in the rows of `x`, and so are the rotated queries and
  /// the cache, in pages, in those of `y`.
  private Runnable ropeAppend(Kernels k, Tensor y, Operands o) {
    Tensor x = o.get("x");
    Places places = new Places(o.get("cos"), o.get("sin"), o.get("at"));
    int kv = numbers.getInt("kv");
    int heads = x.dim(1) - 2 * kv;
    Tensor rotated = y.narrow(0, 0, x.dim(0)).narrow(1, 0, heads);
    Tensor table = o.get("table");
    Tensor rows = y.view(table.dim(0), y.dim(0) / table.dim(0), y.dim(1), y.dim(2)).transpose(1, 2);
    Pages pages = new Pages(rows.narrow(1, heads, kv), rows.narrow(1, heads + kv, kv), table);
    Tensor q = x.narrow(1, 0, heads);
    Tensor newKeys = x.narrow(1, heads, kv);
    Tensor newValues = x.narrow(1, heads + kv, kv);
    return () -> k.ropeAppend(rotated, pages, q, newKeys, newValues, places);
  }

  /// Rotated queries in the first rows of `y`, what is left of keys and values beside them, and
  /// both in pages behind those rows.
  private Runnable projection(Kernels k, Tensor y, Operands o) {
    Tensor x = o.get("x");
    Tensor h = o.get("h");
    Tensor norm = o.vector("norm");
    Tensor weight = o.matrix("weight");
    Tensor bias = o.vectorOrNull("bias");
    Places places = new Places(o.get("cos"), o.get("sin"), o.get("at"));
    Tensor table = o.get("table");
    int kv = numbers.getInt("kv");
    int rows = x.dim(0);
    int size = (y.dim(0) - rows) / table.dim(0);
    Tensor behind = y.narrow(0, rows, table.dim(0) * size);
    Tensor past = behind.view(table.dim(0), size, y.dim(1), y.dim(2)).transpose(1, 2);
    Pages pages = new Pages(past.narrow(1, 0, kv), past.narrow(1, kv, kv), table);
    Tensor heads = y.narrow(0, 0, rows);
    return () -> k.rmsNormMatMulRopeAppend(heads, pages, h, x, norm, EPS, weight, bias, places);
  }

  @FunctionalInterface
  private interface One {
    void run(Tensor x);
  }

  @FunctionalInterface
  private interface Two {
    void run(Tensor a, Tensor b);
  }

  private static Runnable one(Operands o, One kernel) {
    Tensor x = o.get("x");
    return () -> kernel.run(x);
  }

  private static Runnable two(Operands o, Two kernel) {
    Tensor a = o.get("a");
    Tensor b = o.get("b");
    return () -> kernel.run(a, b);
  }

  private static Runnable product(Operands o, Two kernel) {
    Tensor x = o.get("x");
    Tensor weight = o.matrix("weight");
    return () -> kernel.run(x, weight);
  }
}
