package org.internvl4j.langchain4j;

import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Flow.Publisher;

/// An InternVL of this process as LangChain4j's streaming chat model: [InternVlChatModel], with the
/// answer as it grows.
///
/// Handlers and subscribers hear of an answer on one virtual thread of its own, and may take their
/// time: the engine does not wait for them. An answer that is cancelled ends within one step of the
/// engine, and nothing more is heard of it.
public final class InternVlStreamingChatModel implements StreamingChatModel, AutoCloseable {
  private final Chat chat;

  InternVlStreamingChatModel(Chat chat) {
    this.chat = chat;
  }

  public static InternVlModelBuilder<InternVlStreamingChatModel> builder() {
    return new InternVlModelBuilder<>(InternVlStreamingChatModel::new);
  }

  @Override
  public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
    chat.check(request);
    new Streaming(chat, request, handler).start();
  }

  /// Each subscriber has its own answer, event after event as it asks for them.
  @Override
  public Publisher<ChatModelStreamingEvent> doChat(ChatRequest request) {
    chat.check(request);
    return subscriber -> new EventSubscription(chat, request, subscriber).start();
  }

  /// Answers can be held to a JSON Schema: the high-level AI services send theirs then.
  @Override
  public Set<Capability> supportedCapabilities() {
    return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
  }

  @Override
  public ChatRequestParameters defaultRequestParameters() {
    return chat.defaults();
  }

  @Override
  public List<ChatModelListener> listeners() {
    return chat.listeners();
  }

  @Override
  public void close() {
    chat.source().close();
  }
}
