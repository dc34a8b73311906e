package org.internvl4j.server;

import java.io.IOException;
import java.util.List;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.constraint.Constraint;
import org.jspecify.annotations.Nullable;

/// `POST /v1/chat/completions`, as OpenAI's clients speak it.
final class ChatCompletions implements Route.Action {
  private static final String PROBLEMS = "X-InternVL-Problems";
  private static final int LONGEST_PROBLEMS = 1000;

  private final Service service;

  ChatCompletions(Service service) {
    this.service = service;
  }

  /// What a client asks for.
  ///
  /// @param n answers
  /// @param user whom the client asks for, for turns
  /// @param problems what is missing in the pages that it asks about
  private record Asked(
      Dialogue dialogue,
      Generation options,
      int n,
      boolean isStream,
      boolean tellsUsage,
      String user,
      List<String> problems) {}

  @Override
  public void answer(Exchange exchange) throws IOException, InterruptedException {
    Json json = exchange.json();
    Asked asked = Fields.read(() -> asked(json));
    if (!asked.problems().isEmpty()) {
      exchange.setHeader(PROBLEMS, header(asked.problems()));
    }
    String client = exchange.client() + "/" + asked.user();
    try (Replies replies = service.ask(asked.dialogue(), asked.options(), asked.n(), client)) {
      ChatAnswer answer =
          new ChatAnswer(service.name(), asked.n(), asked.options().logprobs() >= 0);
      Telling telling = new Telling(exchange, replies, answer);
      if (asked.isStream()) {
        telling.stream(asked.tellsUsage());
      } else {
        telling.whole();
      }
    }
  }

  private Asked asked(Json json) {
    service.requireModel(json);
    requireNone(json, "tools");
    requireNone(json, "functions");
    Json n = json.find("n");
    Json options = json.find("stream_options");
    PictureLoader pictures = service.pictures();
    return new Asked(
        Messages.dialogue(json.at("messages"), pictures),
        Sampling.of(json, service.limits())
            .withConstraint(constraint(json.find("response_format"))),
        n == null ? 1 : Fields.integer(n, 1, service.limits().answers()),
        json.getBoolean("stream", false),
        options != null && options.getBoolean("include_usage", false),
        json.getText("user", ""),
        pictures.problems());
  }

  /// As much as a header may say, in its characters.
  private static String header(List<String> problems) {
    String all = String.join("; ", problems).replaceAll("[^ -~]", "?");
    return all.substring(0, Math.min(LONGEST_PROBLEMS, all.length()));
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

  /// The routes.
  static List<Route> routes(Service service) {
    return List.of(
        new Route(
            "POST", "/v1/chat/completions", Dialect.OPENAI, false, new ChatCompletions(service)));
  }
}
