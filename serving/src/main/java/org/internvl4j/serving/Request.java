package org.internvl4j.serving;

import java.time.Duration;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.jspecify.annotations.Nullable;

/// What somebody wants to have answered. Immutable.
///
/// @param operation what is to be done
/// @param dialogue up to the question
/// @param options how the answer is chosen and when it ends
/// @param client who asks: those who wait get their turns one after the other, however much each
///   has asked, and leave places to each other
/// @param deadline how long the whole answer may take, from the moment it is asked for; null for as
///   long as it takes
public record Request(
    Operation operation,
    Dialogue dialogue,
    Generation options,
    Client client,
    @Nullable Duration deadline) {
  /// A request for an answer in a chat.
  public Request(
      Dialogue dialogue, Generation options, Client client, @Nullable Duration deadline) {
    this(Operation.CHAT, dialogue, options, client, deadline);
  }

  /// A request for what a text is about, its pictures included.
  public static Request embedding(Question question, Client client, @Nullable Duration deadline) {
    return new Request(
        Operation.EMBEDDING, Dialogue.of(question), Generation.GREEDY, client, deadline);
  }

  /// A request of nobody in particular, without a deadline.
  public static Request of(Dialogue dialogue, Generation options) {
    return new Request(dialogue, options, Client.NOBODY, null);
  }
}
