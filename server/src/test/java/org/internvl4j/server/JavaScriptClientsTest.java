package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The clients that people have, unchanged: npm's openai and ollama.
class JavaScriptClientsTest {
  private static final String KEY = "open sesame";
  private static final String QUESTION = "What is it?";

  private static Demo demo;

  @BeforeAll
  static void start() throws Exception {
    NodeProgram.assume();
    demo = new Demo(EngineOptions.DEFAULT, options -> options.withApiKey(KEY));
  }

  @AfterAll
  static void stop() {
    if (demo != null) {
      demo.close();
    }
  }

  @TestFactory
  Stream<DynamicTest> openai() throws Exception {
    return run("openai.mjs", 12);
  }

  @TestFactory
  Stream<DynamicTest> ollama() throws Exception {
    return run("ollama.mjs", 10);
  }

  private static Stream<DynamicTest> run(String program, int cases) throws Exception {
    List<NodeProgram.Result> results = NodeProgram.run(program, given());
    assertThat(results).hasSize(cases);
    demo.settle();
    return results.stream()
        .map(r -> DynamicTest.dynamicTest(r.name(), () -> assertThat(r.failure()).isNull()));
  }

  private static String given() {
    String answer =
        demo.model.ask(Question.of(QUESTION, demo.picture), Generation.GREEDY, piece -> {}).text();
    JsonWriter json =
        new JsonWriter()
            .object()
            .field("url", "http://127.0.0.1:" + demo.server.port())
            .field("key", KEY)
            .field("picture", demo.base64)
            .field("question", QUESTION)
            .field("answer", answer)
            .field("end", demo.end());
    return json.end().toString();
  }
}
