package org.internvl4j.models.grounding;

import org.jspecify.annotations.Nullable;

/// The tokens around labels and boxes.
enum Mark {
  REF("<ref>"),
  REF_END("</ref>"),
  BOX("<box>"),
  BOX_END("</box>");

  final String text;

  Mark(String text) {
    this.text = text;
  }

  /// A mark in a text: `[from, to)`.
  record Found(Mark kind, int from, int to) {}

  /// The first mark of a text from `from` on; null if there is none.
  static @Nullable Found next(String text, int from) {
    for (int at = text.indexOf('<', from); at >= 0; at = text.indexOf('<', at + 1)) {
      for (Mark mark : values()) {
        if (text.startsWith(mark.text, at)) {
          return new Found(mark, at, at + mark.text.length());
        }
      }
    }
    return null;
  }
}
