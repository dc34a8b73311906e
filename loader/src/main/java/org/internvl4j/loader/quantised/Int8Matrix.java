package org.internvl4j.loader.quantised;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;

/// `W[n][k] = w[n][k] · SCB[n] / 127`: `weight` `[out, in]` of signed bytes, `SCB` `[out]`
/// (`LLM.int8()` of bitsandbytes). Its outliers of activations are not set apart: products are
/// those of the numbers.
record Int8Matrix(int out, int in, List<String> stored, MemorySegment weights, MemorySegment scales)
    implements QuantisedMatrix {
  static final String SCALES = ".SCB";
  private static final String FORMAT = ".weight_format";

  static Int8Matrix of(Parts p) {
    int[] dims = p.matrix(".weight", Set.of("I8"), "[out, in] I8 beside its " + SCALES);
    p.require(SCALES, Set.of("F32"), dims[0]);
    if (p.has(FORMAT)) {
      requireRows(p);
    }
    return new Int8Matrix(
        dims[0], dims[1], p.names(".weight", SCALES, FORMAT), p.bytes(".weight"), p.bytes(SCALES));
  }

  private static void requireRows(Parts p) {
    if (!p.info(FORMAT).dtype().equals("U8") || p.info(FORMAT).bytes() != 1) {
      throw p.wrong(FORMAT, "one U8");
    }
    int format = p.bytes(FORMAT).get(JAVA_BYTE, 0);
    if (format != 0) {
      throw p.bad(FORMAT, "is " + format + ", expected 0, numbers in the order of rows");
    }
  }

  @Override
  public void decode(Tile t) {
    for (int r = 0; r < t.rows; r++) {
      long at = (long) (t.row + r) * in + t.input;
      double step = Elements.get(scales, DType.F32, t.row + r) / 127.0;
      for (int k = 0; k < t.inputs; k++) {
        t.values[r * Tile.INPUTS + k] = (float) (weights.get(JAVA_BYTE, at + k) * step);
      }
    }
  }
}
