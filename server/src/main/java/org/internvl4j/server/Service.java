package org.internvl4j.server;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.server.source.PictureSource;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.Reply;
import org.internvl4j.serving.Request;

/// What every interface stands on.
///
/// @param name what clients call the model
/// @param started seconds since 1970
record Service(
    VisionLanguageModel model,
    Engine engine,
    String name,
    PictureSource sources,
    Limits limits,
    long started) {

  /// The pictures of a request that has come.
  PictureLoader pictures() {
    return new PictureLoader(sources, limits, model.tiling());
  }

  /// @throws ApiException if a client asks for another model than there is
  void requireModel(Json json) {
    Json model = json.find("model");
    if (model != null && !isOurs(model.asText())) {
      throw new ApiException(
          404, "model_not_found", "model " + model + " is not served here, expected " + name);
    }
  }

  /// Ollama's clients add a tag to a name.
  private boolean isOurs(String asked) {
    return asked.equals(name) || asked.equals(name + ":latest");
  }

  /// Asks `n` times, each time with another seed.
  ///
  /// @param client who gets turns
  Replies ask(Dialogue dialogue, Generation options, int n, String client) {
    List<Reply> replies = new ArrayList<>();
    try {
      for (int i = 0; i < n; i++) {
        Generation own = options.withSeed(options.seed() + i);
        replies.add(engine.submit(new Request(dialogue, own, client, limits.time())));
      }
    } catch (RuntimeException e) {
      replies.forEach(Reply::cancel);
      throw e;
    }
    return new Replies(replies);
  }
}
