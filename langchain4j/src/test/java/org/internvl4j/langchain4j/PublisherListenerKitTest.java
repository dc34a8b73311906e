package org.internvl4j.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelPublisherListenerTest;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import java.util.List;

/// LangChain4j's own tests of who listens to a subscriber's answer, against the demo model. It
/// answers at its own pace: drawn wildly, an answer is long enough to be cancelled within.
class PublisherListenerKitTest extends AbstractStreamingChatModelPublisherListenerTest {
  @Override
  protected StreamingChatModel createModel(ChatModelListener listener, StreamScenario scenario) {
    return InternVlStreamingChatModel.builder()
        .engine(scenario.fail() ? Toy.closedEngine() : Toy.ENGINE, "demo")
        .temperature(50.0)
        .maxTokens(scenario.spreadOverMillis() > 0 ? 400 : 20)
        .listeners(List.of(listener))
        .build();
  }
}
