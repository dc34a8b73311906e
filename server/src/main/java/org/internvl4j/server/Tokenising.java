package org.internvl4j.server;

import org.internvl4j.models.Dialogue;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.text.Tokenizer;

/// What it takes to turn the texts of a request into tokens, known before it is done: it cannot be
/// stopped, and takes far more memory than the text.
///
/// @param characters the most that a request may have; more would not fit the context if each of
///   its tokens were the longest there is
/// @param context tokens
record Tokenising(long characters, int context) {
  /// Bytes for each of a text in UTF-8: its symbols and their neighbours, merges that are still to
  /// be done, and what comes of it.
  private static final long MEMORY = 64;

  /// That of a model.
  static Tokenising of(VisionLanguageModel model) {
    Tokenizer tokenizer = model.tokenizer();
    int longest = 1;
    for (int id = 0; id < tokenizer.size(); id++) {
      longest = Math.max(longest, tokenizer.bytes(id).length);
    }
    return new Tokenising((long) longest * model.context(), model.context());
  }

  /// Bytes of memory that a text takes.
  ///
  /// @throws ApiException if it is longer than any that fits the context
  long memory(String text) {
    requireFits(text.length());
    return MEMORY * utf8(text);
  }

  /// Bytes of memory that the texts of a dialogue take.
  ///
  /// @throws ApiException if they are longer than any that fit the context
  long memory(Dialogue dialogue) {
    String system = dialogue.system() == null ? "" : dialogue.system();
    String question = dialogue.question().text();
    long all = (long) system.length() + question.length();
    for (Dialogue.Earlier turn : dialogue.earlier()) {
      all += (long) turn.question().text().length() + turn.answer().length();
    }
    requireFits(all);
    long bytes = utf8(system) + utf8(question);
    for (Dialogue.Earlier turn : dialogue.earlier()) {
      bytes += utf8(turn.question().text()) + utf8(turn.answer());
    }
    return MEMORY * bytes;
  }

  private void requireFits(long length) {
    if (length > characters) {
      throw new ApiException(
          400,
          "context_length_exceeded",
          "prompt: is %d characters long, more than %d, the most that the %d tokens of the context can stand for; shorten it"
              .formatted(length, characters, context));
    }
  }

  /// Bytes of a text, or a few more.
  private static long utf8(String text) {
    long bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
    }
    return bytes;
  }
}
