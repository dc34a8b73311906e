package org.internvl4j.kernels.emitted;

/// Machine code of a function of 64-bit numbers and addresses, which returns nothing.
interface Program {
  /// How many arguments the function takes.
  int arguments();

  /// As System V's conventions have it.
  byte[] code();
}
