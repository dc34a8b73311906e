package org.internvl4j.kernels.asm;

/// What a jump depends on: how the last comparison or sum came out.
public enum Condition {
  BELOW(2, "b"),
  ABOVE_OR_EQUAL(3, "ae"),
  EQUAL(4, "e"),
  NOT_EQUAL(5, "ne"),
  BELOW_OR_EQUAL(6, "be"),
  ABOVE(7, "a"),
  NEGATIVE(8, "s"),
  NOT_NEGATIVE(9, "ns"),
  LESS(12, "l"),
  GREATER_OR_EQUAL(13, "ge"),
  LESS_OR_EQUAL(14, "le"),
  GREATER(15, "g");

  final int code;
  final String suffix;

  Condition(int code, String suffix) {
    this.code = code;
    this.suffix = suffix;
  }
}
