package org.internvl4j.models.text;

/// How much random tests do: the whole of it with `-Psweep`.
final class Effort {
  private Effort() {}

  /// Texts a tokenizer.
  static int texts() {
    return org.internvl4j.testkit.Effort.isWhole() ? 100_000 : 10_000;
  }
}
