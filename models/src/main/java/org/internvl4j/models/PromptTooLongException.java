package org.internvl4j.models;

/// A prompt does not fit the model's context. Nothing was computed and the conversation is as
/// before.
public final class PromptTooLongException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int promptTokens;
  private final int context;

  PromptTooLongException(String message, int promptTokens, int context) {
    super(message);
    this.promptTokens = promptTokens;
    this.context = context;
  }

  /// Tokens of the prompt, those of pictures included.
  public int promptTokens() {
    return promptTokens;
  }

  /// Tokens that the model can hold.
  public int context() {
    return context;
  }
}
