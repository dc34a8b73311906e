package org.internvl4j.loader.quantised;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;

/// `W[n][k] = (q[k][n] − z[k/group][n]) · s[k/group][n]`, 4 bits: `qweight` `[in, out/8]` and
/// `qzeros` `[in/group, out/8]`, eight outputs a word, `scales` `[in/group, out]` (`gemm` of
/// AutoAWQ, `auto_awq` of LMDeploy).
record AwqMatrix(
    int out,
    int in,
    int group,
    List<String> stored,
    MemorySegment weights,
    MemorySegment zeros,
    MemorySegment scales,
    DType scale)
    implements QuantisedMatrix {
  /// Where the eight outputs of a word are in it.
  private static final int[] SHIFTS = {0, 16, 4, 20, 8, 24, 12, 28};

  static AwqMatrix of(Parts p, Quantisation.Awq awq) {
    Set<String> words = Set.of("I32");
    int[] q = p.matrix(".qweight", words, "[in, out/8] I32");
    int in = q[0];
    int out = 8 * q[1];
    int group = Groups.of(p, ".qweight", awq.groupSize(), in);
    p.require(".qzeros", words, in / group, q[1]);
    p.require(".scales", Parts.FLOATS, in / group, out);
    return new AwqMatrix(
        out,
        in,
        group,
        p.names(".qweight", ".scales", ".qzeros"),
        p.bytes(".qweight"),
        p.bytes(".qzeros"),
        p.bytes(".scales"),
        DType.valueOf(p.info(".scales").dtype()));
  }

  @Override
  public void decode(Tile t) {
    int[] zero = new int[t.rows];
    float[] factor = new float[t.rows];
    int last = -1;
    for (int k = 0; k < t.inputs; k++) {
      int g = (t.input + k) / group;
      if (g != last) {
        group(t, g, zero, factor);
        last = g;
      }
      for (int c = 0; c < t.rows; c += 8) {
        int word = word(weights, t.input + k, t.row + c);
        for (int j = 0; j < 8; j++) {
          int q = word >>> SHIFTS[j] & 15;
          t.values[(c + j) * Tile.INPUTS + k] = (q - zero[c + j]) * factor[c + j];
        }
      }
    }
  }

  private void group(Tile t, int g, int[] zero, float[] factor) {
    for (int r = 0; r < t.rows; r++) {
      int n = t.row + r;
      zero[r] = word(zeros, g, n) >>> SHIFTS[n % 8] & 15;
      factor[r] = Elements.get(scales, scale, (long) g * out + n);
    }
  }

  private int word(MemorySegment words, int row, int n) {
    return words.get(JAVA_INT_UNALIGNED, Integer.BYTES * ((long) row * (out / 8) + n / 8));
  }
}
