package org.internvl4j.models.grounding;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.chat.Marks;
import org.jspecify.annotations.Nullable;

/// Reads the boxes of an answer, and asks for them.
///
/// The form is `<ref>label</ref><box>[[x1, y1, x2, y2], …]</box>`. Models do not always keep to it,
/// so a `<box>` may lack its `<ref>`, its outer brackets or its end, and a list may follow `</ref>`
/// at once. A box takes the label in front of it; another one takes the same only if nothing but
/// white space and commas lies between. In a text without marks, as the reference's `chat()` gives
/// it, `car[[561, 660, 695, 1000]]` is read: two brackets, four numbers, and for a label what
/// stands before them on the line.
///
/// A box has four numbers in brackets, else it is none; the last one of an answer that was cut off
/// is dropped unless it is whole. Fractions are rounded, numbers outside 0 … 1000 moved to the
/// edge, exchanged corners put right.
public final class Grounding {
  private static final String ASKING =
      "Please provide the bounding box coordinate of the region this sentence describes: ";
  private static final String COMMAS = ",，";
  private static final String PUNCTUATION = ",;.:!?，；。：！？、-*•";

  private final String text;
  private final List<Found> found = new ArrayList<>();
  private @Nullable String label; // that the next boxes take
  private boolean taken; // by the boxes found last

  private Grounding(String text) {
    this.text = text;
  }

  /// A region in the making.
  private record Found(String label, List<Box> boxes) {}

  /// The regions of an answer in their order; each has a box. Takes time in proportion to the text.
  public static List<Region> parse(String text) {
    Grounding grounding = new Grounding(text);
    if (Mark.next(text, 0) == null) {
      grounding.readPlain();
    } else {
      grounding.readMarked();
    }
    return grounding.found.stream().map(f -> new Region(f.label, f.boxes)).toList();
  }

  /// The question where something is, in the words of the published evaluations.
  ///
  /// @param what `the cat on the left`
  /// @throws IllegalArgumentException if it is blank or has a mark in it
  public static String question(String what) {
    if (what.isBlank()) {
      throw new IllegalArgumentException("find: what to look for is empty, expected a few words");
    }
    Mark.Found mark = Mark.next(what, 0);
    if (mark != null || what.contains(Marks.IMAGE)) {
      throw new IllegalArgumentException(
          "find: what to look for has the mark %s in it, expected words alone"
              .formatted(mark == null ? Marks.IMAGE : mark.kind().text));
    }
    return ASKING + Mark.REF.text + what.strip() + Mark.REF_END.text;
  }

  // ---- with marks

  private void readMarked() {
    Mark open = null; // the mark in front of `from`
    int from = 0;
    Mark.Found mark;
    while ((mark = Mark.next(text, from)) != null) {
      read(open, from, mark.from());
      open = mark.kind();
      from = mark.to();
    }
    read(open, from, text.length());
  }

  private void read(@Nullable Mark behind, int from, int to) {
    switch (behind) {
      case REF -> {
        label = text.substring(from, to).strip();
        taken = false;
      }
      case REF_END -> {
        int at = skip(from, to, "");
        if (at < to && text.charAt(at) == '[') {
          List<Box> boxes = new ArrayList<>();
          list(at, to, boxes);
          add(boxes);
        }
      }
      case BOX -> {
        List<Box> boxes = new ArrayList<>();
        for (int at = text.indexOf('[', from, to); at >= 0; at = text.indexOf('[', at, to)) {
          at = list(at, to, boxes);
        }
        add(boxes);
      }
      case BOX_END -> {
        if (taken && skip(from, to, COMMAS) < to) {
          label = null;
          taken = false;
        }
      }
      case null -> {}
    }
  }

  private void add(List<Box> boxes) {
    if (boxes.isEmpty()) {
      return;
    }
    if (taken) {
      found.getLast().boxes.addAll(boxes);
    } else {
      taken = label != null;
      found.add(new Found(label == null ? "" : label, boxes));
    }
  }

  // ---- without

  private void readPlain() {
    int from = 0; // of the label
    for (int at = text.indexOf('['); at >= 0; at = text.indexOf('[', at)) {
      int start = at;
      List<Box> boxes = new ArrayList<>();
      int second = skip(at + 1, text.length(), "");
      boolean isList = second < text.length() && text.charAt(second) == '[';
      at = isList ? list(at, text.length(), boxes) : at + 1;
      if (!boxes.isEmpty()) {
        found.add(new Found(labelBefore(from, start), boxes));
        from = at;
      }
    }
  }

  /// What stands on the line of `to`, without white space and punctuation at its ends.
  private String labelBefore(int from, int to) {
    int first = to;
    while (first > from && text.charAt(first - 1) != '\n') {
      first--;
    }
    first = skip(first, to, PUNCTUATION);
    int last = to;
    while (last > first && skip(last - 1, last, PUNCTUATION) == last) {
      last--;
    }
    return text.substring(first, last);
  }

  // ---- brackets and numbers

  /// Reads boxes from the bracket at `at` up to the one that closes it, or to what belongs in no
  /// list.
  ///
  /// @return where that is, behind `at`
  private int list(int at, int to, List<Box> boxes) {
    int depth = 0;
    do {
      char c = text.charAt(at);
      Numbers four = c == '[' ? Numbers.four(text, at + 1, to) : null;
      if (four != null) {
        boxes.add(four.box());
        at = four.end();
      } else if (c == '[' || c == ']') {
        depth += c == '[' ? 1 : -1;
        at++;
      } else {
        return at;
      }
      at = depth > 0 ? skip(at, to, COMMAS) : at;
    } while (depth > 0 && at < to);
    return at;
  }

  /// The first place from `from` on that has neither white space nor one of `others`.
  private int skip(int from, int to, String others) {
    return Numbers.skip(text, from, to, others);
  }
}
