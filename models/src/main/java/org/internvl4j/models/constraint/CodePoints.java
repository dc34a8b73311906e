package org.internvl4j.models.constraint;

import java.util.ArrayList;
import java.util.List;

/// A set of Unicode characters, surrogates left out: disjoint ranges in ascending order.
record CodePoints(List<Range> ranges) {
  /// From the first to the last, both in it.
  record Range(int first, int last) {}

  static final CodePoints NONE = new CodePoints(List.of());
  static final CodePoints ALL =
      new CodePoints(List.of(new Range(0, 0xD7FF), new Range(0xE000, 0x10FFFF)));

  static CodePoints of(int first, int last) {
    return normal(List.of(new Range(first, last)));
  }

  /// All characters of a text.
  static CodePoints of(String characters) {
    return normal(characters.codePoints().mapToObj(c -> new Range(c, c)).toList());
  }

  boolean isEmpty() {
    return ranges.isEmpty();
  }

  CodePoints or(CodePoints other) {
    List<Range> all = new ArrayList<>(ranges);
    all.addAll(other.ranges);
    return normal(all);
  }

  CodePoints not() {
    List<Range> rest = new ArrayList<>();
    int from = 0;
    for (Range range : ranges) {
      if (from < range.first) {
        rest.add(new Range(from, range.first - 1));
      }
      from = range.last + 1;
    }
    if (from <= 0x10FFFF) {
      rest.add(new Range(from, 0x10FFFF));
    }
    return normal(rest);
  }

  boolean contains(int c) {
    int low = 0;
    int high = ranges.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ranges.get(middle).last < c) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < ranges.size() && ranges.get(low).first <= c;
  }

  static CodePoints normal(List<Range> any) {
    List<Range> whole = new ArrayList<>();
    for (Range range : any) {
      add(whole, range.first, Math.min(range.last, 0xD7FF));
      add(whole, Math.max(range.first, 0xE000), range.last);
    }
    whole.sort((a, b) -> Integer.compare(a.first, b.first));
    List<Range> joined = new ArrayList<>();
    for (Range range : whole) {
      Range last = joined.isEmpty() ? null : joined.getLast();
      if (last != null && range.first <= last.last + 1) {
        joined.set(joined.size() - 1, new Range(last.first, Math.max(last.last, range.last)));
      } else {
        joined.add(range);
      }
    }
    return new CodePoints(List.copyOf(joined));
  }

  private static void add(List<Range> ranges, int first, int last) {
    if (first <= last) {
      ranges.add(new Range(first, last));
    }
  }
}
