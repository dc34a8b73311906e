package org.internvl4j.models.chat;

import java.util.List;
import org.internvl4j.models.text.PromptText;

/// Where pictures stand in a text.
public final class Marks {
  /// The mark of one picture; plain text, not a token.
  public static final String IMAGE = "<image>";

  /// The token that a tile is many of.
  public static final String CONTEXT = "<IMG_CONTEXT>";

  private Marks() {}

  /// Puts marks into a text that has none: in front, numbered on through the conversation where
  /// there are several.
  ///
  /// @param images pictures of this question
  /// @param earlier pictures of the conversation so far
  /// @param numbered whether several are numbered
  public static String place(String text, int images, int earlier, boolean numbered) {
    if (images == 0 || text.contains(IMAGE)) {
      return text;
    }
    if (!numbered) {
      return (IMAGE + "\n").repeat(images) + text;
    }
    if (images == 1 && earlier == 0) {
      return IMAGE + "\n" + text;
    }
    StringBuilder placed = new StringBuilder();
    for (int i = 1; i <= images; i++) {
      placed.append("Image-").append(earlier + i).append(": ").append(IMAGE).append('\n');
    }
    return placed.append(text).toString();
  }

  /// How many marks a text has.
  public static int count(String text) {
    int count = 0;
    for (int at = text.indexOf(IMAGE); at >= 0; at = text.indexOf(IMAGE, at + IMAGE.length())) {
      count++;
    }
    return count;
  }

  /// Replaces each mark by the tokens of its picture; marks beyond the pictures stay text.
  ///
  /// @param text what the user wrote; control tokens in it stay text
  /// @param tokens image tokens of each picture
  public static PromptText expand(String text, List<Integer> tokens) {
    return expand(text, tokens, "<img>", "</img>");
  }

  /// As [#expand(String, List)], with other tokens around.
  ///
  /// @param before each picture
  /// @param after each picture
  public static PromptText expand(String text, List<Integer> tokens, String before, String after) {
    PromptText.Builder expanded = PromptText.builder();
    int from = 0;
    for (int count : tokens) {
      int at = text.indexOf(IMAGE, from);
      expanded.literal(text.substring(from, at)).trusted(before + CONTEXT.repeat(count) + after);
      from = at + IMAGE.length();
    }
    return expanded.literal(text.substring(from)).build();
  }
}
