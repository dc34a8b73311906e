package org.internvl4j.models;

import java.util.List;
import org.internvl4j.models.chat.MarkedText;
import org.internvl4j.models.chat.Marks;
import org.internvl4j.models.image.Tiles;

/// A question as the model gets to see it: a mark in the text for each picture, pictures cut.
///
/// @param text with marks
/// @param pictures in the order of their marks
record Asked(MarkedText text, List<Tiles> pictures) {
  /// Places the marks and cuts the pictures of a question.
  ///
  /// @param earlier pictures of the conversation so far
  /// @throws IllegalArgumentException if marks and pictures do not match
  static Asked of(VisionLanguageModel model, Question question, int earlier) {
    List<Tiles> pictures = model.tiles(question);
    MarkedText text =
        new MarkedText(question.text(), question.marks())
            .placed(pictures.size(), earlier, model.template().numbersPictures());
    int marks = text.marks().size();
    if (marks == 1 && pictures.size() > 1) {
      pictures = List.of(Tiles.concat(pictures));
    }
    if (marks != pictures.size() && !pictures.isEmpty()) {
      throw new IllegalArgumentException(
          "question: has %d %s %s but %d %s; write one mark a picture, a single one, or none"
              .formatted(
                  marks,
                  marks == 1 ? "mark" : "marks",
                  Marks.IMAGE,
                  pictures.size(),
                  pictures.size() == 1 ? "picture" : "pictures"));
    }
    return new Asked(text, pictures);
  }
}
