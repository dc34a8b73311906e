package org.internvl4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.UserMessage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// LangChain4j's high-level services over the demo model: what they ask for comes as the type that
/// they return. The toy's values mean nothing.
class AiServicesTest {
  enum Colour {
    RED,
    GREEN,
    BLUE
  }

  record Shape(@JsonProperty(required = true) Colour colour) {}

  record Scene(
      @JsonProperty(required = true) Shape first, @JsonProperty(required = true) Colour second) {}

  interface Extractor {
    @UserMessage("Describe the image.")
    Scene scene(@UserMessage ImageContent image);

    @UserMessage("What color is the {{it}}?")
    Colour colour(String shape);
  }

  @Test
  void recordsAreExtracted() {
    List<ResponseFormat> formats = new ArrayList<>();
    ChatModelListener listener =
        new ChatModelListener() {
          @Override
          public void onRequest(ChatModelRequestContext context) {
            formats.add(context.chatRequest().responseFormat());
          }
        };
    ChatModel model = Toy.chat().maxTokens(400).listeners(List.of(listener)).build();
    Extractor extractor = AiServices.create(Extractor.class, model);
    Scene scene = extractor.scene(Toy.picture("shapes"));
    assertThat(scene.first().colour()).isNotNull();
    assertThat(scene.second()).isNotNull();
    assertThat(extractor.colour("diamond")).isNotNull();
    assertThat(formats).hasSize(2).allSatisfy(f -> assertThat(f.jsonSchema()).isNotNull());
  }
}
