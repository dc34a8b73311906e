package org.internvl4j.runtime.reference;

/// The error function in double, to about 1e-15.
final class Erf {
  private Erf() {}

  /// `2/√π · ∫₀ˣ exp(−t²) dt`: the Maclaurin series of `erf · exp(x²)` near zero (Abramowitz &
  /// Stegun 7.1.6), the continued fraction of erfc farther out (7.1.14).
  static double erf(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x)) {
      return x;
    }
    double value = a < 2.5 ? series(a) : a < 6.5 ? 1 - fraction(a) : 1;
    return Math.copySign(value, x);
  }

  private static double series(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > 1e-18 * sum; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  private static double fraction(double x) {
    double tail = x;
    for (int k = 80; k >= 1; k--) {
      tail = x + k / 2.0 / tail;
    }
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
  }
}
