package org.internvl4j.testkit;

/// Compares results; a failure names the worst element and how much of the tolerance it used.
public final class TensorAssert {
  private TensorAssert() {}

  /// Every element within the tolerance, and all together within its NMSE.
  ///
  /// @param what is compared, for the message
  /// @throws AssertionError naming the worst element
  public static void assertClose(
      String what, float[] actual, float[] expected, Tolerance tolerance) {
    if (actual.length != expected.length) {
      throw new AssertionError(
          what + ": has " + actual.length + " elements, expected " + expected.length);
    }
    double rms = rms(expected);
    int worst = -1;
    double used = 1;
    for (int i = 0; i < actual.length; i++) {
      double share = share(actual[i], expected[i], tolerance.allowed(expected[i], rms));
      if (!(share <= used)) {
        worst = i;
        used = share;
      }
    }
    if (worst >= 0) {
      throw new AssertionError(
          "%s: element %d is %s, expected %s: difference %.3g, allowed %.3g (%.1f times), %s"
              .formatted(
                  what,
                  worst,
                  actual[worst],
                  expected[worst],
                  Math.abs((double) actual[worst] - expected[worst]),
                  tolerance.allowed(expected[worst], rms),
                  used,
                  tolerance));
    }
    double nmse = nmse(actual, expected);
    if (nmse > tolerance.nmse()) {
      throw new AssertionError(
          "%s: NMSE is %.3g, allowed %.3g, %s".formatted(what, nmse, tolerance.nmse(), tolerance));
    }
  }

  /// The same bits in every element; a NaN is a NaN.
  ///
  /// @throws AssertionError naming the first that differs
  public static void assertSameBits(String what, float[] actual, float[] expected) {
    if (actual.length != expected.length) {
      throw new AssertionError(
          what + ": has " + actual.length + " elements, expected " + expected.length);
    }
    for (int i = 0; i < actual.length; i++) {
      if (Float.floatToIntBits(actual[i]) != Float.floatToIntBits(expected[i])) {
        throw new AssertionError(
            what + ": element " + i + " is " + actual[i] + ", expected exactly " + expected[i]);
      }
    }
  }

  /// `Σ(actual − expected)² / Σ expected²`; 0 where both are all zero.
  public static double nmse(float[] actual, float[] expected) {
    double error = 0;
    double power = 0;
    for (int i = 0; i < expected.length; i++) {
      double difference = (double) actual[i] - expected[i];
      error += Float.compare(actual[i], expected[i]) == 0 ? 0 : difference * difference;
      power += Float.isFinite(expected[i]) ? (double) expected[i] * expected[i] : 0;
    }
    return error == 0 ? 0 : error / power;
  }

  private static double share(float actual, float expected, double allowed) {
    if (Float.compare(actual, expected) == 0 || actual == expected) {
      return 0;
    }
    double difference = Math.abs((double) actual - expected);
    return difference <= allowed ? difference / allowed : Math.max(difference / allowed, 1.0001);
  }

  private static double rms(float[] values) {
    double square = 0;
    int finite = 0;
    for (float value : values) {
      if (Float.isFinite(value)) {
        square += (double) value * value;
        finite++;
      }
    }
    return Math.sqrt(square / Math.max(finite, 1));
  }
}
