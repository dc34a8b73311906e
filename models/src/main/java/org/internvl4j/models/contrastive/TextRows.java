package org.internvl4j.models.contrastive;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.contrastive.Sights.Sight;
import org.internvl4j.runtime.Mask;

/// Texts as rows of one pass: of each text first the tokens that can be seen, in their order, then
/// those that cannot, which have id 0 — padding, and pieces that the vocabulary lacks.
///
/// A token sees the visible ones up to itself, whether it is one of them or not.
///
/// @param ids of the rows
/// @param rows the row of each token of each text, in the text's order
record TextRows(int[] ids, List<int[]> rows, Sights sights) {
  /// @param texts ids of each; the first of a text is not 0
  static TextRows of(List<int[]> texts) {
    int count = texts.stream().mapToInt(t -> t.length).sum();
    int[] ids = new int[count];
    int[] positions = new int[count];
    List<int[]> rows = new ArrayList<>();
    List<Sight> sights = new ArrayList<>();
    int at = 0;
    for (int[] text : texts) {
      int[] row = new int[text.length];
      int first = at;
      for (boolean visible : new boolean[] {true, false}) {
        for (int t = 0; t < text.length; t++) {
          if ((text[t] != 0) == visible) {
            row[t] = at;
            ids[at] = text[t];
            positions[at++] = t;
          }
        }
      }
      rows.add(row);
      see(text, first, sights);
    }
    return new TextRows(ids, rows, new Sights(positions, sights));
  }

  /// @param first row of the text
  private static void see(int[] text, int first, List<Sight> sights) {
    int visible = 0;
    for (int id : text) {
      visible += id == 0 ? 0 : 1;
    }
    sights.add(new Sight(first, visible, first, visible, Mask.causal(0)));
    int hidden = first + visible;
    for (int t = 0, seen = 0, run = 0; t < text.length; t++) {
      seen += text[t] == 0 ? 0 : 1;
      run += text[t] == 0 ? 1 : 0;
      boolean ends = run > 0 && (t + 1 == text.length || text[t + 1] != 0);
      if (ends) {
        sights.add(new Sight(hidden, run, first, seen, Mask.NONE));
        hidden += run;
        run = 0;
      }
    }
  }
}
