package org.internvl4j.server;

import java.io.IOException;
import java.util.List;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.constraint.Constraint;
import org.internvl4j.serving.RefusedException;
import org.internvl4j.serving.Reply;
import org.jspecify.annotations.Nullable;

/// `POST /v1/chat/completions`, as OpenAI's clients speak it.
final class ChatCompletions implements Route.Action {
  private final Service service;

  ChatCompletions(Service service) {
    this.service = service;
  }

  /// What a client asks for.
  ///
  /// @param n answers
  /// @param user whom the client asks for, for turns
  private record Asked(
      Dialogue dialogue,
      Generation options,
      int n,
      boolean isStream,
      boolean tellsUsage,
      String user) {}

  @Override
  public void answer(Exchange exchange) throws IOException, InterruptedException {
    Json json = exchange.json();
    Asked asked = Fields.read(() -> asked(json));
    String client = exchange.client() + "/" + asked.user();
    try (Replies replies = service.ask(asked.dialogue(), asked.options(), asked.n(), client)) {
      ChatAnswer answer =
          new ChatAnswer(service.name(), asked.n(), asked.options().logprobs() >= 0);
      if (asked.isStream()) {
        stream(exchange, replies, answer, asked.tellsUsage());
      } else {
        whole(exchange, replies, answer);
      }
    }
  }

  private Asked asked(Json json) {
    service.requireModel(json);
    requireNone(json, "tools");
    requireNone(json, "functions");
    Json n = json.find("n");
    Json options = json.find("stream_options");
    return new Asked(
        Messages.dialogue(json.at("messages"), service.pictures(), service.limits()),
        Sampling.of(json, service.limits())
            .withConstraint(constraint(json.find("response_format"))),
        n == null ? 1 : Fields.integer(n, 1, service.limits().answers()),
        json.getBoolean("stream", false),
        options != null && options.getBoolean("include_usage", false),
        json.getText("user", ""));
  }

  private static @Nullable Constraint constraint(@Nullable Json format) {
    if (format == null) {
      return null;
    }
    Json type = format.at("type");
    return switch (type.asText()) {
      case "text" -> null;
      case "json_object" -> Constraint.json();
      case "json_schema" -> Constraint.schema(format.at("json_schema").at("schema"));
      default -> throw Fields.wrong(type, "text, json_object or json_schema");
    };
  }

  private static void requireNone(Json json, String field) {
    Json found = json.find(field);
    if (found != null && !found.items().isEmpty()) {
      throw Fields.wrong(found, "none: this server calls no tools");
    }
  }

  private static void whole(Exchange exchange, Replies replies, ChatAnswer answer)
      throws IOException, InterruptedException {
    replies.hear(
        new Replies.Listener() {
          @Override
          public void hear(int index, Reply.Event event) {
            answer.add(index, event);
          }

          @Override
          public void idle() throws IOException {
            exchange.requireClient();
          }
        });
    exchange.json(200, answer.whole());
  }

  private static void stream(
      Exchange exchange, Replies replies, ChatAnswer answer, boolean tellsUsage)
      throws IOException, InterruptedException {
    EventStream events = new EventStream(exchange);
    for (String chunk : answer.beginnings()) {
      events.data(chunk);
    }
    try {
      replies.hear(
          new Replies.Listener() {
            @Override
            public void hear(int index, Reply.Event event) throws IOException {
              answer.add(index, event);
              switch (event) {
                case Reply.Text(String piece) -> events.data(answer.piece(index, piece));
                case Reply.Done(Answer done, _, _) -> events.data(answer.ending(index, done));
                case Reply.Seen(int done, int total) -> events.progress("tile", done, total);
                case Reply.Read(int done, int total) -> events.progress("prompt", done, total);
                case Reply.Chosen _, Reply.Refused _ -> {}
              }
            }

            @Override
            public void idle() throws IOException {
              events.beat();
            }
          });
    } catch (RefusedException e) {
      events.data(Dialect.OPENAI.error(Router.refused(e)));
      events.end();
      return;
    }
    if (tellsUsage) {
      events.data(answer.usage());
    }
    events.data("[DONE]");
    events.end();
  }

  /// The routes.
  static List<Route> routes(Service service) {
    return List.of(
        new Route(
            "POST", "/v1/chat/completions", Dialect.OPENAI, false, new ChatCompletions(service)));
  }
}
