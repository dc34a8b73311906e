package org.internvl4j.models.constraint;

import java.util.HashMap;
import java.util.Map;

/// Rules of one character of a set, in every way JSON can write it (RFC 8259, section 7): its
/// UTF-8, a short escape, `\\u` and four digits, two of them as a surrogate pair.
final class CharacterRules {
  private static final String ESCAPED = "\"\\/\b\f\n\r\t";
  private static final String ESCAPES = "\"\\/bfnrt";
  private static final CodePoints RAW = CodePoints.of(0, 0x1F).or(CodePoints.of("\"\\")).not();

  private final Grammar grammar;
  private final Map<CodePoints, Integer> rules = new HashMap<>();

  CharacterRules(Grammar grammar) {
    this.grammar = grammar;
  }

  /// @param set not empty
  int rule(CodePoints set) {
    Integer known = rules.get(set);
    if (known != null) {
      return known;
    }
    int start = grammar.node();
    rules.put(set, start);
    CodePoints raw = set.not().or(RAW.not()).not();
    for (CodePoints.Range range : raw.ranges()) {
      utf8(start, range);
    }
    int escape = grammar.behind(start, '\\');
    for (int i = 0; i < ESCAPED.length(); i++) {
      if (set.contains(ESCAPED.charAt(i))) {
        grammar.bytes(escape, ESCAPES.charAt(i), ESCAPES.charAt(i), Grammar.END);
      }
    }
    int digits = grammar.behind(escape, 'u');
    for (CodePoints.Range range : set.ranges()) {
      escaped(digits, range);
    }
    return start;
  }

  private void utf8(int from, CodePoints.Range range) {
    int[] limits = {0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
    int[] marks = {0, 0xC0, 0xE0, 0xF0};
    int low = range.first();
    for (int more = 0; more < 4 && low <= range.last(); more++) {
      int high = Math.min(range.last(), limits[more]);
      if (low <= high) {
        new Symbols(6, more, marks[more], false).sequence(from, low, high, Grammar.END);
        low = high + 1;
      }
    }
  }

  private void escaped(int from, CodePoints.Range range) {
    Symbols hex = new Symbols(4, 3, 0, true);
    if (range.first() <= 0xFFFF) {
      hex.sequence(from, range.first(), Math.min(range.last(), 0xFFFF), Grammar.END);
    }
    if (range.last() > 0xFFFF) {
      int first = Math.max(range.first(), 0x10000) - 0x10000;
      int last = range.last() - 0x10000;
      if (first >> 10 == last >> 10) {
        pairs(from, first >> 10, last >> 10, first & 0x3FF, last & 0x3FF);
        return;
      }
      pairs(from, first >> 10, first >> 10, first & 0x3FF, 0x3FF);
      pairs(from, (first >> 10) + 1, (last >> 10) - 1, 0, 0x3FF);
      pairs(from, last >> 10, last >> 10, 0, last & 0x3FF);
    }
  }

  private void pairs(int from, int highFirst, int highLast, int lowFirst, int lowLast) {
    if (highFirst <= highLast) {
      Symbols hex = new Symbols(4, 3, 0, true);
      int between = grammar.node();
      hex.sequence(from, 0xD800 + highFirst, 0xD800 + highLast, between);
      int low = grammar.behind(grammar.behind(between, '\\'), 'u');
      hex.sequence(low, 0xDC00 + lowFirst, 0xDC00 + lowLast, Grammar.END);
    }
  }

  /// Numbers written as a first symbol and some more, the highest bits first: as hexadecimal
  /// digits, or as bytes of UTF-8, of which the first begins with a mark.
  private final class Symbols {
    private final int bits;
    private final int more;
    private final int mark;
    private final boolean hex;

    Symbols(int bits, int more, int mark, boolean hex) {
      this.bits = bits;
      this.more = more;
      this.mark = mark;
      this.hex = hex;
    }

    void sequence(int from, int low, int high, int to) {
      sequence(from, low, high, more, to);
    }

    private void sequence(int from, int low, int high, int left, int to) {
      if (left == 0) {
        symbol(from, low, high, left, to);
        return;
      }
      int shift = bits * left;
      int rest = (1 << shift) - 1;
      int first = low >> shift;
      int last = high >> shift;
      if (first == last) {
        int then = grammar.node();
        symbol(from, first, first, left, then);
        sequence(then, low & rest, high & rest, left - 1, to);
        return;
      }
      if ((low & rest) != 0) {
        sequence(from, low, first << shift | rest, left, to);
        first++;
      }
      if ((high & rest) != rest) {
        sequence(from, last << shift, high, left, to);
        last--;
      }
      if (first <= last) {
        int then = grammar.node();
        symbol(from, first, last, left, then);
        sequence(then, 0, rest, left - 1, to);
      }
    }

    private void symbol(int from, int first, int last, int left, int to) {
      if (!hex) {
        int base = left == more ? mark : 0x80;
        grammar.bytes(from, base + first, base + last, to);
        return;
      }
      if (first <= 9) {
        grammar.bytes(from, '0' + first, '0' + Math.min(last, 9), to);
      }
      if (last > 9) {
        int low = Math.max(first, 10) - 10;
        grammar.bytes(from, 'a' + low, 'a' + last - 10, to);
        grammar.bytes(from, 'A' + low, 'A' + last - 10, to);
      }
    }
  }
}
