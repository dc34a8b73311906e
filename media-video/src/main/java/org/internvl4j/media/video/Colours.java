package org.internvl4j.media.video;

import org.jspecify.annotations.Nullable;

/// How luma and chroma become red, green and blue (ITU-T H.273, table 4 of `MatrixCoefficients`).
///
/// @param matrix the number of H.273; 2 if the file does not say
/// @param full whether black is 0 and white 255, instead of 16 and 235
record Colours(int matrix, boolean full) {
  /// A file that does not say.
  static final Colours UNKNOWN = new Colours(2, false);

  /// As a `colr` box of type `nclx` or `nclc` tells them.
  static Colours ofContainer(@Nullable Mp4Box colr) {
    if (colr == null) {
      return UNKNOWN;
    }
    String type = Mp4Box.fourCc(colr.body().duplicate());
    if (!type.equals("nclx") && !type.equals("nclc")) {
      return UNKNOWN;
    }
    boolean full = type.equals("nclx") && (colr.body().get(10) & 128) != 0;
    return new Colours(colr.u16(8), full);
  }

  /// The share of red in luma; BT.601 where the file does not say, as FFmpeg has it.
  double red() {
    return switch (matrix) {
      case 1 -> 0.2126;
      case 4 -> 0.30;
      case 7 -> 0.212;
      case 9, 10 -> 0.2627;
      default -> 0.299;
    };
  }

  /// The share of blue in luma.
  double blue() {
    return switch (matrix) {
      case 1 -> 0.0722;
      case 4 -> 0.11;
      case 7 -> 0.087;
      case 9, 10 -> 0.0593;
      default -> 0.114;
    };
  }
}
