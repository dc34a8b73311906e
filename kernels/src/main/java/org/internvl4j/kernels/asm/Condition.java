package org.internvl4j.kernels.asm;

/// What a jump depends on: how the last comparison or sum came out.
public enum Condition {
  EQUAL(4, "e"),
  NOT_EQUAL(5, "ne"),
  LESS(12, "l"),
  GREATER_OR_EQUAL(13, "ge");

  final int code;
  final String suffix;

  Condition(int code, String suffix) {
    this.code = code;
    this.suffix = suffix;
  }
}
