package org.internvl4j.server;

import java.util.Arrays;
import java.util.List;
import org.internvl4j.models.PromptTooLongException;
import org.internvl4j.models.Question;
import org.internvl4j.models.text.PromptText;
import org.internvl4j.models.text.Specials;
import org.internvl4j.models.text.Tokenizer;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.Reply;
import org.internvl4j.serving.Request;

/// Leaves out the end of texts that are too long to be embedded, pictures stay.
///
/// @param characters the most that can fit
record Shortening(Tokenizer tokenizer, long characters) {
  /// What of a text may fit, its tokens not counted yet.
  Question first(Question question) {
    String text = question.text();
    return text.length() <= characters ? question : first(question, (int) characters);
  }

  /// Submits as much of a text as fits.
  ///
  /// @throws PromptTooLongException if the pictures alone do not
  Reply submit(Engine engine, Request request) {
    Question question = request.dialogue().question();
    while (true) {
      try {
        return engine.submit(Request.embedding(question, request.client(), request.deadline()));
      } catch (PromptTooLongException e) {
        question = without(question, e.promptTokens() - e.context() + 1, e);
      }
    }
  }

  /// Without the last tokens of the text, or a few more.
  private Question without(Question question, int tokens, PromptTooLongException tooLong) {
    int[] ids = tokenizer.encode(PromptText.literal(question.text()));
    if (tokens >= ids.length) {
      throw tooLong;
    }
    int[] left = Arrays.copyOf(ids, ids.length - tokens);
    int length = tokenizer.decode(left, Specials.SKIP).length();
    return first(question, Math.min(length, question.text().length() - 1));
  }

  private static Question first(Question question, int length) {
    String text = question.text();
    boolean isSplit = length > 0 && Character.isHighSurrogate(text.charAt(length - 1));
    int end = isSplit ? length - 1 : length;
    List<Integer> marks =
        question.marks().stream()
            .filter(mark -> mark + Question.IMAGE_MARK.length() <= end)
            .toList();
    return new Question(text.substring(0, end), question.images(), question.maxTiles(), marks);
  }
}
