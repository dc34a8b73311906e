package org.internvl4j.models.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A text that knows which of its characters are trusted and which are literal.
///
/// Trusted text comes from a template: `<|im_start|>` in it is the token of that name. Literal text
/// comes from a user: `<|im_start|>` in it is twelve ordinary characters.
///
/// Immutable, safe for use by several threads.
public final class PromptText {
  private static final PromptText EMPTY = new PromptText("", new int[0], false);

  private final String text;

  /// Where the kind changes, ascending, each in `1 … text.length() - 1`.
  private final int[] changes;

  /// Whether the first character is trusted.
  private final boolean trustedFirst;

  private PromptText(String text, int[] changes, boolean trustedFirst) {
    this.text = text;
    this.changes = changes;
    this.trustedFirst = trustedFirst;
  }

  /// A text in which added tokens are tokens.
  public static PromptText trusted(String text) {
    return text.isEmpty() ? EMPTY : new PromptText(text, new int[0], true);
  }

  /// A text in which every character stands for itself.
  public static PromptText literal(String text) {
    return text.isEmpty() ? EMPTY : new PromptText(text, new int[0], false);
  }

  /// A text of several parts.
  public static Builder builder() {
    return new Builder();
  }

  /// How often `mark` stands in the text, counted from the left without overlap.
  ///
  /// @throws IllegalArgumentException if `mark` is empty
  public int count(String mark) {
    int count = 0;
    for (int at = find(mark, 0); at >= 0; at = find(mark, at + mark.length())) {
      count++;
    }
    return count;
  }

  /// This text with `by` in place of the first `mark` from the left, in trusted or literal text
  /// alike; this text itself if there is none.
  ///
  /// @throws IllegalArgumentException if `mark` is empty
  public PromptText replaceFirst(String mark, PromptText by) {
    int at = find(mark, 0);
    if (at < 0) {
      return this;
    }
    return builder()
        .append(this, 0, at)
        .append(by)
        .append(this, at + mark.length(), text.length())
        .build();
  }

  /// The texts before, between and behind every trusted `mark`, from the left; one more than there
  /// are marks.
  ///
  /// @throws IllegalArgumentException if `mark` is empty
  public List<PromptText> split(String mark) {
    List<PromptText> parts = new ArrayList<>();
    int from = 0;
    for (int at = find(mark, 0); at >= 0; at = find(mark, at + 1)) {
      if (at >= from && isTrusted(at, at + mark.length())) {
        parts.add(builder().append(this, from, at).build());
        from = at + mark.length();
      }
    }
    parts.add(builder().append(this, from, text.length()).build());
    return parts;
  }

  /// Whether it has no characters.
  public boolean isEmpty() {
    return text.isEmpty();
  }

  /// How many UTF-16 units it has.
  public int length() {
    return text.length();
  }

  /// Whether `[from, to)` is trusted from end to end.
  boolean isTrusted(int from, int to) {
    return kindAt(from) && change(from) == change(to - 1);
  }

  /// Whether `[from, to)` is literal from end to end.
  boolean isLiteral(int from, int to) {
    return !kindAt(from) && change(from) == change(to - 1);
  }

  /// The same spans over another text of the same length.
  PromptText withText(String other) {
    return new PromptText(other, changes, trustedFirst);
  }

  private boolean kindAt(int index) {
    return trustedFirst == ((change(index) & 1) == 0);
  }

  /// The number of the span that holds `index`.
  private int change(int index) {
    int at = Arrays.binarySearch(changes, index);
    return at >= 0 ? at + 1 : -at - 1;
  }

  private int find(String mark, int from) {
    if (mark.isEmpty()) {
      throw new IllegalArgumentException("the mark to look for is empty");
    }
    return text.indexOf(mark, from);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof PromptText p
        && text.equals(p.text)
        && trustedFirst == p.trustedFirst
        && Arrays.equals(changes, p.changes);
  }

  @Override
  public int hashCode() {
    return text.hashCode() * 31 + Arrays.hashCode(changes) + Boolean.hashCode(trustedFirst);
  }

  /// The whole text, without its marks.
  @Override
  public String toString() {
    return text;
  }

  /// Puts a text together. For one thread.
  public static final class Builder {
    private final StringBuilder text = new StringBuilder();
    private final IntList changes = new IntList();
    private boolean trustedFirst;
    private boolean trustedLast;

    private Builder() {}

    /// Adds a text in which added tokens are tokens.
    public Builder trusted(String part) {
      return append(part, 0, part.length(), true);
    }

    /// Adds a text in which every character stands for itself.
    public Builder literal(String part) {
      return append(part, 0, part.length(), false);
    }

    /// Adds a text with its marks.
    public Builder append(PromptText part) {
      return append(part, 0, part.length());
    }

    /// The text so far.
    public PromptText build() {
      return text.isEmpty()
          ? EMPTY
          : new PromptText(text.toString(), changes.toArray(), trustedFirst);
    }

    private Builder append(PromptText part, int from, int to) {
      int at = from;
      while (at < to) {
        int span = part.change(at);
        int end = span < part.changes.length ? Math.min(to, part.changes[span]) : to;
        append(part.text, at, end, part.kindAt(at));
        at = end;
      }
      return this;
    }

    private Builder append(String part, int from, int to, boolean trusted) {
      if (from == to) {
        return this;
      }
      if (text.isEmpty()) {
        trustedFirst = trusted;
      } else if (trusted != trustedLast) {
        changes.add(text.length());
      }
      trustedLast = trusted;
      text.append(part, from, to);
      return this;
    }
  }
}
