package org.internvl4j.models;

import java.util.List;
import org.internvl4j.models.chat.MarkedText;
import org.internvl4j.models.chat.Marks;
import org.internvl4j.models.text.IntList;
import org.internvl4j.models.text.PromptText;
import org.internvl4j.models.text.Tokenizer;

/// How pictures stand among the tokens of a prompt.
sealed interface PicturePlaces {
  /// The id at every place that an image token goes to.
  int id();

  /// A question with places for its pictures in it.
  ///
  /// @param text with a mark for each picture
  /// @param tokens image tokens of each picture
  PromptText expand(MarkedText text, List<Integer> tokens);

  /// The ids of a whole prompt.
  int[] encode(PromptText prompt);

  /// Tokens of the vocabulary, between two that begin and end a picture.
  ///
  /// @param id of the token that a tile is many of
  record Tokens(Tokenizer tokenizer, int id) implements PicturePlaces {
    @Override
    public PromptText expand(MarkedText text, List<Integer> tokens) {
      return text.expand(tokens);
    }

    @Override
    public int[] encode(PromptText prompt) {
      return tokenizer.encode(prompt);
    }
  }

  /// Nothing that the vocabulary knows: the text before a picture and the text behind it are
  /// encoded apart, as if each were a text of its own, but for the token that a text begins with
  /// (`tokenizer_image_token` of LLaVA).
  record Gaps(Tokenizer tokenizer) implements PicturePlaces {
    /// One that no token has.
    @Override
    public int id() {
      return tokenizer.size();
    }

    @Override
    public PromptText expand(MarkedText text, List<Integer> tokens) {
      return text.expand(tokens, "", "");
    }

    @Override
    public int[] encode(PromptText prompt) {
      int begin = tokenizer.encode(PromptText.literal("")).length;
      IntList ids = new IntList();
      List<PromptText> parts = prompt.split(Marks.CONTEXT);
      for (int i = 0; i < parts.size(); i++) {
        if (i > 0) {
          ids.add(id());
        }
        if (i == 0 || !parts.get(i).isEmpty()) { // nothing between two places of one picture
          int[] part = tokenizer.encode(parts.get(i));
          for (int t = i == 0 ? 0 : begin; t < part.length; t++) {
            ids.add(part[t]);
          }
        }
      }
      return ids.toArray();
    }
  }
}
