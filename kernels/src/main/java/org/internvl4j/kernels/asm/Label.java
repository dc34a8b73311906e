package org.internvl4j.kernels.asm;

/// A place in the code: [Assembler#bind] says which.
public final class Label {
  private static final int UNBOUND = -1;

  private int position = UNBOUND;

  boolean isBound() {
    return position != UNBOUND;
  }

  void bind(int at) {
    if (isBound()) {
      throw new IllegalStateException("a label is bound twice");
    }
    position = at;
  }

  int position() {
    if (!isBound()) {
      throw new IllegalStateException("a label is used and never bound");
    }
    return position;
  }
}
