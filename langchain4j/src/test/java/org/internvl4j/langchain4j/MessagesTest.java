package org.internvl4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.AudioContent;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.CustomMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Question;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MessagesTest {
  private static final byte[] RED = png(255);
  private static final byte[] BLACK = png(0);

  @Test
  void questionsAndAnswersTakeTurns() {
    Dialogue dialogue =
        dialogue(
            SystemMessage.from("Be brief."),
            UserMessage.from("Hi"),
            AiMessage.from("Hello"),
            UserMessage.from("Who are you?"));
    assertThat(dialogue.system()).isEqualTo("Be brief.");
    assertThat(dialogue.earlier())
        .containsExactly(new Dialogue.Earlier(Question.of("Hi"), "Hello"));
    assertThat(dialogue.question()).isEqualTo(Question.of("Who are you?"));
    assertThat(dialogue(UserMessage.from("Hi")).system()).isNull();
  }

  @Test
  void consecutiveMessagesOfOneRoleAreJoined() {
    Dialogue dialogue =
        dialogue(
            SystemMessage.from("Be brief."),
            UserMessage.from("Hi"),
            UserMessage.from("there"),
            AiMessage.from("Hello"),
            AiMessage.from("friend"),
            SystemMessage.from("Be kind."),
            UserMessage.from("Who"),
            UserMessage.from("are you?"));
    assertThat(dialogue.system()).isEqualTo("Be brief.\nBe kind.");
    assertThat(dialogue.earlier())
        .containsExactly(new Dialogue.Earlier(Question.of("Hi\nthere"), "Hello\nfriend"));
    assertThat(dialogue.question().text()).isEqualTo("Who\nare you?");
  }

  @Test
  void anAnswerWhoseQuestionIsForgottenStays() {
    Dialogue dialogue = dialogue(AiMessage.from("Hello"), UserMessage.from("Who are you?"));
    assertThat(dialogue.earlier()).containsExactly(new Dialogue.Earlier(Question.of(""), "Hello"));
  }

  @Test
  void groundingMarksDoNotEnterTheHistory() {
    Dialogue dialogue =
        dialogue(
            UserMessage.from("Where?"),
            AiMessage.from("<ref>the cat</ref><box>[[1, 2, 3, 4]]</box>"),
            UserMessage.from("Sure?"));
    assertThat(dialogue.earlier().getFirst().answer()).isEqualTo("the cat[[1, 2, 3, 4]]");
  }

  @Test
  void picturesGoInFrontUnlessTextLiesBetweenThem() {
    assertThat(question(text("What?"), base64(RED), base64(BLACK)))
        .satisfies(q -> assertThat(q.text()).isEqualTo("What?"))
        .satisfies(q -> assertThat(colours(q)).containsExactly(255, 0));
    assertThat(question(base64(RED), text("or"), base64(BLACK), text("?")).text())
        .isEqualTo("<image>\nor\n<image>\n?");
    assertThat(question(base64(RED), text("a <image> b <image>"), base64(BLACK)).text())
        .isEqualTo("a <image> b <image>");
    assertThat(question(base64(RED)).text()).isEmpty();
  }

  @Test
  void picturesComeAsBase64DataOrDataAddresses() {
    String data = Base64.getMimeEncoder().encodeToString(RED); // with line breaks
    assertThat(colours(question(ImageContent.from(data, "image/png")))).containsExactly(255);
    String address = "data:image/png;base64," + Base64.getEncoder().encodeToString(RED);
    assertThat(colours(question(ImageContent.from(address)))).containsExactly(255);
  }

  @Test
  void mostTilesArePassedOn() {
    Dialogue dialogue =
        Messages.dialogue(
            List.of(UserMessage.from("a"), AiMessage.from("b"), UserMessage.from("c")),
            reader(null),
            OptionalInt.of(3));
    assertThat(dialogue.question().maxTiles()).hasValue(3);
    assertThat(dialogue.earlier().getFirst().question().maxTiles()).hasValue(3);
  }

  @Test
  void addressesAreForTheApplicationsLoader() {
    ImageContent image = ImageContent.from("https://example.org/red.png");
    assertThatThrownBy(() -> question(image))
        .isExactlyInstanceOf(UnsupportedFeatureException.class)
        .hasMessage(
            "picture 1: image addresses (https) are not supported without a pictureLoader; give the"
                + " model one, or send base64");
    assertThatThrownBy(() -> question(ImageContent.from("file:///etc/passwd")))
        .isExactlyInstanceOf(UnsupportedFeatureException.class);
    assertThat(colours(loaded(url -> RED, image))).containsExactly(255);
    PictureLoader failing =
        url -> {
          throw new IOException("no route");
        };
    assertThatThrownBy(() -> loaded(failing, image))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("picture 1: could not be loaded from its address: no route");
  }

  @Test
  void saysWhichPictureIsWrong() {
    assertThatThrownBy(() -> question(base64(RED), ImageContent.from("ä", "image/png")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("picture 2: is no base64: ");
    assertThatThrownBy(() -> question(ImageContent.from("data:image/png,abc")))
        .hasMessage("picture 1: its data address is no base64, expected data:image/…;base64,…");
    assertThatThrownBy(() -> question(base64(new byte[] {1, 2, 3})))
        .isInstanceOf(PictureException.class)
        .hasMessageStartingWith("picture 1: ");
  }

  @Test
  void refusesWhatTheModelCannotBeTold() {
    ToolExecutionRequest call = ToolExecutionRequest.builder().id("1").name("add").build();
    refuses(
        "messages: tool calls in an AiMessage are not supported, the model calls none",
        UserMessage.from("a"),
        AiMessage.from(call));
    refuses(
        "messages: results of tools are not supported, the model calls none",
        ToolExecutionResultMessage.from(call, "3"));
    refuses(
        "messages: contents of type AUDIO are not supported, use pictures",
        UserMessage.from(AudioContent.from("https://example.org/a.mp3")));
    refuses(
        "messages: messages of type CUSTOM are not supported, use text",
        CustomMessage.from(Map.of("a", "b")));
  }

  @Test
  void refusesMessagesWithoutAQuestion() {
    for (List<ChatMessage> messages :
        List.<List<ChatMessage>>of(
            List.of(SystemMessage.from("a")),
            List.of(UserMessage.from("a"), AiMessage.from("b")))) {
      assertThatThrownBy(() -> Messages.dialogue(messages, reader(null), OptionalInt.empty()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "messages: the last one is no UserMessage, expected the question that is to be"
                  + " answered");
    }
  }

  // ---- messages

  private static void refuses(String message, ChatMessage... messages) {
    assertThatThrownBy(() -> dialogue(messages))
        .isExactlyInstanceOf(UnsupportedFeatureException.class)
        .hasMessage(message);
  }

  private static Dialogue dialogue(ChatMessage... messages) {
    return Messages.dialogue(Arrays.asList(messages), reader(null), OptionalInt.empty());
  }

  private static Question question(Content... contents) {
    return dialogue(UserMessage.from(contents)).question();
  }

  private static Question loaded(PictureLoader loader, Content content) {
    return Messages.dialogue(
            List.of(UserMessage.from(content)), reader(loader), OptionalInt.empty())
        .question();
  }

  private static PictureReader reader(@Nullable PictureLoader loader) {
    return new PictureReader(PictureOptions.DEFAULT, loader);
  }

  private static TextContent text(String text) {
    return TextContent.from(text);
  }

  private static ImageContent base64(byte[] file) {
    return ImageContent.from(Base64.getEncoder().encodeToString(file), "image/png");
  }

  private static byte[] png(int red) {
    return Pictures.png(Picture.ofRgb(1, 1, new byte[] {(byte) red, 0, 0}));
  }

  /// The red of the first pixel of each picture.
  private static List<Integer> colours(Question question) {
    return question.images().stream()
        .map(image -> ((Question.Image.Whole) image).picture().samples().get(0) & 0xff)
        .toList();
  }
}
