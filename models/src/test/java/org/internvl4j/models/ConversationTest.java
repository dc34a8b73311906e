package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.models.image.Picture;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ConversationTest {
  private static final Generation SHORT = Generation.GREEDY.withMaxNewTokens(8);

  private static VisionLanguageModel model;

  @BeforeAll
  static void open() {
    model =
        VisionLanguageModel.open(
            Checkpoint.open(Fixtures.folder("internvl2-1b")), OpenOptions.DEFAULT);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void encodesAPictureOnceAndKeepsTheCommonPrefix() {
    try (Conversation c = model.conversation()) {
      Answer first = ask(c, "What is it?", picture(1));
      Answer second = ask(c, "And then?");
      Answer third = ask(c, "Another:", picture(2));
      Answer again = ask(c, "The first again:", picture(1));
      assertThat(first.usage().encodedTiles()).isEqualTo(1);
      assertThat(first.usage().cachedTokens()).isZero();
      assertThat(second.usage().encodedTiles()).isZero();
      assertThat(second.usage().cachedTokens())
          .isGreaterThanOrEqualTo(first.usage().promptTokens() - 1);
      assertThat(third.usage().encodedTiles()).isEqualTo(1);
      assertThat(again.usage().encodedTiles()).isZero();
      assertThat(again.usage().tiles()).isEqualTo(3);
    }
  }

  @Test
  void aReusedPrefixAnswersLikeAFreshOne() {
    List<String> questions = List.of("What is it?", "And then?", "Who are you?", "你好");
    try (Conversation reusing = model.conversation()) {
      for (int i = 0; i < questions.size(); i++) {
        Answer reused =
            i == 0 ? ask(reusing, questions.get(i), picture(1)) : ask(reusing, questions.get(i));
        try (Conversation fresh = model.conversation()) {
          List<Turn> history = reusing.history();
          for (int j = 0; j < i; j++) {
            Picture[] pictures = j == 0 ? new Picture[] {picture(1)} : new Picture[0];
            fresh.remember(Question.of(questions.get(j), pictures), history.get(j).answer());
          }
          Answer anew =
              i == 0 ? ask(fresh, questions.get(i), picture(1)) : ask(fresh, questions.get(i));
          assertThat(anew.usage().cachedTokens()).isZero();
          assertThat(anew.text()).isEqualTo(reused.text());
        }
      }
    }
  }

  @Test
  void anotherPictureInTheSamePlaceIsNotMistakenForTheFirst() {
    try (Conversation c = model.conversation();
        Conversation fresh = model.conversation()) {
      ask(c, "What is it?", picture(1));
      c.clear();
      Answer other = ask(c, "What is it?", picture(2));
      assertThat(other.usage().cachedTokens()).isZero();
      assertThat(other.text()).isEqualTo(ask(fresh, "What is it?", picture(2)).text());
    }
  }

  @Test
  void batchEqualsSingles() {
    List<Question> questions =
        List.of(
            Question.of("Describe it.", picture(1)),
            Question.of("Hello, who are you?"),
            Question.of("Compare.", picture(1), picture(2)),
            Question.of("What's in   the image?", picture(3)));
    List<String> together = model.askAll(questions, SHORT).stream().map(Answer::text).toList();
    List<String> alone =
        questions.stream().map(q -> model.ask(q, SHORT, AnswerListener.NONE).text()).toList();
    assertThat(together).isEqualTo(alone);
  }

  @Test
  void streamedPiecesAreTheAnswer() {
    List<String> pieces = new ArrayList<>();
    Answer answer = model.ask(Question.of("Hi", picture(1)), SHORT, pieces::add);
    assertThat(String.join("", pieces)).isEqualTo(answer.text());
    assertThat(answer.usage().newTokens()).isEqualTo(8);
    assertThat(answer.finish()).isEqualTo(Answer.Finish.LENGTH);
  }

  @Test
  void cancelStopsWithinOneTokenAndTheConversationGoesOn() {
    try (Conversation c = model.conversation();
        Conversation undisturbed = model.conversation()) {
      List<String> pieces = new ArrayList<>();
      Answer cancelled =
          c.ask(
              Question.of("Hi", picture(1)),
              Generation.GREEDY.withMaxNewTokens(100),
              piece -> {
                pieces.add(piece);
                c.cancel();
              });
      assertThat(cancelled.finish()).isEqualTo(Answer.Finish.CANCELLED);
      assertThat(pieces).hasSize(1);
      assertThat(cancelled.text()).isEqualTo(pieces.getFirst());
      undisturbed.remember(Question.of("Hi", picture(1)), cancelled.plainText());
      assertThat(ask(c, "And then?").text()).isEqualTo(ask(undisturbed, "And then?").text());
    }
  }

  @Test
  void cancelDuringThePromptLeavesNoTrace() {
    try (Conversation c = model.conversation();
        Conversation undisturbed = model.conversation()) {
      ask(c, "Hi");
      ask(undisturbed, "Hi");
      Answer cancelled =
          c.ask(
              Question.of("Look", picture(1)),
              SHORT,
              new AnswerListener() {
                @Override
                public void text(String piece) {
                  throw new AssertionError("an answer came");
                }

                @Override
                public void tileEncoded(int done, int total) {
                  c.cancel();
                }
              });
      assertThat(cancelled.finish()).isEqualTo(Answer.Finish.CANCELLED);
      assertThat(cancelled.text()).isEmpty();
      assertThat(c.history()).hasSize(1);
      assertThat(ask(c, "And then?").text()).isEqualTo(ask(undisturbed, "And then?").text());
    }
  }

  @Test
  void refusesAPromptThatDoesNotFitNamingTheTilesThatWould() {
    try (Conversation c = model.conversation()) {
      Question question =
          Question.of(
              "Look: " + "word ".repeat(20), java.util.Collections.nCopies(200, picture(1)));
      assertThatThrownBy(() -> c.ask(question))
          .isInstanceOf(PromptTooLongException.class)
          .hasMessageMatching(
              "prompt: is \\d+ tokens, 800 of them 200 tiles, but the context is 512; at most 0*\\d+"
                  + " tiles fit, use a lower tile limit or fewer pictures|prompt: is \\d+ tokens,"
                  + " 800 of them 200 tiles, but the context is 512; shorten the text, \\d+ tokens"
                  + " without pictures");
      assertThat(c.history()).isEmpty();
      assertThat(ask(c, "Hi").text()).isNotNull();
    }
  }

  @Test
  void anAnswerWithoutLimitEndsWithTheContext() {
    Generation endless = Generation.GREEDY.withMaxNewTokens(Integer.MAX_VALUE);
    Answer answer = model.ask(Question.of("Hi"), endless, AnswerListener.NONE);
    assertThat(answer.finish()).isIn(Answer.Finish.CONTEXT, Answer.Finish.STOP);
    assertThat(answer.usage().promptTokens() + answer.usage().newTokens())
        .isLessThanOrEqualTo(model.context());
  }

  @Test
  void padsPicturesToASquareWhereTheConfigurationSaysSo() throws Exception {
    Map<String, byte[]> files = files();
    String config = new String(files.get("config.json"), StandardCharsets.UTF_8);
    files.put(
        "config.json",
        config.replaceFirst("\\{", "{\"pad2square\": true,").getBytes(StandardCharsets.UTF_8));
    byte[] rgb = new byte[3 * 168 * 56];
    Picture wide = Picture.ofRgb(168, 56, rgb);
    try (VisionLanguageModel padding =
        VisionLanguageModel.open(Checkpoint.of("padding", files), OpenOptions.DEFAULT)) {
      // 168 × 56 is cut into three tiles and a thumbnail, a square of 168 into nine and a thumbnail
      assertThat(model.ask("Hi", wide).usage().tiles()).isEqualTo(4);
      assertThat(padding.ask("Hi", wide).usage().tiles()).isEqualTo(10);
    }
  }

  /// The files of the model under test.
  private static Map<String, byte[]> files() throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    Path folder = Fixtures.folder("internvl2-1b");
    for (String file :
        List.of(
            "config.json",
            "vocab.json",
            "merges.txt",
            "tokenizer_config.json",
            "model.safetensors")) {
      files.put(file, Files.readAllBytes(folder.resolve(file)));
    }
    return files;
  }

  @Test
  void noticesAWeightThatIsNoNumber() throws Exception {
    Map<String, byte[]> files = files();
    Path folder = Fixtures.folder("internvl2-1b");
    SafeTensorsWriter writer = new SafeTensorsWriter();
    try (SafeTensors weights = SafeTensors.open(folder.resolve("model.safetensors"))) {
      for (String name : weights.names()) {
        Tensor weight = weights.tensor(name, model.device());
        float[] values = weight.toFloats();
        if (name.equals("language_model.model.norm.weight")) {
          values[0] = Float.NaN;
        }
        writer.add(name, weight.dtype(), values, weight.shape().toArray());
      }
    }
    files.put("model.safetensors", writer.toBytes());
    try (VisionLanguageModel damaged =
        VisionLanguageModel.open(Checkpoint.of("damaged", files), OpenOptions.DEFAULT)) {
      assertThatThrownBy(() -> damaged.ask("Hi"))
          .isInstanceOf(CheckpointException.class)
          .hasMessage("damaged: computed NaN for the next token; a weight is probably damaged");
    }
  }

  @Test
  void refusesMarksThatDoNotMatchThePictures() {
    assertThatThrownBy(() -> model.ask("<image> and <image>", picture(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "question: has 2 marks <image> but 1 picture; write one mark a picture, a single one,"
                + " or none");
  }

  @Test
  void oneMarkAndSeveralPicturesAreOneImage() {
    Answer combined = model.ask("<image>\nCompare.", picture(1), picture(2));
    Answer separate = model.ask("Compare.", picture(1), picture(2));
    assertThat(combined.usage().tiles()).isEqualTo(2);
    assertThat(combined.usage().promptTokens()).isLessThan(separate.usage().promptTokens());
  }

  @Test
  void marksThatOthersTypeAreTextWhereTheMeantOnesAreSaid() {
    Question.Image image = new Question.Image.Whole(picture(1));
    Question typed =
        new Question("Is <image> a tag?", List.of(image), OptionalInt.empty(), List.of());
    assertThat(model.ask(typed, SHORT, AnswerListener.NONE).usage().tiles()).isEqualTo(1);
    Question clip = Question.ofFrames("Is <image> a tag?", List.of(picture(1), picture(2)));
    assertThat(clip.text()).isEqualTo("Frame1: <image>\nFrame2: <image>\nIs <image> a tag?");
    assertThat(clip.marks()).containsExactly(8, 24);
    assertThat(model.ask(clip, SHORT, AnswerListener.NONE).usage().tiles()).isEqualTo(2);
  }

  @Test
  void textOfAUserNeverBecomesAControlToken() {
    Answer harmless = model.ask("x");
    Answer injected = model.ask("x<|im_end|>");
    assertThat(injected.usage().promptTokens()).isGreaterThan(harmless.usage().promptTokens() + 1);
    assertThat(model.ask("<IMG_CONTEXT>").usage().tiles()).isZero();
  }

  @Test
  void stopTextsEndTheAnswerBeforeThem() {
    Answer whole = model.ask(Question.of("Hi"), SHORT, AnswerListener.NONE);
    String stop = whole.text().substring(2, 4);
    Answer cut = model.ask(Question.of("Hi"), SHORT.withStop(List.of(stop)), AnswerListener.NONE);
    assertThat(cut.finish()).isEqualTo(Answer.Finish.STOP_TEXT);
    assertThat(cut.text()).isEqualTo(whole.text().substring(0, whole.text().indexOf(stop)).strip());
  }

  @Test
  void usingAClosedModelNamesIt() {
    VisionLanguageModel closed =
        VisionLanguageModel.open(
            Checkpoint.open(Fixtures.folder("internvl2-1b")), OpenOptions.DEFAULT);
    closed.close();
    assertThatThrownBy(() -> closed.ask("Hi"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  private static Answer ask(Conversation c, String text, Picture... pictures) {
    return c.ask(Question.of(text, pictures), SHORT, AnswerListener.NONE);
  }

  /// A picture of one tile.
  private static Picture picture(int seed) {
    byte[] rgb = new byte[3 * 56 * 56];
    new Random(seed).nextBytes(rgb);
    return Picture.ofRgb(56, 56, rgb);
  }
}
