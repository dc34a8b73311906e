package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Embeddings of a session, read in chunks by the fast kernels, against their formula: the whole
/// text through the plain ones at once, the mean of its last states in doubles.
class EmbeddingTest {
  private static final double MOST_ERROR = 1e-9; // NMSE, as of states against golden ones

  @ParameterizedTest
  @CsvSource({"internvl2-1b, 1", "internvl2-1b, 20", "internvl2-2b, 20", "internvl3_5-1b, 20"})
  void isTheMeanOfTheLastStates(String fixture, int times) {
    byte[] rgb = new byte[3 * 90 * 60];
    new Random(7).nextBytes(rgb);
    Question question =
        Question.of("A bridge at night. ".repeat(times), Picture.ofRgb(90, 60, rgb));
    double[] expected = formula(fixture, question);
    float[] found = embedding(fixture, question);
    double error = 0;
    double square = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow(found[i] - expected[i], 2);
      square += Math.pow(expected[i], 2);
    }
    assertThat(square).isBetween(1 - 1e-6, 1 + 1e-6);
    assertThat(error / square).isLessThan(MOST_ERROR);
  }

  private static float[] embedding(String fixture, Question question) {
    try (VisionLanguageModel model = open(fixture, "cpu");
        Session session = model.session(SessionOptions.DEFAULT)) {
      Answering answering = session.prepareEmbedding(question, AnswerListener.NONE);
      assertThat(session.admit(answering)).isTrue();
      while (!session.read(answering)) {}
      float[] embedding = answering.embedding();
      assertThat(session.end(answering).finish()).isEqualTo(Answer.Finish.STOP);
      return embedding;
    }
  }

  private static double[] formula(String fixture, Question question) {
    try (VisionLanguageModel model = open(fixture, "reference");
        Workspace steps = new Workspace(model.device(), "formula");
        Generator generator = new Generator(model.net(), steps);
        KvCache cache = model.net().decoder().newCache("formula")) {
      Prompt prompt = Prompt.bare(model, question);
      int rows = prompt.length();
      generator.see(prompt, AnswerListener.NONE);
      cache.reserve(rows);
      Tensor x = generator.embed(prompt, 0, rows);
      Decoder decoder = model.net().decoder();
      Step step = decoder.step(List.of(new Step.Span(rows, cache, rows)), steps).begin();
      float[] states = decoder.forward(x, step, h -> {}).toFloats();
      int width = states.length / rows;
      double[] mean = new double[width];
      for (int i = 0; i < states.length; i++) {
        mean[i % width] += states[i] / (double) rows;
      }
      double length = Math.sqrt(Arrays.stream(mean).map(m -> m * m).sum());
      return Arrays.stream(mean).map(m -> m / length).toArray();
    }
  }

  private static VisionLanguageModel open(String fixture, String device) {
    OpenOptions options = OpenOptions.DEFAULT.withDevice(device).withoutCache();
    return VisionLanguageModel.open(Checkpoint.open(Fixtures.folder(fixture)), options);
  }
}
