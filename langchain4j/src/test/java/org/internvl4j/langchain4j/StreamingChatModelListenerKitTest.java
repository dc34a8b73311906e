package org.internvl4j.langchain4j;

import dev.langchain4j.exception.NonRetriableException;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import java.util.List;

/// LangChain4j's own tests of who listens to a streaming chat model, against the demo model. One
/// exception: tools are not supported. What fails is an engine that was closed.
class StreamingChatModelListenerKitTest extends AbstractStreamingChatModelListenerIT {
  @Override
  protected StreamingChatModel createModel(ChatModelListener listener) {
    return Toy.streaming()
        .temperature(temperature())
        .topP(topP())
        .maxTokens(maxTokens())
        .listeners(List.of(listener))
        .build();
  }

  @Override
  protected String modelName() {
    return "demo";
  }

  @Override
  protected boolean supportsTools() {
    return false;
  }

  @Override
  protected StreamingChatModel createFailingModel(ChatModelListener listener) {
    return InternVlStreamingChatModel.builder()
        .engine(Toy.closedEngine(), "demo")
        .listeners(List.of(listener))
        .build();
  }

  @Override
  protected Class<? extends Exception> expectedExceptionClass() {
    return NonRetriableException.class;
  }
}
