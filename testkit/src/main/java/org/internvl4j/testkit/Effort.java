package org.internvl4j.testkit;

/// How much tests do: the whole of it with `-Psweep`.
public final class Effort {
  private Effort() {}

  /// Whether all of it is wanted, however long it takes.
  public static boolean isWhole() {
    return Boolean.getBoolean("internvl4j.sweep");
  }
}
