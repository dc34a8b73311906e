package org.internvl4j.media.pdf;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Pages as people name them: `3`, `1-3,7`, `5-` to the end, `-2` from the first.
final class PageRanges {
  private static final Pattern RANGE = Pattern.compile("(\\d{1,9})|(\\d{1,9})?-(\\d{1,9})?");

  private PageRanges() {}

  /// @param text blank for all pages
  /// @param pages how many there are, at least 1
  /// @return pages, counted from 1, in the order named
  /// @throws IllegalArgumentException if it is no such list, or names pages that are not there
  /// @throws PdfException if it names more than `most`
  static int[] parse(String text, int pages, int most, String file) {
    List<Integer> named = new ArrayList<>();
    for (String part : (text.isBlank() ? "-" : text).split(",", -1)) {
      Matcher range = RANGE.matcher(part.strip());
      if (!range.matches() || (part.strip().equals("-") && !text.isBlank())) {
        throw new IllegalArgumentException(
            "pages: '%s' is no list of pages, expected one like 1-3,7".formatted(text));
      }
      int from = number(range.group(1) == null ? range.group(2) : range.group(1), 1);
      int to = number(range.group(1) == null ? range.group(3) : range.group(1), pages);
      if (from < 1 || to < from || to > pages) {
        throw new IllegalArgumentException(
            "pages: '%s' asks for pages %d to %d, %s has 1 to %d"
                .formatted(text, from, to, file, pages));
      }
      if (to - from >= most - named.size()) {
        throw new PdfException(
            "%s: %d pages, at most %d are read at once; name fewer, such as 1-%d"
                .formatted(file, named.size() + to - from + 1, most, Math.min(most, pages)));
      }
      for (int page = from; page <= to; page++) {
        named.add(page);
      }
    }
    return named.stream().mapToInt(Integer::intValue).toArray();
  }

  private static int number(@Nullable String digits, int otherwise) {
    return digits == null ? otherwise : Integer.parseInt(digits);
  }
}
