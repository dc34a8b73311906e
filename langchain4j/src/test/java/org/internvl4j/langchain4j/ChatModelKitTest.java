package org.internvl4j.langchain4j;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// LangChain4j's own tests of a chat model, against the demo model.
///
/// Exceptions, and why:
/// - The toy knows nothing of capitals, cats and dice: tests that want such an answer are
///   overridden and ask the same of its own world ([ToyQuestions]).
/// - An answer of the toy may be as short as three tokens, so token limits are tried with two.
/// - One model is one checkpoint: another `modelName` is refused, as the kit then wants.
/// - Tools and tool choices are not supported: refused, as the kit then wants.
/// - Addresses of pictures are refused without a loader, as the kit then wants: no test needs the
///   network.
class ChatModelKitTest extends AbstractChatModelIT {
  @Override
  protected List<ChatModel> models() {
    return List.of(Toy.chat().build());
  }

  @Override
  protected ChatModel createModelWith(ChatRequestParameters parameters) {
    return Toy.chat().defaultRequestParameters(parameters).build();
  }

  @Override
  protected boolean supportsChatAsync() {
    return true;
  }

  @Override
  protected boolean supportsModelNameParameter() {
    return false;
  }

  @Override
  protected boolean supportsTools() {
    return false;
  }

  @Override
  protected boolean supportsToolChoiceRequired() {
    return false;
  }

  @Override
  protected boolean supportsSingleImageInputAsPublicURL() {
    return false;
  }

  @Override
  protected int maxOutputTokens() {
    return 2;
  }

  @Override
  protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
    return InternVlChatRequestParameters.builder().maxOutputTokens(maxOutputTokens).build();
  }

  // ---- questions of the toy's world

  private ToyQuestions toy(ChatModel model) {
    return new ToyQuestions(request -> chat(model, request).chatResponse());
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_user_message(ChatModel model) {
    toy(model).userMessage();
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_system_message(ChatModel model) {
    toy(model).systemMessage();
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_multiple_messages(ChatModel model) {
    toy(model).severalMessages();
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_stopSequences_in_chat_request(ChatModel model) {
    toy(model).stopSequences(ToyQuestions.stopping());
  }

  @Test
  @Override
  protected void should_respect_stopSequences_in_default_model_parameters() {
    for (ChatModel model : createModelsWith(ToyQuestions.stopping())) {
      toy(model).stopSequences(ChatRequestParameters.builder().build());
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_accept_single_image_as_base64_encoded_string(ChatModel model) {
    toy(model).onePicture();
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_accept_multiple_images_as_base64_encoded_strings(ChatModel model) {
    toy(model).severalPictures();
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_chat_asynchronously(ChatModel model) throws Exception {
    ChatRequest request = ChatRequest.builder().messages(UserMessage.from(Toy.WHO)).build();
    assertThat(model.chatAsync(request).get(600, SECONDS).aiMessage().text())
        .isEqualTo(Toy.WHO_ANSWER);
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_JSON_response_format(ChatModel model) {
    toy(model).json(ResponseFormat.JSON);
  }

  @ParameterizedTest
  @MethodSource("modelsSupportingStructuredOutputs")
  @Override
  protected void should_respect_JSON_response_format_with_schema(ChatModel model) {
    toy(model).json(ToyQuestions.cities());
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_JsonRawSchema_responseFormat(ChatModel model) {
    toy(model).json(ToyQuestions.rawCities());
  }
}
