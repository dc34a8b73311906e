package org.internvl4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Dialogue;
import org.internvl4j.serving.Client;
import org.internvl4j.serving.Reply;
import org.internvl4j.serving.Request;
import org.jspecify.annotations.Nullable;

/// What the chat models have in common: requests on their way to the engine and answers on theirs
/// back.
///
/// @param source the engine
/// @param defaults what requests do not say
/// @param timeout of a whole answer; null for none
record Chat(
    OpenEngine source,
    InternVlChatRequestParameters defaults,
    PictureReader pictures,
    @Nullable Duration timeout,
    List<ChatModelListener> listeners) {
  Chat {
    listeners = List.copyOf(listeners);
  }

  /// Refuses parameters that are not understood.
  void check(ChatRequest request) {
    Parameters.check(request.parameters(), source.name());
  }

  /// Asks. Reads pictures on this thread.
  ///
  /// @throws RuntimeException one of LangChain4j's
  Reply submit(ChatRequest request) {
    try {
      return source.engine().submit(request(request));
    } catch (RuntimeException e) {
      throw Failures.of(e);
    }
  }

  /// As the engine wants to hear it.
  Request request(ChatRequest request) {
    InternVlChatRequestParameters p = InternVlChatRequestParameters.of(request.parameters());
    Dialogue dialogue = Messages.dialogue(request.messages(), pictures, maxTiles(p));
    return new Request(dialogue, Parameters.generation(p), client(p), timeout);
  }

  private static OptionalInt maxTiles(InternVlChatRequestParameters p) {
    Integer most = p.maxTiles();
    return most == null ? OptionalInt.empty() : OptionalInt.of(most);
  }

  private static Client client(InternVlChatRequestParameters p) {
    String client = p.client();
    return client == null ? Client.NOBODY : Client.of(client);
  }

  ChatResponse response(Answer answer) {
    Answer.Usage usage = answer.usage();
    return ChatResponse.builder()
        .aiMessage(AiMessage.from(answer.text()))
        .metadata(
            ChatResponseMetadata.builder()
                .id(UUID.randomUUID().toString())
                .modelName(source.name())
                .tokenUsage(new TokenUsage(usage.promptTokens(), usage.newTokens()))
                .finishReason(finishReason(answer.finish()))
                .build())
        .build();
  }

  private static FinishReason finishReason(Answer.Finish finish) {
    return switch (finish) {
      case STOP, STOP_TEXT -> FinishReason.STOP;
      case LENGTH, CONTEXT -> FinishReason.LENGTH;
      case CANCELLED -> FinishReason.OTHER; // the engine was closed
    };
  }
}
