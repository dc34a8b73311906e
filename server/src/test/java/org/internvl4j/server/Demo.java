package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Base64;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.demo.Scenes;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
import org.internvl4j.serving.EngineOptions;
import org.internvl4j.serving.EngineState;

/// A server with the demo model, and a picture to ask it about.
final class Demo implements AutoCloseable {
  private static final Pattern OUTPUT =
      Pattern.compile("(?m)^gen_ai_client_token_usage_sum\\{.*\"output\".*} (.*)$");

  final VisionLanguageModel model;
  final Server server;
  final Client client;
  final Picture picture = Scenes.shapes(1).picture();
  final String base64 = Base64.getEncoder().encodeToString(Pictures.png(picture));

  Demo(EngineOptions engine, UnaryOperator<ServerOptions> options) throws IOException {
    model =
        VisionLanguageModel.open(
            DemoModel.checkpoint(), OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
    server =
        Server.start(
            model, engine, options.apply(ServerOptions.DEFAULT.withPort(0).withName("demo")));
    client = new Client(server);
  }

  Demo() throws IOException {
    this(EngineOptions.DEFAULT, options -> options);
  }

  /// A chat request about the picture.
  ///
  /// @param more further fields, each behind a comma
  String chat(String question, String more) {
    return """
    {"model": "demo", "max_tokens": 40, "messages": [{"role": "user", "content": [
      {"type": "text", "text": "%s"},
      {"type": "image_url", "image_url": {"url": "data:image/png;base64,%s"}}]}]%s}\
    """
        .formatted(question, base64, more);
  }

  /// Says in a request that nothing ends its answers but their length: a field, behind a comma.
  String endless() {
    return ", \"logit_bias\": {\"%d\": -100}".formatted(end());
  }

  /// The token that ends answers.
  int end() {
    return model.tokenizer().id("<|im_end|>").orElseThrow();
  }

  /// Tokens of all answers that have ended, whatever they were asked as, as the metrics tell.
  long outputTokens(String... headers) throws Exception {
    return OUTPUT
        .matcher(client.get("/metrics", headers).body())
        .results()
        .mapToLong(told -> (long) Double.parseDouble(told.group(1)))
        .sum();
  }

  /// Waits until nothing is answered any more; no memory is in use then.
  void settle() throws InterruptedException {
    server.engine().forget(); // which the engine does in a turn, and says what it sees
    EngineState state = server.engine().state();
    while (state.waiting() + state.reading() + state.growing() > 0) {
      Thread.sleep(5);
      server.engine().forget();
      state = server.engine().state();
    }
    assertThat(state.usedPages() + state.keptPages()).isZero();
  }

  @Override
  public void close() {
    server.close();
    model.close();
  }
}
