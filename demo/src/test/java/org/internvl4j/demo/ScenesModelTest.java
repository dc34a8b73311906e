package org.internvl4j.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.internvl4j.demo.Scenes.QuestionAnswer;
import org.internvl4j.demo.Scenes.Scene;
import org.internvl4j.models.Answer;
import org.internvl4j.models.AnswerListener;
import org.internvl4j.models.Conversation;
import org.internvl4j.models.Generation;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.junit.jupiter.api.Test;

/// The demo model looks at scenes that nobody drew before.
class ScenesModelTest {
  @Test
  void answersMostFirstQuestionsAboutNewScenesRight() {
    List<Scene> scenes =
        Stream.of(
                LongStream.range(100, 105).mapToObj(Scenes::shapes),
                LongStream.range(100, 101).mapToObj(Scenes::pair),
                LongStream.range(100, 102).mapToObj(Scenes::clip))
            .flatMap(s -> s)
            .toList();
    List<String> wrong = new ArrayList<>();
    try (VisionLanguageModel model =
        VisionLanguageModel.open(DemoModel.checkpoint(), OpenOptions.DEFAULT)) {
      for (Scene scene : scenes) {
        QuestionAnswer qa = scene.questions().getFirst();
        Question question =
            Question.of(qa.question(), scene.pictures()).withMaxTiles(scene.maxTiles());
        Generation short100 = Generation.GREEDY.withMaxNewTokens(100);
        String answer = model.ask(question, short100, AnswerListener.NONE).plainText();
        if (!answer.equals(qa.answer())) {
          wrong.add("%s: expected %s, found %s".formatted(qa.question(), qa.answer(), answer));
        }
      }
    }
    // The reference is right in four of five descriptions; chance would be right in none.
    assertThat(wrong).hasSizeLessThanOrEqualTo(scenes.size() / 4);
  }

  @Test
  void guessedTokensChangeNoAnswer() {
    int accepted = 0;
    try (VisionLanguageModel model =
        VisionLanguageModel.open(DemoModel.checkpoint(), OpenOptions.DEFAULT)) {
      for (long seed = 200; seed < 204; seed++) {
        Scene scene = Scenes.shapes(seed);
        Question question =
            Question.of(scene.questions().getFirst().question(), scene.pictures())
                .withMaxTiles(scene.maxTiles());
        for (Generation options : List.of(Generation.GREEDY, Generation.SAMPLED.withSeed(seed))) {
          Generation plain = options.withMaxNewTokens(100);
          Answer expected = model.ask(question, plain, AnswerListener.NONE);
          Answer answer = model.ask(question, plain.withLookup(7), AnswerListener.NONE);
          assertThat(answer.text()).isEqualTo(expected.text());
          assertThat(answer.usage().newTokens()).isEqualTo(expected.usage().newTokens());
          accepted += answer.usage().acceptedTokens();
        }
        accepted += again(model, scene);
      }
    }
    assertThat(accepted).isPositive();
  }

  /// Asks for the same description twice: the second time it is in the prompt.
  private static int again(VisionLanguageModel model, Scene scene) {
    String text = scene.questions().getFirst().question();
    Generation options = Generation.GREEDY.withMaxNewTokens(100);
    try (Conversation plain = model.conversation();
        Conversation guessing = model.conversation()) {
      Question first = Question.of(text, scene.pictures()).withMaxTiles(scene.maxTiles());
      plain.ask(first, options, AnswerListener.NONE);
      guessing.ask(first, options, AnswerListener.NONE);
      Answer expected = plain.ask(Question.of(text), options, AnswerListener.NONE);
      Answer answer = guessing.ask(Question.of(text), options.withLookup(7), AnswerListener.NONE);
      assertThat(answer.text()).isEqualTo(expected.text());
      return answer.usage().acceptedTokens();
    }
  }
}
