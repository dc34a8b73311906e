package org.internvl4j.server;

import java.util.List;
import java.util.stream.IntStream;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.server.source.PictureSource;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.Operation;
import org.internvl4j.serving.Reply;
import org.internvl4j.serving.Request;

/// What every interface stands on.
///
/// @param name what clients call the model
/// @param desk for work that every request has
/// @param studio for that with pictures, videos and PDF files
/// @param started seconds since 1970
record Service(
    VisionLanguageModel model,
    Engine engine,
    String name,
    PictureSource sources,
    Limits limits,
    Desk desk,
    Desk studio,
    long started) {

  /// The pictures of a request that has come.
  PictureLoader pictures(Exchange exchange) {
    return new PictureLoader(sources, limits, studio, exchange.memory(), exchange, model.tiling());
  }

  /// @throws ApiException if a client asks for another model than there is
  void requireModel(Json json) {
    Json model = json.find("model");
    if (model != null && !isOurs(model.asText())) {
      throw new ApiException(
              404, "model_not_found", "model " + model + " is not served here, expected " + name)
          .about("model");
    }
  }

  /// Ollama's clients add a tag to a name.
  private boolean isOurs(String asked) {
    return asked.equals(name) || asked.equals(name + ":latest");
  }

  /// Asks `n` times, each time with another seed.
  ///
  /// @param operation how it is counted
  /// @param user for whom
  Replies ask(
      Exchange exchange,
      Operation operation,
      Dialogue dialogue,
      Generation options,
      int n,
      String user) {
    List<Generation> each =
        IntStream.range(0, n).mapToObj(i -> options.withSeed(options.seed() + i)).toList();
    Request request =
        new Request(operation, dialogue, options, exchange.client(user), limits.time());
    List<Reply> replies = desk.run(() -> engine.submit(request, each));
    try {
      exchange.memory().hold(replies.getFirst().pictureBytes()); // nothing else of what has come
    } catch (RuntimeException e) {
      replies.forEach(Reply::cancel);
      throw e;
    }
    return new Replies(replies);
  }

  /// Asks what a text and its pictures are about.
  Replies embed(Exchange exchange, Question question) {
    Request request = Request.embedding(question, exchange.client(""), limits.time());
    return new Replies(List.of(desk.run(() -> engine.submit(request))));
  }
}
