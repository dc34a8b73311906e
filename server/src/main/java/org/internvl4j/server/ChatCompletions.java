package org.internvl4j.server;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.constraint.Constraint;
import org.jspecify.annotations.Nullable;

/// `POST /v1/chat/completions`, as OpenAI's clients speak it.
final class ChatCompletions implements Route.Action {
  static final String NO_TOOLS = "this server calls no tools";
  private static final Set<String> NO_CHOICES = Set.of("none", "auto");

  private final Service service;
  private final Schemas schemas = new Schemas();

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
    try (Replies replies =
        Fields.of(
            json.at("messages"),
            () -> service.ask(asked.dialogue(), asked.options(), asked.n(), client))) {
      ChatAnswer answer =
          new ChatAnswer(
              service.name(), asked.n(), asked.options().logprobs() >= 0, asked.tellsUsage());
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
    requireSupported(json);
    Json n = json.find("n");
    Json options = json.find("stream_options");
    return new Asked(
        Messages.dialogue(json.at("messages"), service.pictures()),
        Sampling.of(json, service).withConstraint(constraint(json.find("response_format"))),
        n == null ? 1 : Fields.integer(n, 1, service.limits().answers()),
        json.getBoolean("stream", false),
        options != null && options.getBoolean("include_usage", false),
        json.getText("user", ""));
  }

  private @Nullable Constraint constraint(@Nullable Json format) {
    if (format == null) {
      return null;
    }
    Json type = format.at("type");
    return switch (type.asText()) {
      case "text" -> null;
      case "json_object" -> Constraint.json();
      case "json_schema" -> schemas.constraint(format.at("json_schema").at("schema"));
      default -> throw Fields.wrong(type, "text, json_object or json_schema");
    };
  }

  /// Refuses what would have to change the answer and cannot.
  private static void requireSupported(Json json) {
    Fields.requireNone(json, "tools", NO_TOOLS);
    Fields.requireNone(json, "functions", NO_TOOLS);
    for (String name : List.of("tool_choice", "function_call")) {
      Json choice = json.find(name);
      if (choice != null
          && !(choice instanceof Json.Str(String text, _) && NO_CHOICES.contains(text))) {
        throw Fields.wrong(choice, "none or auto: " + NO_TOOLS);
      }
    }
    Json modalities = json.find("modalities");
    if (modalities != null && !Fields.texts(modalities).equals(List.of("text"))) {
      throw Fields.wrong(modalities, "text alone");
    }
    Fields.requireNone(json, "audio", "answers are texts");
    Fields.requireNone(json, "prediction", "answers are not predicted");
    Fields.requireNone(json, "web_search_options", "this server searches nothing");
  }

  /// The routes.
  static List<Route> routes(Service service) {
    return List.of(
        new Route(
            "POST", "/v1/chat/completions", Dialect.OPENAI, false, new ChatCompletions(service)));
  }
}
