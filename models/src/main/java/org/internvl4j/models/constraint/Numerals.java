package org.internvl4j.models.constraint;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;

/// Numbers within bounds, digit by digit. They have at most 15 digits, so that a double tells any
/// two of them apart.
final class Numerals {
  static final int MAX_DIGITS = 15;
  private static final BigDecimal TOP = BigDecimal.TEN.pow(MAX_DIGITS);

  /// @param low the lowest value
  /// @param high the highest value
  /// @param integer whether there is no fraction
  /// @param multiple what divides them; 1 for anything, more for integers alone
  record Bounds(
      BigDecimal low,
      boolean lowInside,
      BigDecimal high,
      boolean highInside,
      boolean integer,
      int multiple) {
    static Bounds none(boolean integer) {
      return new Bounds(TOP.negate(), false, TOP, false, integer, 1);
    }

    boolean unbounded() {
      return low.negate().compareTo(TOP) == 0 && high.compareTo(TOP) == 0 && multiple == 1;
    }
  }

  private final Grammar grammar;
  private final Bounds bounds;

  /// Where a number may end.
  private final int stop;

  private Numerals(Grammar grammar, Bounds bounds) {
    this.grammar = grammar;
    this.bounds = bounds;
    boolean exponents = bounds.unbounded() && !bounds.integer;
    stop = exponents ? exponent(grammar) : Grammar.END;
  }

  /// @return the rule, or [Grammar#NOTHING]
  static int rule(Grammar grammar, Bounds bounds) {
    Numerals numerals = new Numerals(grammar, bounds);
    BigDecimal zero = BigDecimal.ZERO;
    int start = grammar.node();
    boolean any = false;
    if (bounds.high.signum() >= 0) {
      boolean fromZero = bounds.low.signum() < 0;
      any =
          numerals.unsigned(
              start,
              fromZero ? zero : bounds.low,
              fromZero || bounds.lowInside,
              bounds.high,
              bounds.highInside);
    }
    if (bounds.low.signum() < 0) {
      int minus = grammar.node();
      boolean toZero = bounds.high.signum() >= 0;
      BigDecimal nearest = toZero ? zero : bounds.high.negate();
      boolean inside = !toZero && bounds.highInside;
      if (numerals.unsigned(minus, nearest, inside, bounds.low.negate(), bounds.lowInside)) {
        grammar.bytes(start, '-', '-', minus);
        any = true;
      }
    }
    return any ? start : Grammar.NOTHING;
  }

  private static int exponent(Grammar grammar) {
    int stop = grammar.node();
    grammar.empty(stop, Grammar.END);
    int e = grammar.node();
    grammar.bytes(stop, 'e', 'e', e);
    grammar.bytes(stop, 'E', 'E', e);
    int first = grammar.node();
    grammar.bytes(e, '+', '+', first);
    grammar.bytes(e, '-', '-', first);
    grammar.empty(e, first);
    int second = grammar.node();
    grammar.bytes(first, '0', '9', second);
    grammar.bytes(second, '0', '9', Grammar.END);
    grammar.empty(second, Grammar.END);
    return stop;
  }

  private boolean unsigned(
      int start, BigDecimal low, boolean lowInside, BigDecimal high, boolean highInside) {
    boolean any = false;
    for (int length = 1; length <= MAX_DIGITS; length++) {
      BigDecimal least = length == 1 ? BigDecimal.ZERO : BigDecimal.TEN.pow(length - 1);
      BigDecimal end = BigDecimal.TEN.pow(length);
      boolean above = low.compareTo(least) < 0;
      boolean below = high.compareTo(end) >= 0;
      if (low.compareTo(end) >= 0 || high.compareTo(least) < 0) {
        continue;
      }
      int scale = Math.max(MAX_DIGITS, Math.max(low.scale(), high.scale()));
      Digits digits =
          new Digits(
              length,
              digits(above ? least : low, length, scale),
              above || lowInside,
              below ? "9".repeat(length + scale) : digits(high, length, scale),
              below || highInside);
      any |= digits.edges(start, 0, true, true, 0);
    }
    return any;
  }

  private static String digits(BigDecimal value, int length, int scale) {
    String text = value.setScale(scale).unscaledValue().toString();
    return "0".repeat(length + scale - text.length()) + text;
  }

  /// Numbers with a fixed count of digits in front of the point.
  private final class Digits {
    private final int length;
    private final String low;
    private final boolean lowInside;
    private final String high;
    private final boolean highInside;
    private final Map<Integer, Integer> nodes = new HashMap<>();

    Digits(int length, String low, boolean lowInside, String high, boolean highInside) {
      this.length = length;
      this.low = low;
      this.lowInside = lowInside;
      this.high = high;
      this.highInside = highInside;
    }

    /// The node behind `read` digits, or [Grammar#NOTHING] if no number goes on from there.
    ///
    /// @param atLow whether they are the first ones of the lowest number
    /// @param atHigh whether they are the first ones of the highest number
    private int node(int read, boolean atLow, boolean atHigh, int remainder) {
      int key = ((read * 2 + (atLow ? 1 : 0)) * 2 + (atHigh ? 1 : 0)) * bounds.multiple + remainder;
      Integer known = nodes.get(key);
      if (known != null) {
        return known;
      }
      int node = grammar.node();
      boolean alive = false;
      if (read >= length && mayStop(read, atLow, atHigh, remainder)) {
        grammar.empty(node, stop);
        alive = true;
      }
      if (read < length || (read > length && read < MAX_DIGITS)) {
        alive |= edges(node, read, atLow, atHigh, remainder);
      } else if (read == length && read < MAX_DIGITS && !bounds.integer) {
        int point = grammar.node();
        if (edges(point, read, atLow, atHigh, remainder)) {
          grammar.bytes(node, '.', '.', point);
          alive = true;
        }
      }
      nodes.put(key, alive ? node : Grammar.NOTHING);
      return alive ? node : Grammar.NOTHING;
    }

    boolean edges(int from, int read, boolean atLow, boolean atHigh, int remainder) {
      boolean any = false;
      int first = atLow ? low.charAt(read) - '0' : 0;
      int last = atHigh ? high.charAt(read) - '0' : 9;
      for (int digit = first; digit <= last; digit++) {
        boolean low = atLow && digit == first;
        boolean high = atHigh && digit == last;
        int to = node(read + 1, low, high, (remainder * 10 + digit) % bounds.multiple);
        if (to != Grammar.NOTHING) {
          grammar.bytes(from, '0' + digit, '0' + digit, to);
          any = true;
        }
      }
      return any;
    }

    private boolean mayStop(int read, boolean atLow, boolean atHigh, int remainder) {
      boolean aboveLow = !atLow || (lowInside && isZero(low, read));
      boolean belowHigh = !atHigh || highInside || !isZero(high, read);
      return aboveLow && belowHigh && remainder == 0;
    }

    private static boolean isZero(String digits, int from) {
      return digits.chars().skip(from).allMatch(c -> c == '0');
    }
  }
}
