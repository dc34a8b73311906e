package org.internvl4j.models.chat;

import java.util.ArrayList;
import java.util.List;

/// What stands for a picture in a text.
public final class Marks {
  /// The mark of one picture; plain text, not a token.
  public static final String IMAGE = "<image>";

  /// The token that a tile is many of.
  public static final String CONTEXT = "<IMG_CONTEXT>";

  private Marks() {}

  /// Where in a text `<image>` stands, whoever wrote it.
  public static List<Integer> find(String text) {
    List<Integer> found = new ArrayList<>();
    for (int at = text.indexOf(IMAGE); at >= 0; at = text.indexOf(IMAGE, at + IMAGE.length())) {
      found.add(at);
    }
    return found;
  }
}
