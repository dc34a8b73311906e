package org.internvl4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.common.ChatResponseAndStreamingMetadata;
import dev.langchain4j.model.chat.common.StreamingMode;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// LangChain4j's own tests of a streaming chat model, handlers and subscribers, against the demo
/// model.
///
/// Exceptions, and why:
/// - The toy knows nothing of capitals, cats and dice: tests that want such an answer are
///   overridden and ask the same of its own world ([ToyQuestions]).
/// - An answer of the toy may be as short as three tokens, so token limits are tried with two.
/// - One model is one checkpoint: another `modelName` is refused, as the kit then wants.
/// - Tools and tool choices are not supported: refused, as the kit then wants.
/// - Addresses of pictures are refused without a loader, as the kit then wants: no test needs the
///   network.
/// - The three tests of handlers that throw want a capital and cannot be overridden, so they get no
///   model and do nothing; [InternVlStreamingChatModelTest] has the same with the toy's answers.
/// - The test of cancelling sleeps for half a minute and runs in the sweep alone;
///   [InternVlStreamingChatModelTest] cancels, too.
class StreamingChatModelKitTest extends AbstractStreamingChatModelIT {
  @Override
  protected List<StreamingChatModel> baseModels() {
    return List.of(Toy.streaming().build());
  }

  @Override
  protected List<StreamingMode> streamingModes() {
    return List.of(StreamingMode.HANDLER, StreamingMode.PUBLISHER);
  }

  @Override
  protected boolean assertThreads() {
    return true;
  }

  @Override
  protected StreamingChatModel createModelWith(ChatRequestParameters parameters) {
    return Toy.streaming().defaultRequestParameters(parameters).build();
  }

  @Override
  public @Nullable StreamingChatModel createModelWith(ChatModelListener listener) {
    return null;
  }

  @Override
  protected boolean supportsStreamingCancellation() {
    return Boolean.getBoolean("internvl4j.sweep");
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

  private ToyQuestions toy(StreamingChatModel model) {
    return new ToyQuestions(request -> {
      ChatResponseAndStreamingMetadata all = chat(model, request);
      assertThat(all.streamingMetadata().concatenatedPartialResponses())
          .isEqualTo(all.chatResponse().aiMessage().text());
      assertThat(all.streamingMetadata().timesOnCompleteResponseWasCalled()).isEqualTo(1);
      return all.chatResponse();
    });
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_user_message(StreamingChatModel model) {
    toy(model).userMessage();
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_system_message(StreamingChatModel model) {
    toy(model).systemMessage();
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_multiple_messages(StreamingChatModel model) {
    toy(model).severalMessages();
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_stopSequences_in_chat_request(StreamingChatModel model) {
    toy(model).stopSequences(ToyQuestions.stopping());
  }

  @Test
  @Override
  protected void should_respect_stopSequences_in_default_model_parameters() {
    for (StreamingChatModel model : createModelsWith(ToyQuestions.stopping())) {
      toy(model).stopSequences(ChatRequestParameters.builder().build());
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_accept_single_image_as_base64_encoded_string(StreamingChatModel model) {
    toy(model).onePicture();
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_accept_multiple_images_as_base64_encoded_strings(StreamingChatModel model) {
    toy(model).severalPictures();
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_JSON_response_format(StreamingChatModel model) {
    toy(model).json(ResponseFormat.JSON);
  }

  @ParameterizedTest
  @MethodSource("modelsSupportingStructuredOutputs")
  @Override
  protected void should_respect_JSON_response_format_with_schema(StreamingChatModel model) {
    toy(model).json(ToyQuestions.cities());
  }

  @ParameterizedTest
  @MethodSource("models")
  @Override
  protected void should_respect_JsonRawSchema_responseFormat(StreamingChatModel model) {
    toy(model).json(ToyQuestions.rawCities());
  }
}
