package org.internvl4j.models.chat;

import java.util.List;
import org.internvl4j.models.text.PromptText;

/// A text, and where in it the marks of pictures are. What looks like a mark elsewhere is text.
///
/// @param marks where each begins, growing
public record MarkedText(String text, List<Integer> marks) {
  /// @throws IllegalArgumentException if a mark is not where it is said to be
  public MarkedText {
    marks = List.copyOf(marks);
    int from = 0;
    for (int at : marks) {
      if (at < from || !text.startsWith(Marks.IMAGE, at)) {
        throw new IllegalArgumentException(
            "question: a mark is said to begin at character %d, expected %s there, behind the mark before"
                .formatted(at, Marks.IMAGE));
      }
      from = at + Marks.IMAGE.length();
    }
  }

  /// The same with marks in front if it has none, numbered on through the conversation where there
  /// are several.
  ///
  /// @param images pictures of this text
  /// @param earlier pictures of the conversation so far
  /// @param numbered whether several are numbered
  public MarkedText placed(int images, int earlier, boolean numbered) {
    if (images == 0 || !marks.isEmpty()) {
      return this;
    }
    String front = front(images, earlier, numbered);
    return new MarkedText(front + text, Marks.find(front));
  }

  private static String front(int images, int earlier, boolean numbered) {
    String line = Marks.IMAGE + "\n";
    if (!numbered || (images == 1 && earlier == 0)) {
      return line.repeat(images);
    }
    StringBuilder front = new StringBuilder();
    for (int i = 1; i <= images; i++) {
      front.append("Image-").append(earlier + i).append(": ").append(line);
    }
    return front.toString();
  }

  /// Replaces each mark by the tokens of its picture; marks beyond the pictures stay text.
  ///
  /// @param tokens image tokens of each picture, of which there are no more than marks
  public PromptText expand(List<Integer> tokens) {
    return expand(tokens, "<img>", "</img>");
  }

  /// As [#expand(List)], with other tokens around.
  ///
  /// @param before each picture
  /// @param after each picture
  public PromptText expand(List<Integer> tokens, String before, String after) {
    PromptText.Builder expanded = PromptText.builder();
    int from = 0;
    for (int i = 0; i < tokens.size(); i++) {
      int at = marks.get(i);
      expanded
          .literal(text.substring(from, at))
          .trusted(before + Marks.CONTEXT.repeat(tokens.get(i)) + after);
      from = at + Marks.IMAGE.length();
    }
    return expanded.literal(text.substring(from)).build();
  }
}
