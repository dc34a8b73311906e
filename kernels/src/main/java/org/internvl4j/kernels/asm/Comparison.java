package org.internvl4j.kernels.asm;

/// How two floats compare.
public enum Comparison {
  /// Either is no number.
  UNORDERED(3, "unord"),
  /// The first one is greater; not if either is no number.
  GREATER(30, "gt_oq");

  final int code;
  final String suffix;

  Comparison(int code, String suffix) {
    this.code = code;
    this.suffix = suffix;
  }
}
