package org.internvl4j.server;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.LogitBias;
import org.internvl4j.models.Question;
import org.internvl4j.models.Question.Image;
import org.internvl4j.models.constraint.Constraint;
import org.internvl4j.serving.RefusedException;
import org.internvl4j.serving.Reply;
import org.jspecify.annotations.Nullable;

/// `POST /api/chat`, `/api/generate` and `/api/embed`, as Ollama's clients speak them.
final class Ollama {
  private final Service service;

  private Ollama(Service service) {
    this.service = service;
  }

  static List<Route> routes(Service service) {
    Ollama ollama = new Ollama(service);
    return List.of(
        new Route("POST", "/api/chat", Dialect.OLLAMA, false, ollama::chat),
        new Route("POST", "/api/generate", Dialect.OLLAMA, false, ollama::generate),
        new Route("POST", "/api/embed", Dialect.OLLAMA, false, ollama::embed));
  }

  // ---- what is asked

  private record Asked(Dialogue dialogue, Generation options, boolean isStream) {}

  private void chat(Exchange exchange) throws IOException, InterruptedException {
    Json json = exchange.json();
    Asked asked =
        Fields.read(() -> asked(json, Messages.dialogue(json.at("messages"), service.pictures())));
    answer(exchange, asked, true);
  }

  private void generate(Exchange exchange) throws IOException, InterruptedException {
    Json json = exchange.json();
    Asked asked = Fields.read(() -> asked(json, prompt(json)));
    answer(exchange, asked, false);
  }

  private Dialogue prompt(Json json) {
    for (String field : List.of("suffix", "template")) {
      if (!json.getText(field, "").isEmpty()) {
        throw Fields.wrong(json.at(field), "none");
      }
    }
    PictureLoader pictures = service.pictures();
    List<Image> images = new ArrayList<>();
    Json sent = json.find("images");
    if (sent != null) {
      for (Json image : sent.items()) {
        images.add(new Image.Whole(pictures.base64(image.asText())));
      }
    }
    Question question =
        new Question(json.getText("prompt", ""), images, OptionalInt.empty(), List.of());
    String system = json.getText("system", "");
    return Dialogue.of(question).withSystem(system.isEmpty() ? null : system);
  }

  private Asked asked(Json json, Dialogue dialogue) {
    service.requireModel(json);
    Generation options = options(json).withConstraint(constraint(json.find("format")));
    return new Asked(dialogue, options, json.getBoolean("stream", true));
  }

  private static @Nullable Constraint constraint(@Nullable Json format) {
    if (format == null) {
      return null;
    }
    if (!(format instanceof Json.Str(String text, _))) {
      return Constraint.schema(format);
    }
    return switch (text) {
      case "" -> null;
      case "json" -> Constraint.json();
      default -> throw Fields.wrong(format, "json or a schema");
    };
  }

  private Generation options(Json json) {
    Generation options = Generation.GREEDY;
    Json sent = json.find("options");
    if (sent == null) {
      return options;
    }
    int tokens = (int) sent.getLong("num_predict", -1);
    Json topK = sent.find("top_k");
    Json topP = sent.find("top_p");
    Json temperature = sent.find("temperature");
    Json penalty = sent.find("repeat_penalty");
    Json presence = sent.find("presence_penalty");
    Json frequency = sent.find("frequency_penalty");
    Json stop = sent.find("stop");
    return options
        .withMaxNewTokens(
            tokens < 1 ? options.maxNewTokens() : Math.min(tokens, service.limits().newTokens()))
        .withTemperature(temperature == null ? 0 : Fields.number(temperature, 0, 2))
        .withTopK(topK == null ? 0 : Fields.integer(topK, 0, Integer.MAX_VALUE))
        .withTopP(topP == null ? 1 : Math.max(1e-6f, Fields.number(topP, 0, 1)))
        .withRepetitionPenalty(penalty == null ? 1 : Fields.number(penalty, 0.01, 10))
        .withSeed(sent.getLong("seed", 0))
        .withBias(
            new LogitBias(
                presence == null ? 0 : Fields.number(presence, -2, 2),
                frequency == null ? 0 : Fields.number(frequency, -2, 2),
                Map.of()))
        .withStop(stop == null ? List.of() : Fields.texts(stop));
  }

  // ---- what is answered

  private void answer(Exchange exchange, Asked asked, boolean isChat)
      throws IOException, InterruptedException {
    try (Replies replies =
        service.ask(asked.dialogue(), asked.options(), 1, exchange.client() + "/")) {
      if (asked.isStream()) {
        stream(exchange, replies, isChat);
        return;
      }
      Reply.Done[] end = new Reply.Done[1];
      replies.hear(
          new Replies.Listener() {
            @Override
            public void hear(int index, Reply.Event event) {
              if (event instanceof Reply.Done done) {
                end[0] = done;
              }
            }

            @Override
            public void idle() throws IOException {
              exchange.requireClient();
            }
          });
      exchange.json(200, line(isChat, end[0].answer().text(), end[0]));
    }
  }

  /// A line of JSON for each piece. Where nothing comes, a line with no text finds out whether the
  /// client is still there.
  private void stream(Exchange exchange, Replies replies, boolean isChat)
      throws IOException, InterruptedException {
    exchange.stream("application/x-ndjson");
    try {
      replies.hear(
          new Replies.Listener() {
            @Override
            public void hear(int index, Reply.Event event) throws IOException {
              if (event instanceof Reply.Text(String piece)) {
                exchange.write(line(isChat, piece, null) + "\n");
              } else if (event instanceof Reply.Done done) {
                exchange.write(line(isChat, "", done) + "\n");
              }
            }

            @Override
            public void idle() throws IOException {
              exchange.write(line(isChat, "", null) + "\n");
            }
          });
    } catch (RefusedException e) {
      exchange.write(Dialect.OLLAMA.error(Router.refused(e)) + "\n");
    }
    exchange.end();
  }

  private String line(boolean isChat, String text, Reply.@Nullable Done end) {
    JsonWriter json =
        new JsonWriter()
            .object()
            .field("model", service.name())
            .field("created_at", Instant.now().toString());
    if (isChat) {
      json.object("message").field("role", "assistant").field("content", text).end();
    } else {
      json.field("response", text);
    }
    json.field("done", end != null);
    if (end != null) {
      end(json, end);
    }
    return json.end().toString();
  }

  private static void end(JsonWriter json, Reply.Done end) {
    Answer answer = end.answer();
    Duration read = answer.timings().vision().plus(answer.timings().prefill());
    json.field("done_reason", ChatAnswer.reason(answer))
        .field("total_duration", end.times().total().toNanos())
        .field("load_duration", 0)
        .field("prompt_eval_count", answer.usage().promptTokens())
        .field("prompt_eval_duration", read.toNanos())
        .field("eval_count", answer.usage().newTokens())
        .field("eval_duration", answer.timings().decode().toNanos());
  }

  private void embed(Exchange exchange) throws IOException, InterruptedException {
    long start = System.nanoTime();
    Json json = exchange.json();
    List<Question> inputs = Fields.read(() -> Embeddings.inputs(service, json));
    Embeddings.Read read = Embeddings.read(service, inputs, exchange);
    JsonWriter out = new JsonWriter().object().field("model", service.name()).array("embeddings");
    read.vectors().forEach(vector -> Embeddings.vector(out.array(), vector).end());
    out.end()
        .field("total_duration", System.nanoTime() - start)
        .field("load_duration", 0)
        .field("prompt_eval_count", read.tokens());
    exchange.json(200, out.end().toString());
  }
}
