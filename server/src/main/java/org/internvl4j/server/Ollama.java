package org.internvl4j.server;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.models.Question.Image;
import org.internvl4j.models.constraint.Constraint;
import org.internvl4j.serving.Operation;
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

  /// An answer that has begun, and nothing of what was sent for it.
  private record Begun(Replies replies, boolean isStream) {}

  private void chat(Exchange exchange) throws IOException, InterruptedException {
    answer(exchange, beginChat(exchange), true);
  }

  private @Nullable Begun beginChat(Exchange exchange) throws IOException {
    Json json = exchange.json();
    if (Fields.read(() -> isNothing(json, "messages"))) {
      load(exchange, json, true);
      return null;
    }
    return begin(
        exchange,
        json,
        Operation.CHAT,
        "messages",
        messages -> {
          Fields.requireNone(json, "tools", ChatCompletions.NO_TOOLS);
          PictureLoader pictures = service.pictures(exchange);
          Dialogue dialogue = Messages.dialogue(messages, pictures);
          exchange.tellProblems(pictures.problems());
          return dialogue;
        });
  }

  private void generate(Exchange exchange) throws IOException, InterruptedException {
    answer(exchange, beginGenerate(exchange), false);
  }

  private @Nullable Begun beginGenerate(Exchange exchange) throws IOException {
    Json json = exchange.json();
    if (Fields.read(() -> isNothing(json, "prompt") && isNothing(json, "images"))) {
      load(exchange, json, false);
      return null;
    }
    return begin(
        exchange,
        json,
        Operation.COMPLETION,
        json.has("prompt") ? "prompt" : "images",
        _ -> prompt(exchange, json));
  }

  /// @param field what is asked
  private Begun begin(
      Exchange exchange,
      Json json,
      Operation operation,
      String field,
      Function<Json, Dialogue> dialogue) {
    return Fields.read(() -> {
      service.requireModel(json);
      KeepAlive.check(json);
      boolean isStream = json.getBoolean("stream", true);
      Json format = json.find("format");
      Constraint constraint =
          format == null ? null : service.desk().run(() -> constraint(format), exchange);
      Generation options =
          Sampling.ofOllama(json.find("options"), service.limits()).withConstraint(constraint);
      Json asked = json.at(field);
      Dialogue question = dialogue.apply(asked);
      Replies replies =
          Fields.of(asked, () -> service.ask(exchange, operation, question, options, 1, ""));
      return new Begun(replies, isStream);
    });
  }

  private static boolean isNothing(Json json, String name) {
    return switch (json.find(name)) {
      case null -> true;
      case Json.Str text -> text.text().isEmpty();
      case Json.Arr list -> list.items().isEmpty();
      case Json.Obj _, Json.Num _, Json.Bool _, Json.Null _ -> false;
    };
  }

  private Dialogue prompt(Exchange exchange, Json json) {
    Fields.requireNone(json, "suffix", "a chat model fills no gaps");
    Fields.requireNone(json, "template", "the model has its own");
    Fields.requireNone(json, "raw", "the model's template is always used");
    Fields.requireNone(json, "context", "nothing is kept of earlier answers; use /api/chat");
    PictureLoader pictures = service.pictures(exchange);
    List<Image> images = new ArrayList<>();
    Json sent = json.find("images");
    if (sent != null) {
      for (Json image : sent.items()) {
        images.add(Fields.of(image, () -> new Image.Whole(pictures.base64(image.asText()))));
      }
    }
    Question question =
        new Question(json.getText("prompt", ""), images, OptionalInt.empty(), List.of());
    String system = json.getText("system", "");
    return Dialogue.of(question).withSystem(system.isEmpty() ? null : system);
  }

  private static @Nullable Constraint constraint(@Nullable Json format) {
    if (format == null) {
      return null;
    }
    if (!(format instanceof Json.Str(String text, _))) {
      return Fields.of(format, () -> Constraint.schema(format));
    }
    return switch (text) {
      case "" -> null;
      case "json" -> Constraint.json();
      default -> throw Fields.wrong(format, "json or a schema");
    };
  }

  // ---- what is answered

  /// To a request that asks nothing: Ollama's clients send it to have a model loaded, with
  /// `keep_alive: 0` to have it unloaded. Here it is loaded, and stays so.
  private void load(Exchange exchange, Json json, boolean isChat) throws IOException {
    boolean isUnload =
        Fields.read(() -> {
          service.requireModel(json);
          return KeepAlive.isZero(json);
        });
    String answer =
        head(isChat, "")
            .field("done", true)
            .field("done_reason", isUnload ? "unload" : "load")
            .end()
            .toString();
    exchange.json(200, answer);
  }

  /// @param begun null if it was answered at once
  private void answer(Exchange exchange, @Nullable Begun begun, boolean isChat)
      throws IOException, InterruptedException {
    if (begun == null) {
      return;
    }
    try (Replies replies = begun.replies()) {
      if (begun.isStream()) {
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

  private JsonWriter head(boolean isChat, String text) {
    JsonWriter json =
        new JsonWriter()
            .object()
            .field("model", service.name())
            .field("created_at", Instant.now().toString());
    return isChat
        ? json.object("message").field("role", "assistant").field("content", text).end()
        : json.field("response", text);
  }

  private String line(boolean isChat, String text, Reply.@Nullable Done end) {
    JsonWriter json = head(isChat, text).field("done", end != null);
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
    List<Question> inputs =
        Fields.read(() -> {
          KeepAlive.check(json);
          return Embeddings.inputs(service, exchange, json);
        });
    boolean cuts = Fields.read(() -> json.getBoolean("truncate", true));
    Embeddings.Read read = Embeddings.read(service, json.at("input"), inputs, cuts, exchange);
    JsonWriter out = new JsonWriter().object().field("model", service.name()).array("embeddings");
    read.vectors().forEach(vector -> Embeddings.vector(out.array(), vector).end());
    out.end()
        .field("total_duration", System.nanoTime() - start)
        .field("load_duration", 0)
        .field("prompt_eval_count", read.tokens());
    exchange.json(200, out.end().toString());
  }
}
