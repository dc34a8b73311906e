package org.internvl4j.server;

import java.io.IOException;
import java.util.Base64;
import java.util.function.UnaryOperator;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.demo.Scenes;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
import org.internvl4j.serving.EngineOptions;

/// A server with the demo model, and a picture to ask it about.
final class Demo implements AutoCloseable {
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

  @Override
  public void close() {
    server.close();
    model.close();
  }
}
