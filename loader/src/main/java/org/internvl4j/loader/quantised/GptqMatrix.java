package org.internvl4j.loader.quantised;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;
import org.jspecify.annotations.Nullable;

/// `W[n][k] = (q[k][n] − z[g][n]) · s[g][n]`: `qweight` `[in·bits/32, out]`, as many inputs a word
/// as it has room for, `qzeros` `[in/group, out·bits/32]`, as many outputs, `scales` `[in/group,
/// out]`; `g` is `g_idx[k]`, or `k/group` without. Zeros are stored less one, but for `gptq_v2`.
///
/// @param index `g_idx`
record GptqMatrix(
    int out,
    int in,
    int bits,
    int group,
    int zeroOffset,
    Parts parts,
    List<String> stored,
    MemorySegment weights,
    MemorySegment zeros,
    MemorySegment scales,
    DType scale,
    @Nullable MemorySegment index)
    implements QuantisedMatrix {
  static GptqMatrix of(Parts p, Quantisation.Gptq gptq) {
    Set<String> words = Set.of("I32");
    int fold = Integer.SIZE / gptq.bits(); // numbers a word
    int[] q = p.matrix(".qweight", words, "[in/" + fold + ", out] I32");
    int in = fold * q[0];
    int out = q[1];
    if (out % fold != 0) {
      throw p.wrong(".qweight", "a multiple of " + fold + " outputs");
    }
    int group = Groups.of(p, ".qweight", gptq.groupSize(), in);
    p.require(".qzeros", words, in / group, out / fold);
    p.require(".scales", Parts.FLOATS, in / group, out);
    if (p.has(".g_idx")) {
      p.require(".g_idx", words, in);
    }
    return new GptqMatrix(
        out,
        in,
        gptq.bits(),
        group,
        gptq.zerosLessOne() ? 1 : 0,
        p,
        p.names(".qweight", ".scales", ".qzeros", ".g_idx"),
        p.bytes(".qweight"),
        p.bytes(".qzeros"),
        p.bytes(".scales"),
        DType.valueOf(p.info(".scales").dtype()),
        p.has(".g_idx") ? p.bytes(".g_idx") : null);
  }

  @Override
  public void check() {
    for (int k = 0; k < in; k++) {
      int g = group(k);
      if (g < 0 || g >= in / group) {
        throw parts.bad(
            ".g_idx",
            "says that input %d is in group %d, expected 0 to %d".formatted(k, g, in / group - 1));
      }
    }
  }

  private int group(int k) {
    return index == null ? k / group : index.get(JAVA_INT_UNALIGNED, (long) Integer.BYTES * k);
  }

  @Override
  public void decode(Tile t) {
    int[] zero = new int[t.rows];
    float[] factor = new float[t.rows];
    int fold = Integer.SIZE / bits;
    int mask = (1 << bits) - 1;
    int last = -1;
    for (int k = 0; k < t.inputs; k++) {
      int input = t.input + k;
      int g = group(input);
      if (g != last) {
        group(t, g, zero, factor);
        last = g;
      }
      long words = Integer.BYTES * ((long) (input / fold) * out + t.row);
      int shift = bits * (input % fold);
      for (int r = 0; r < t.rows; r++) {
        int q = weights.get(JAVA_INT_UNALIGNED, words + (long) Integer.BYTES * r) >>> shift & mask;
        t.values[r * Tile.INPUTS + k] = (q - zero[r]) * factor[r];
      }
    }
  }

  private void group(Tile t, int g, int[] zero, float[] factor) {
    int fold = Integer.SIZE / bits;
    int mask = (1 << bits) - 1;
    for (int r = 0; r < t.rows; r++) {
      int n = t.row + r;
      long at = Integer.BYTES * ((long) g * (out / fold) + n / fold);
      int word = zeros.get(JAVA_INT_UNALIGNED, at);
      zero[r] = ((word >>> (bits * (n % fold))) & mask) + zeroOffset;
      factor[r] = Elements.get(scales, scale, (long) g * out + n);
    }
  }
}
