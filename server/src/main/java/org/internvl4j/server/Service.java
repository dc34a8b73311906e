package org.internvl4j.server;

import java.util.List;
import java.util.stream.IntStream;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.text.PromptText;
import org.internvl4j.server.source.PictureSource;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.Operation;
import org.internvl4j.serving.Request;

/// What every interface stands on.
///
/// @param name what clients call the model
/// @param desk for work that every request has
/// @param studio for that with pictures and videos, and all that becomes tiles
/// @param files for PDF files, until their pages are pictures
/// @param tokenising what texts take to become tokens
/// @param started seconds since 1970
record Service(
    VisionLanguageModel model,
    Engine engine,
    String name,
    PictureSource sources,
    Limits limits,
    Desk desk,
    Desk studio,
    Desk files,
    Tokenising tokenising,
    long started) {

  /// The pictures of a request that has come.
  PictureLoader pictures(Exchange exchange) {
    return new PictureLoader(
        sources, limits, studio, files, exchange.memory(), exchange, model.tiling());
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
    exchange.memory().take(tokenising.memory(dialogue));
    Replies replies = room(dialogue).run(() -> new Replies(engine.submit(request, each)), exchange);
    try {
      exchange.memory().hold(replies.pictureBytes()); // nothing else of what has come
    } catch (RuntimeException e) {
      replies.close();
      throw e;
    }
    return replies;
  }

  /// Asks what a text and its pictures are about.
  ///
  /// @param cuts whether the end of a text is left out where it is too long
  Replies embed(Exchange exchange, Question question, boolean cuts) {
    Shortening shortening = new Shortening(model.tokenizer(), tokenising.characters());
    Question begun = cuts ? shortening.first(question) : question;
    Request request = Request.embedding(begun, exchange.client(""), limits.time());
    long memory = tokenising.memory(request.dialogue());
    exchange.memory().take(memory);
    Replies reply =
        room(request.dialogue())
            .run(
                () ->
                    new Replies(
                        List.of(
                            cuts ? shortening.submit(engine, request) : engine.submit(request))),
                exchange);
    exchange.memory().give(memory);
    return reply;
  }

  /// Where a dialogue is made ready for the engine: its pictures are cut where pictures are read,
  /// so that they hold up no text.
  private Desk room(Dialogue dialogue) {
    boolean hasPictures =
        !dialogue.question().images().isEmpty()
            || dialogue.earlier().stream().anyMatch(turn -> !turn.question().images().isEmpty());
    return hasPictures ? studio : desk;
  }

  /// The tokens of a text that a user would type: no control token comes out of it.
  ///
  /// @throws ApiException if it is longer than any prompt
  int[] tokenize(Exchange exchange, String text) {
    exchange.memory().take(tokenising.memory(text)); // up to the answer
    return desk.run(() -> model.tokenizer().encode(PromptText.literal(text)), exchange);
  }
}
