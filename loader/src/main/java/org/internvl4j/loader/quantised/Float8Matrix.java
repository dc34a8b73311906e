package org.internvl4j.loader.quantised;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;

/// `W[n][k] = w[n][k] · s[n]`: `weight` `[out, in]` of floats of 8 bits, `weight_scale` `[out, 1]`
/// or `[out]`, or `[1]` for all rows (`float-quantized` of compressed-tensors).
///
/// @param scale what scales are stored as
/// @param one whether there is one for all rows
record Float8Matrix(
    int out,
    int in,
    List<String> stored,
    MemorySegment weights,
    MemorySegment scales,
    DType scale,
    boolean one)
    implements QuantisedMatrix {
  static final String SCALES = ".weight_scale";

  /// What each byte stands for.
  private static final float[] VALUES = new float[256];

  static {
    for (int bits = 0; bits < VALUES.length; bits++) {
      VALUES[bits] = value(bits);
    }
  }

  static Float8Matrix of(Parts p) {
    int[] dims = p.matrix(".weight", Set.of("F8_E4M3"), "[out, in] F8_E4M3 beside its " + SCALES);
    long out = dims[0];
    TensorInfo info = p.info(SCALES);
    boolean one = info.shape().isEmpty() || info.shape().equals(List.of(1L));
    boolean rows = info.shape().equals(List.of(out, 1L)) || info.shape().equals(List.of(out));
    if (!(one || rows) || !Parts.FLOATS.contains(info.dtype())) {
      throw p.wrong(
          SCALES,
          "[%d, 1], [%d] or [1] floats; scales of blocks are not supported".formatted(out, out));
    }
    return new Float8Matrix(
        dims[0],
        dims[1],
        p.names(".weight", SCALES, ".input_scale"),
        p.bytes(".weight"),
        p.bytes(SCALES),
        DType.valueOf(info.dtype()),
        one);
  }

  /// A sign, four bits of exponent and three of mantissa; no infinities, one NaN a sign
  /// (Micikevicius et al. 2022).
  private static float value(int bits) {
    int exponent = bits >> 3 & 15;
    int mantissa = bits & 7;
    float magnitude =
        exponent == 0
            ? Math.scalb(mantissa, -9)
            : exponent == 15 && mantissa == 7 ? Float.NaN : Math.scalb(8 + mantissa, exponent - 10);
    return (bits & 0x80) == 0 ? magnitude : -magnitude;
  }

  @Override
  public void decode(Tile t) {
    for (int r = 0; r < t.rows; r++) {
      long at = (long) (t.row + r) * in + t.input;
      float factor = Elements.get(scales, scale, one ? 0 : t.row + r);
      for (int k = 0; k < t.inputs; k++) {
        t.values[r * Tile.INPUTS + k] = VALUES[weights.get(JAVA_BYTE, at + k) & 0xff] * factor;
      }
    }
  }
}
