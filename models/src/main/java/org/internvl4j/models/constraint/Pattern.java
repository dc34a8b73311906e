package org.internvl4j.models.constraint;

import java.util.ArrayList;
import java.util.List;

/// A regular expression of the documented subset, as a tree.
///
/// Where Java and ECMA-262 differ, what it matches is what both match: `\s` is ASCII's white space,
/// `\S` is no white space of either.
sealed interface Pattern {
  /// One character.
  record One(CodePoints set) implements Pattern {}

  /// One after the other.
  record Sequence(List<Pattern> parts) implements Pattern {}

  /// One of them.
  record Choice(List<Pattern> parts) implements Pattern {}

  /// @param most -1 for any number
  record Repeat(Pattern part, int least, int most) implements Pattern {}

  Pattern ANYTHING = new Repeat(new One(CodePoints.ALL), 0, -1);

  /// @param where it stands, for errors
  static Pattern parse(String text, String where) {
    return new Parser(text, where).whole();
  }

  /// Reads a pattern from left to right.
  final class Parser {
    private static final int MAX_LENGTH = 1000;
    private static final int MAX_DEPTH = 50;
    private static final int MAX_COUNT = 1000;
    private static final CodePoints DIGIT = CodePoints.of('0', '9');
    private static final CodePoints WORD =
        DIGIT.or(CodePoints.of('a', 'z')).or(CodePoints.of('A', 'Z')).or(CodePoints.of("_"));
    private static final CodePoints SPACE = CodePoints.of(" \t\n\u000B\f\r");
    private static final CodePoints ANY_SPACE =
        SPACE
            .or(CodePoints.of("\u0085\u00A0\u1680\u2028\u2029\u202F\u205F\u3000\uFEFF"))
            .or(CodePoints.of(0x2000, 0x200A));
    private static final CodePoints DOT = CodePoints.of("\n\r\u0085\u2028\u2029").not();

    private final String text;
    private final String where;
    private int at;
    private int depth;

    Parser(String text, String where) {
      this.text = text;
      this.where = where;
      if (text.length() > MAX_LENGTH) {
        throw refused("it has " + text.length() + " characters, at most " + MAX_LENGTH + " may be");
      }
    }

    Pattern whole() {
      List<Pattern> branches = new ArrayList<>();
      do {
        List<Pattern> parts = new ArrayList<>();
        if (!take('^')) {
          parts.add(ANYTHING);
        }
        parts.add(sequence());
        if (!take('$')) {
          parts.add(ANYTHING);
        }
        branches.add(new Sequence(parts));
      } while (take('|'));
      if (at < text.length()) {
        throw refused(
            text.charAt(at) == ')' ? "a ) without (" : "an anchor that is not at an end of it");
      }
      return new Choice(branches);
    }

    private Pattern sequence() {
      List<Pattern> parts = new ArrayList<>();
      while (at < text.length() && "|)^$".indexOf(text.charAt(at)) < 0) {
        parts.add(repeated(atom()));
      }
      return new Sequence(parts);
    }

    private Pattern choice() {
      List<Pattern> branches = new ArrayList<>();
      do {
        branches.add(sequence());
      } while (take('|'));
      return new Choice(branches);
    }

    private Pattern atom() {
      int c = next();
      return switch (c) {
        case '(' -> group();
        case '[' -> new One(characters());
        case '.' -> new One(DOT);
        case '\\' -> new One(escape(false));
        case '*', '+', '?', '{' -> throw refused("nothing to repeat at character " + (at - 1));
        case ']', '}' -> throw refused("a lone " + Character.toString(c));
        default -> new One(CodePoints.of(c, c));
      };
    }

    private Pattern group() {
      if (take('?') && !take(':')) {
        throw refused("groups beginning with (? other than (?: are not supported");
      }
      if (++depth > MAX_DEPTH) {
        throw refused("groups in each other deeper than " + MAX_DEPTH);
      }
      Pattern inner = choice();
      depth--;
      if (!take(')')) {
        throw refused(
            at < text.length() ? "an anchor that is not at an end of it" : "a ( without )");
      }
      return inner;
    }

    private Pattern repeated(Pattern part) {
      Pattern result = part;
      if (take('*')) {
        result = new Repeat(part, 0, -1);
      } else if (take('+')) {
        result = new Repeat(part, 1, -1);
      } else if (take('?')) {
        result = new Repeat(part, 0, 1);
      } else if (take('{')) {
        int least = count();
        int most = take(',') ? at < text.length() && text.charAt(at) == '}' ? -1 : count() : least;
        if (!take('}') || (most >= 0 && most < least)) {
          throw refused("counts are written {2}, {2,} or {2,3}");
        }
        result = new Repeat(part, least, most);
      } else {
        return result;
      }
      take('?');
      if (at < text.length() && "*+?{".indexOf(text.charAt(at)) >= 0) {
        throw refused("a repetition of a repetition; put a group around the inner one");
      }
      return result;
    }

    private int count() {
      int start = at;
      int value = 0;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        value = Math.min(value * 10 + text.charAt(at++) - '0', MAX_COUNT + 1);
      }
      if (at == start || value > MAX_COUNT) {
        throw refused("counts are 0 … " + MAX_COUNT);
      }
      return value;
    }

    private CodePoints characters() {
      boolean negated = take('^');
      List<CodePoints.Range> ranges = new ArrayList<>();
      while (!take(']')) {
        CodePoints low = member(negated);
        boolean range =
            at + 1 < text.length() && text.charAt(at) == '-' && text.charAt(at + 1) != ']';
        if (!range) {
          ranges.addAll(low.ranges());
          continue;
        }
        at++;
        int first = single(low);
        int last = single(member(negated));
        if (last < first) {
          throw refused("a range whose end is before its beginning");
        }
        ranges.addAll(CodePoints.of(first, last).ranges());
      }
      CodePoints set = CodePoints.normal(ranges);
      return negated ? set.not() : set;
    }

    private CodePoints member(boolean negated) {
      int c = next();
      if (c == '[' || (c == '&' && at < text.length() && text.charAt(at) == '&')) {
        throw refused("write " + (c == '[' ? "\\[" : "\\&") + " inside [ ]");
      }
      return c == '\\' ? escape(negated) : CodePoints.of(c, c);
    }

    private int single(CodePoints set) {
      if (set.isEmpty()
          || set.ranges().size() != 1
          || set.ranges().getFirst().first() != set.ranges().getFirst().last()) {
        throw refused("a range that does not go from one character to another");
      }
      return set.ranges().getFirst().first();
    }

    /// @param wide whether the set is taken away, so that it has to be the larger one
    private CodePoints escape(boolean wide) {
      int c = next();
      return switch (c) {
        case 'd' -> DIGIT;
        case 'D' -> DIGIT.not();
        case 'w' -> WORD;
        case 'W' -> WORD.not();
        case 's' -> wide ? ANY_SPACE : SPACE;
        case 'S' -> (wide ? SPACE : ANY_SPACE).not();
        case 'n' -> CodePoints.of("\n");
        case 'r' -> CodePoints.of("\r");
        case 't' -> CodePoints.of("\t");
        case 'f' -> CodePoints.of("\f");
        case 'u' -> hex(4);
        case 'x' -> hex(2);
        default -> {
          if (Character.isLetterOrDigit(c)) {
            throw refused("\\" + Character.toString(c) + " is not supported");
          }
          yield CodePoints.of(c, c);
        }
      };
    }

    private CodePoints hex(int digits) {
      int value = 0;
      for (int i = 0; i < digits; i++) {
        int digit = at < text.length() ? Character.digit(text.charAt(at++), 16) : -1;
        if (digit < 0) {
          throw refused("expected " + digits + " hexadecimal digits");
        }
        value = value * 16 + digit;
      }
      if (value >= 0xD800 && value <= 0xDFFF) {
        throw refused("a surrogate; write the character itself");
      }
      return CodePoints.of(value, value);
    }

    private int next() {
      if (at == text.length()) {
        throw refused("it ends too early");
      }
      int c = text.codePointAt(at);
      at += Character.charCount(c);
      return c;
    }

    private boolean take(char c) {
      if (at < text.length() && text.charAt(at) == c) {
        at++;
        return true;
      }
      return false;
    }

    private SchemaException refused(String why) {
      return SchemaException.at(where, "is a pattern that cannot be used: " + why);
    }
  }
}
