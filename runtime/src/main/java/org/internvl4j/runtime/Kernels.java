package org.internvl4j.runtime;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// THE list: what every device can compute, and what each name means.
///
/// Destination first, then inputs, then scalars. [Tensor]'s methods have checked shapes, dtypes and
/// device before they call, so kernels only `assert`. No kernel allocates. Sums run in f32 or wider
/// whatever the dtype, in an order that depends on neither the number of threads nor what else is
/// computed. Unless a line says otherwise, activations (`x`, `y`, `q`, …) are f32 or bf16 and their
/// innermost dimension is contiguous, the outer ones may be strided; weights have been through
/// [Device#prepare]; `y` may be `x` itself but must not otherwise overlap an input.
///
/// Letters: R rows (all outer dimensions together), N batch, T tokens, C channels, H heads, K kv
/// heads, D head width.
public interface Kernels {
  /// `y = x`, converted to `y`'s dtype (round to nearest even).
  ///
  /// @param y any strides, same shape as `x`; must not overlap it
  /// @param x any strides; floating point to floating point, or equal dtypes
  void copy(Tensor y, Tensor x);

  /// `y = a + b`, `b` repeated along the outer dimensions of `a`.
  ///
  /// @param y shape of `a`; may be `a` itself
  /// @param b shape of `a`, or of its innermost dimensions; may have been prepared as a
  ///   [Device.Role#VECTOR]
  void add(Tensor y, Tensor a, Tensor b);

  /// `y = a · b` element by element, `b` repeated along the outer dimensions of `a`.
  ///
  /// @param y shape of `a`; may be `a` itself
  /// @param b shape of `a`, or of its innermost dimensions; may have been prepared as a
  ///   [Device.Role#VECTOR]
  void mul(Tensor y, Tensor a, Tensor b);

  /// `y = x/2 · (1 + erf(x/√2))`, the exact form (Hendrycks & Gimpel 2016).
  void gelu(Tensor y, Tensor x);

  /// `y = x / (1 + e⁻ˣ)` (Elfwing et al. 2017, there SiL).
  void silu(Tensor y, Tensor x);

  /// `y = silu(gate) · up` (Shazeer 2020, equation 6 without the products around it).
  ///
  /// @param y shape of `gate`; may be `gate` or `up`
  void swiGlu(Tensor y, Tensor gate, Tensor up);

  /// `y[r] = exp(x[r] − max x[r]) / Σ exp(x[r] − max x[r])` over the innermost dimension.
  void softmax(Tensor y, Tensor x);

  /// `y[r]` = the place of the largest `x[r]`, the first of equal ones; −1 where `x[r]` holds a
  /// NaN.
  ///
  /// @param y `[R]`, i32
  /// @param x `[R, C]`, C at least 1
  void argMax(Tensor y, Tensor x);

  /// `y[r] = Σ x[r] · vector`: how far every row goes along one vector, for rows that are read once
  /// or as they lie in a file, which [#matMul] would have prepared.
  ///
  /// @param y `[R]`, f32, contiguous; must not overlap an input
  /// @param x `[R, C]`
  /// @param vector `[C]`, f32, contiguous
  void dot(Tensor y, Tensor x, Tensor vector);

  /// Chooses the token that follows each row of logits, for A answers of `R/A` rows each: those of
  /// an answer one after the other, in the order of the reference's logits processors.
  ///
  /// 1. A logit of a token that the answer has said is divided by the penalty if it is above 0,
  ///    multiplied by it otherwise, rounded to f32. Tokens rank by what comes out, the lower id
  ///    first among equal ones.
  /// 2. Temperature 0 takes the first. Otherwise a token weighs `⌊2⁴⁰ · p(f)⌋ / 2ⁱ`, rounded down,
  ///    where `i + f / 2²⁴ = ⌊(first − logit) · (24204406 / temperature)⌋ / 2²⁴` (in f32, each step
  ///    rounded on its own; 24204406 is 2²⁴ · log₂ e) and `p(f) = 2⁻ᶠ` to 7e-9 by the polynomial of
  ///    [Sampling#weight]; nothing from `i` = 41 on; and `2⁴⁰` if its logit is the first's.
  /// 3. The `topK` first stay, all if it is 0; of them those before which less than `topP` of their
  ///    weight lies, `topP` with 32 fraction bits, all if it is 1.
  /// 4. The token in whose stretch of the weights that stay, in that order, lies draw `n + 1` of
  ///    `java.util.SplittableRandom(seed)`: its 64 bits are a fraction of all of them, rounded
  ///    down.
  ///
  /// Sums are of integers, so that every device chooses the same token of the same logits. What was
  /// chosen counts as said and adds one to `n`, for the next row and the next call. A row that
  /// holds a NaN chooses nothing. A further row of an answer is there for a guess at what the row
  /// before it chooses: where it was wrong, no more is chosen.
  ///
  /// @param y `[R]`, i32: the tokens; −1 for a NaN, −2 where no more was chosen
  /// @param x `[R, V]`, the logits, V at most 2¹⁸; ranked as f32
  /// @param guesses `[R]`, i32: the token that a row came of
  /// @param options `[A, 4]`, f32: temperature, topK, topP, repetition penalty
  /// @param draws `[A, 2]`, i64: seed, and n, how many tokens were chosen
  /// @param said `[A, V]`, u8: 1 for each token that was; neither read nor written where the
  ///   penalty is 1
  void sample(Tensor y, Tensor x, Tensor guesses, Tensor options, Tensor draws, Tensor said);

  /// `y[r] = (x[r] − mean) / √(variance + eps) · weight + bias`, variance with divisor C (Ba et al.
  /// 2016).
  ///
  /// @param x `[R, C]`
  /// @param weight `[C]`
  /// @param bias `[C]`
  void layerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float eps);

  /// `y[r] = x[r] / √(mean(x[r]²) + eps) · weight` (Zhang & Sennrich 2019, equation 4).
  ///
  /// @param x `[R, C]`
  /// @param weight `[C]`
  void rmsNorm(Tensor y, Tensor x, Tensor weight, float eps);

  /// `q[r] = norm(q[r])`, `k[r] = norm(k[r])`: two [#rmsNorm]s in place, with their bits (query-key
  /// normalisation, Dehghani et al. 2023, section 2; here over all heads' width).
  ///
  /// @param q `[R, C]`, overwritten
  /// @param k `[R, C]`, overwritten; must not overlap `q`
  /// @param qWeight `[C]`
  /// @param kWeight `[C]`
  default void qkRmsNorm(Tensor q, Tensor k, Tensor qWeight, Tensor kWeight, float eps) {
    rmsNorm(q, q, qWeight, eps);
    rmsNorm(k, k, kWeight, eps);
  }

  /// `y[r] = weight · x[r] + bias`: a linear layer.
  ///
  /// @param y `[R, out]`; must not overlap `x`
  /// @param x `[R, in]`
  /// @param weight `[out, in]`, prepared as a [Device.Role#MATRIX]: f32, bf16, f16, q8 or q4
  /// @param bias `[out]` or null
  void matMul(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias);

  /// `y[r] = gelu(weight · x[r] + bias)`: [#matMul], then [#gelu].
  ///
  /// @param y `[R, out]`; must not overlap `x`
  /// @param x `[R, in]`
  /// @param weight `[out, in]`, prepared as a [Device.Role#MATRIX]
  /// @param bias `[out]` or null
  void matMulGelu(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias);

  /// `y[r] = residual[r] + scale · (weight · x[r] + bias)`: the end of a residual branch, `scale`
  /// element by element (LayerScale, Touvron et al. 2021).
  ///
  /// @param y `[R, out]`; may be `residual` itself; must not overlap `x`
  /// @param x `[R, in]`
  /// @param weight `[out, in]`, prepared as a [Device.Role#MATRIX]
  /// @param bias `[out]` or null
  /// @param scale `[out]` or null for 1
  /// @param residual `[R, out]`
  void matMulAdd(
      Tensor y,
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor scale,
      Tensor residual);

  /// `y[r] = silu(gate · x[r]) · (up · x[r])`: two products, then [#swiGlu] (Shazeer 2020, equation
  /// 6).
  ///
  /// @param y `[R, out]`; must not overlap `x`
  /// @param x `[R, in]`
  /// @param gate `[out, in]`, prepared as a [Device.Role#MATRIX]
  /// @param up `[out, in]`, prepared likewise, of the same dtype
  void matMulSwiGlu(Tensor y, Tensor x, Tensor gate, Tensor up);

  /// `y[r] = weight · norm(x[r]) + bias`: [#rmsNorm], then [#matMul], with their bits.
  ///
  /// @param y `[R, out]`; must not overlap another
  /// @param h `[R, in]`, dtype of `x`, room for the normalised rows: what it holds afterwards is
  ///   not said
  /// @param x `[R, in]`
  /// @param norm `[in]`, the norm's weight
  /// @param weight `[out, in]`, prepared as a [Device.Role#MATRIX]
  /// @param bias `[out]` or null
  default void rmsNormMatMul(
      Tensor y, Tensor h, Tensor x, Tensor norm, float eps, Tensor weight, @Nullable Tensor bias) {
    rmsNorm(h, x, norm, eps);
    matMul(y, h, weight, bias);
  }

  /// `y[r] = silu(gate · norm(x[r])) · (up · norm(x[r]))`: [#rmsNorm], then [#matMulSwiGlu], with
  /// their bits.
  ///
  /// @param y `[R, out]`; must not overlap another
  /// @param h as in [#rmsNormMatMul]
  /// @param x `[R, in]`
  /// @param norm `[in]`, the norm's weight
  /// @param gate `[out, in]`, prepared as a [Device.Role#MATRIX]
  /// @param up `[out, in]`, prepared likewise, of the same dtype
  default void rmsNormMatMulSwiGlu(
      Tensor y, Tensor h, Tensor x, Tensor norm, float eps, Tensor gate, Tensor up) {
    rmsNorm(h, x, norm, eps);
    matMulSwiGlu(y, h, gate, up);
  }

  /// `y = softmax(scale · q kᵀ + mask) v` for each head (Vaswani et al. 2017, section 3.2). Query
  /// head `h` reads kv head `h / (H/K)` (Ainslie et al. 2023).
  ///
  /// @param y `[N, Tq, H, D]`; must not overlap an input
  /// @param q `[N, Tq, H, D]`
  /// @param k `[N, Tk, K, D]`
  /// @param v `[N, Tk, K, D]`
  /// @param mask every query sees at least one key
  void attention(Tensor y, Tensor q, Tensor k, Tensor v, Mask mask, float scale);

  /// [#attention] of one sequence over keys and values in pages. Neither how long pages are nor
  /// which ones a sequence has changes a bit.
  ///
  /// @param y `[T, H, D]`; must not overlap an input
  /// @param q `[T, H, D]`
  /// @param past keys and values, dtype of `q`
  /// @param mask every query sees at least one key
  void attentionPaged(Tensor y, Tensor q, Pages past, Mask mask, float scale);

  /// [#attentionPaged] of several sequences, each with as many rows as the others, with its bits.
  ///
  /// @param y `[T, H, D]`, T a multiple of the sequences: those of the first one, of the next one
  /// @param pasts of each sequence
  /// @param masks of each sequence
  default void attentionPaged(
      Tensor y, Tensor q, List<Pages> pasts, List<Mask> masks, float scale) {
    int rows = q.dim(0) / pasts.size();
    for (int i = 0; i < pasts.size(); i++) {
      Tensor yi = y.narrow(0, i * rows, rows);
      Tensor qi = q.narrow(0, i * rows, rows);
      attentionPaged(yi, qi, pasts.get(i), masks.get(i), scale);
    }
  }

  /// Rotates pairs `(x[j], x[j + D/2])` of every head by the angle of its token: `y[j] = x[j]·cos −
  /// x[j+D/2]·sin`, `y[j+D/2] = x[j+D/2]·cos + x[j]·sin` (Su et al. 2021, in the half-split order
  /// of GPT-NeoX).
  ///
  /// @param y `[T, H, D]`; may be `x` itself
  /// @param x `[T, H, D]`
  /// @param cos `[T, D/2]`, f32
  /// @param sin `[T, D/2]`, f32
  void rope(Tensor y, Tensor x, Tensor cos, Tensor sin);

  /// `y[r] = table[ids[r]]`.
  ///
  /// @param y `[R, C]`
  /// @param table `[V, C]`, prepared as a [Device.Role#TABLE]
  /// @param ids `[R]`, i32, each in `0 … V-1`
  void gather(Tensor y, Tensor table, Tensor ids);

  /// `table[at + t] = x[t]`, converted to the table's dtype: rows written to a place that is read
  /// from memory when the kernel runs.
  ///
  /// @param table `[R, …]`, any strides; must not overlap `x`
  /// @param x `[T, …]`, any strides
  /// @param at `[1]`, i32, in `0 … R - T`
  void putRows(Tensor table, Tensor x, Tensor at);

  /// `at[i] = at[i] + by`: counts what has been written, where other kernels read the number.
  ///
  /// @param at `[N]`, i32, contiguous
  /// @param by added to each
  void advance(Tensor at, int by);

  /// What stands between the product that makes `q`, `k`, `v` and attention: `y = rope(q)`, and
  /// token `at + t` of the pages gets the keys `rope(k)[t]` and the values `v[t]`, with the bits of
  /// [#rope] and [#copy].
  ///
  /// @param y `[T, H, D]`; may be `q` itself
  /// @param past where keys and values go, dtype of `k`; must not overlap an input
  /// @param q `[T, H, D]`
  /// @param k `[T, K, D]`
  /// @param v `[T, K, D]`
  /// @param places of the tokens, the first in `0 … n·S - T`; A at least T
  void ropeAppend(Tensor y, Pages past, Tensor q, Tensor k, Tensor v, Places places);

  /// [#ropeAppend] of several sequences, each with as many rows as the others, with its bits.
  ///
  /// @param y `[T, H, D]`, T a multiple of the sequences: those of the first one, of the next one
  /// @param pasts of each sequence
  /// @param places of each sequence
  default void ropeAppend(
      Tensor y, List<Pages> pasts, Tensor q, Tensor k, Tensor v, List<Places> places) {
    int rows = q.dim(0) / pasts.size();
    for (int i = 0; i < pasts.size(); i++) {
      int at = i * rows;
      Tensor ki = k.narrow(0, at, rows);
      Tensor vi = v.narrow(0, at, rows);
      Tensor yi = y.narrow(0, at, rows);
      ropeAppend(yi, pasts.get(i), q.narrow(0, at, rows), ki, vi, places.get(i));
    }
  }

  /// From the residual stream to attention: [#rmsNormMatMul] makes the heads of queries, keys and
  /// values side by side, then [#ropeAppend], with their bits.
  ///
  /// @param y `[T, H + 2K, D]`, contiguous; the first H heads become the queries, rotated: what the
  ///   others hold afterwards is not said
  /// @param past where keys and values go, dtype of `x`; must not overlap an input
  /// @param h as in [#rmsNormMatMul]
  /// @param x `[T, C]`
  /// @param norm `[C]`, the norm's weight
  /// @param weight `[(H + 2K)·D, C]`, prepared as a [Device.Role#MATRIX]
  /// @param bias `[(H + 2K)·D]` or null
  /// @param places as in [#ropeAppend]
  default void rmsNormMatMulRopeAppend(
      Tensor y,
      Pages past,
      Tensor h,
      Tensor x,
      Tensor norm,
      float eps,
      Tensor weight,
      @Nullable Tensor bias,
      Places places) {
    rmsNormMatMul(y.view(y.dim(0), y.dim(1) * y.dim(2)), h, x, norm, eps, weight, bias);
    int kvHeads = past.kvHeads();
    int heads = y.dim(1) - 2 * kvHeads;
    Tensor q = y.narrow(1, 0, heads);
    Tensor k = y.narrow(1, heads, kvHeads);
    Tensor v = y.narrow(1, heads + kvHeads, kvHeads);
    ropeAppend(q, past, q, k, v, places);
  }

  /// Cuts pictures into patches: row `gy·G + gx` of `y` holds patch `(gy, gx)` as channel, then
  /// line, then column. A convolution whose stride is its kernel size is this and a matrix product.
  ///
  /// @param y `[N, (S/P)·(S/P), 3·P·P]`
  /// @param x `[N, 3, S, S]`
  /// @param patch P, side of a patch in pixels
  void patches(Tensor y, Tensor x, int patch);

  /// Space to depth by two: the four vectors of a 2 × 2 cell side by side, `(0,0) (0,1) (1,0)
  /// (1,1)`, cells row by row (InternVL's pixel shuffle, "v2").
  ///
  /// @param y `[N, h/2, w/2, 4·C]`; must not overlap `x`
  /// @param x `[N, h, w, C]`
  void pixelShuffle(Tensor y, Tensor x);

  /// [#pixelShuffle], then [#layerNorm], with their bits: from a tower to its projector.
  ///
  /// @param y `[N, h/2, w/2, 4·C]`; must not overlap an input
  /// @param x `[N, h, w, C]`
  /// @param weight `[4·C]`
  /// @param bias `[4·C]`
  default void pixelShuffleLayerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float eps) {
    pixelShuffle(y, x);
    layerNorm(y, y, weight, bias, eps);
  }

  /// Bicubic interpolation with a = −0.75, half-pixel centres, no antialiasing, clamped borders:
  /// PyTorch's `interpolate(mode="bicubic", align_corners=False)`.
  ///
  /// @param y `[h', w', C]`, f32; must not overlap `x`
  /// @param x `[h, w, C]`, f32
  void resizeBicubic(Tensor y, Tensor x);

  /// Gives rows of 8-bit pixels another width: `y[r][i] = Σ_j w[i][j] · x[r][first[i] + j]`, each
  /// channel for itself, rounded to 8 bits by adding a half and clamped: the first pass of Pillow's
  /// `resize`. Sums are of 32 bits and must fit.
  ///
  /// @param y `[H, w, 3]`, u8, contiguous; must not overlap `x`
  /// @param x `[H, W, 3]`, u8, contiguous
  /// @param taps `[w, 1 + T]`, i32, contiguous: `first[i]` in `0 … W - T`, then `w[i]` with 22
  ///   fraction bits
  void resizeRows(Tensor y, Tensor x, Tensor taps);

  /// Gives columns of 8-bit pixels another height in the same way, Pillow's second pass; cuts what
  /// comes out into squares, row by row, and looks each sample up.
  ///
  /// @param y `[h/S · w/S, 3, S, S]`, f32 or bf16, contiguous
  /// @param x `[H, w, 3]`, u8, contiguous
  /// @param taps `[h, 1 + T]`, as in [#resizeRows]
  /// @param values `[3, 256]`, f32, contiguous: what the samples of each channel become
  void imageTiles(Tensor y, Tensor x, Tensor taps, Tensor values);
}
