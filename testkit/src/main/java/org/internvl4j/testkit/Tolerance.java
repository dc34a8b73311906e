package org.internvl4j.testkit;

/// How far a result may lie from the exact one: a formula with its reason, never a number typed in.
///
/// With u = 2⁻²⁴, the relative error of one f32 rounding. The reference sums in double, so all of
/// the difference is the tested kernel's. Inputs are drawn with mean 0, so sums grow like √K.
public sealed interface Tolerance {
  /// The relative error of one rounding to f32.
  double UNIT = 0x1p-24;

  /// @param expected what the reference says
  /// @param rms root of the mean square of all that it says
  double allowed(double expected, double rms);

  /// Bound on `Σ(actual − expected)² / Σ expected²`.
  double nmse();

  /// Copies, and single operations that IEEE 754 rounds correctly: no difference at all.
  record Exact() implements Tolerance {
    @Override
    public double allowed(double expected, double rms) {
      return 0;
    }

    @Override
    public double nmse() {
      return 0;
    }
  }

  /// A chain of `roundings` operations on one element: each may add u of the value at hand. What is
  /// small against the others may be the difference of values of their size, so the bound is never
  /// less than that for a value of `rms`.
  record Chain(int roundings) implements Tolerance {
    @Override
    public double allowed(double expected, double rms) {
      return roundings * UNIT * Math.max(Math.abs(expected), rms);
    }

    @Override
    public double nmse() {
      return roundings * UNIT * roundings * UNIT;
    }
  }

  /// A sum of `terms` products in f32. The k-th partial sum is about √(k/K)·rms large and is
  /// rounded once, by an error uniform in ±u, of deviation u/√3. Partial sums are a walk, so the
  /// error is a normal deviate times the size of a walk, and larger than T·u·√K·rms/√3 with a
  /// probability of about exp(−πT/2): for one element of a million T is 8.8. Final operations add a
  /// [Chain] of `roundings`.
  record Sum(int terms, int roundings) implements Tolerance {
    @Override
    public double allowed(double expected, double rms) {
      return 8.8 / Math.sqrt(3) * UNIT * Math.sqrt(terms) * Math.max(Math.abs(expected), rms)
          + new Chain(roundings).allowed(expected, rms);
    }

    @Override
    public double nmse() {
      double relative = UNIT * (Math.sqrt(terms) + roundings);
      return relative * relative;
    }
  }

  /// One rounding to bf16, which keeps 8 bits: half a unit in the last place is 2⁻⁹ of the value.
  record RoundedToBf16() implements Tolerance {
    @Override
    public double allowed(double expected, double rms) {
      return 0x1p-8 * Math.abs(expected);
    }

    @Override
    public double nmse() {
      return 0x1p-16;
    }
  }

  /// A few operations between which values are rounded to bf16: each rounding may add half a unit
  /// of the last place, 2⁻⁹, of a value of `rms`; their mean square is a third of that.
  record ChainOfBf16(int roundings) implements Tolerance {
    @Override
    public double allowed(double expected, double rms) {
      return roundings * 0x1p-9 * 3 * Math.max(Math.abs(expected), rms);
    }

    @Override
    public double nmse() {
      return roundings * 0x1p-18;
    }
  }

  /// A sum of `terms` products whose one factor, a normal deviate, was rounded to a 254th of the
  /// range of its block. No deviate of a test is larger than 4.5, so a step is at most 4.5/127, its
  /// error uniform: the standard deviation is step/√12 of that factor's, and relative to the sum
  /// the same. The largest of a million is 5 of them. Where several such sums are multiplied, their
  /// relative errors add up.
  record RoundedFactor(int terms, int sums) implements Tolerance {
    private static final double DEVIATION = 4.5 / 127 / Math.sqrt(12);

    @Override
    public double allowed(double expected, double rms) {
      return sums * 5 * DEVIATION * Math.max(Math.abs(expected), rms)
          + new Sum(terms, 2).allowed(expected, rms);
    }

    @Override
    public double nmse() {
      return sums * DEVIATION * DEVIATION;
    }
  }

  /// @see RoundedFactor
  static Tolerance roundedFactor(int terms, int sums) {
    return new RoundedFactor(terms, sums);
  }

  /// @see ChainOfBf16
  static Tolerance chainOfBf16(int roundings) {
    return new ChainOfBf16(roundings);
  }

  /// @see Exact
  static Tolerance exact() {
    return new Exact();
  }

  /// @see Chain
  static Tolerance chain(int roundings) {
    return new Chain(roundings);
  }

  /// @see Sum
  static Tolerance sum(int terms, int roundings) {
    return new Sum(terms, roundings);
  }
}
