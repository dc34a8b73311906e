package org.internvl4j.server;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.constraint.Constraint;
import org.internvl4j.serving.Operation;
import org.jspecify.annotations.Nullable;

/// `POST /v1/chat/completions`, as OpenAI's clients speak it.
final class ChatCompletions implements Route.Action {
  static final String NO_TOOLS = "this server calls no tools";
  private static final Set<String> NO_CHOICES = Set.of("none", "auto");

  private final Service service;

  ChatCompletions(Service service) {
    this.service = service;
  }

  /// How a client wants to be told.
  ///
  /// @param n answers
  private record Manner(int n, boolean tellsLogprobs, boolean isStream, boolean tellsUsage) {}

  /// An answer that has begun, and nothing of what was sent for it.
  private record Begun(Replies replies, Manner manner) {}

  @Override
  public void answer(Exchange exchange) throws IOException, InterruptedException {
    Begun begun = begin(exchange);
    Manner manner = begun.manner();
    try (Replies replies = begun.replies()) {
      ChatAnswer answer =
          new ChatAnswer(service.name(), manner.n(), manner.tellsLogprobs(), manner.tellsUsage());
      Telling telling = new Telling(exchange, replies, answer);
      if (manner.isStream()) {
        telling.stream(manner.tellsUsage());
      } else {
        telling.whole();
      }
    }
  }

  private Begun begin(Exchange exchange) throws IOException {
    Json json = exchange.json();
    return Fields.read(() -> {
      service.requireModel(json);
      requireSupported(json);
      Generation options = options(exchange, json);
      Manner manner = manner(json, options);
      String user = json.getText("user", ""); // for turns
      Json messages = json.at("messages");
      PictureLoader pictures = service.pictures(exchange);
      Dialogue dialogue = Messages.dialogue(messages, pictures);
      exchange.tellProblems(pictures.problems());
      Replies replies =
          Fields.of(
              messages,
              () -> service.ask(exchange, Operation.CHAT, dialogue, options, manner.n(), user));
      return new Begun(replies, manner);
    });
  }

  private Generation options(Exchange exchange, Json json) {
    Json format = json.find("response_format");
    Constraint constraint =
        format == null ? null : service.desk().run(() -> constraint(format), exchange);
    return Sampling.of(json, service).withConstraint(constraint);
  }

  private Manner manner(Json json, Generation options) {
    Json n = json.find("n");
    Json stream = json.find("stream_options");
    return new Manner(
        n == null ? 1 : Fields.integer(n, 1, service.limits().answers()),
        options.logprobs() >= 0,
        json.getBoolean("stream", false),
        stream != null && stream.getBoolean("include_usage", false));
  }

  private static @Nullable Constraint constraint(@Nullable Json format) {
    if (format == null) {
      return null;
    }
    Json type = format.at("type");
    return switch (type.asText()) {
      case "text" -> null;
      case "json_object" -> Constraint.json();
      case "json_schema" -> {
        Json schema = format.at("json_schema").at("schema");
        yield Fields.of(schema, () -> Constraint.schema(schema));
      }
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
