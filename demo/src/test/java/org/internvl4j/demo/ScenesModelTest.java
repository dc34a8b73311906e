package org.internvl4j.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.internvl4j.demo.Scenes.QuestionAnswer;
import org.internvl4j.demo.Scenes.Scene;
import org.internvl4j.models.AnswerListener;
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
}
