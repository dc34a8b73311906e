package org.internvl4j.server;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.serving.Operation;
import org.internvl4j.serving.Reply;
import org.jspecify.annotations.Nullable;

/// `POST /v1/completions`, OpenAI's older interface: the prompt is a question, since a chat model
/// answers and does not go on writing.
final class Completions implements Route.Action {
  private final Service service;

  Completions(Service service) {
    this.service = service;
  }

  private record Asked(
      String prompt, Generation options, int n, boolean isStream, boolean tellsUsage) {}

  static List<Route> routes(Service service) {
    return List.of(
        new Route("POST", "/v1/completions", Dialect.OPENAI, false, new Completions(service)));
  }

  @Override
  public void answer(Exchange exchange) throws IOException, InterruptedException {
    Json json = exchange.json();
    Asked asked = Fields.read(() -> asked(json));
    Dialogue dialogue = Dialogue.of(Question.of(asked.prompt()));
    try (Replies replies =
        Fields.of(
            json.at("prompt"),
            () ->
                service.ask(
                    exchange, Operation.COMPLETION, dialogue, asked.options(), asked.n(), ""))) {
      Body body = new Body(service.name(), asked.n(), asked.isStream() && asked.tellsUsage());
      Telling telling = new Telling(exchange, replies, body);
      if (asked.isStream()) {
        telling.stream(asked.tellsUsage());
      } else {
        telling.whole();
      }
    }
  }

  private Asked asked(Json json) {
    service.requireModel(json);
    Json prompt = json.at("prompt");
    List<String> prompts = Fields.texts(prompt);
    if (prompts.size() != 1) {
      throw Fields.wrong(prompt, "one text");
    }
    if (json.has("logprobs")) {
      throw Fields.wrong(json.at("logprobs"), "none here: /v1/chat/completions tells them");
    }
    Fields.requireNone(json, "echo", "the prompt is not repeated");
    Fields.requireNone(json, "suffix", "a chat model fills no gaps");
    int n = n(json);
    Json options = json.find("stream_options");
    return new Asked(
        prompts.getFirst(),
        Sampling.of(json, service),
        n,
        json.getBoolean("stream", false),
        options != null && options.getBoolean("include_usage", false));
  }

  private int n(Json json) {
    Json field = json.find("n");
    int n = field == null ? 1 : Fields.integer(field, 1, service.limits().answers());
    Json best = json.find("best_of");
    if (best != null && Fields.cut(best) != n) {
      throw Fields.wrong(best, n + ", as many as n: no answers are made but those told");
    }
    return n;
  }

  /// Answers in the interface's form.
  private static final class Body implements Telling.Form {
    private final String id = "cmpl-" + UUID.randomUUID().toString().replace("-", "");
    private final long created = Instant.now().getEpochSecond();
    private final String model;
    private final boolean tellsUsage;
    private final @Nullable Answer[] answers;

    Body(String model, int n, boolean tellsUsage) {
      this.model = model;
      this.tellsUsage = tellsUsage;
      this.answers = new Answer[n];
    }

    private JsonWriter head() {
      return new JsonWriter()
          .object()
          .field("id", id)
          .field("object", "text_completion")
          .field("created", created)
          .field("model", model)
          .array("choices");
    }

    private static void choice(JsonWriter json, int index, String text, @Nullable String reason) {
      json.object().field("index", index).field("text", text).field("logprobs", (Json) null);
      if (reason == null) {
        json.field("finish_reason", (Json) null);
      } else {
        json.field("finish_reason", reason);
      }
      json.end();
    }

    private String chunk(int index, String piece, @Nullable String reason) {
      JsonWriter json = head();
      choice(json, index, piece, reason);
      json.end();
      if (tellsUsage) {
        json.field("usage", (Json) null);
      }
      return json.end().toString();
    }

    @Override
    public void add(int index, Reply.Event event) {
      if (event instanceof Reply.Done(Answer answer, _, _)) {
        answers[index] = answer;
      }
    }

    @Override
    public List<String> beginnings() {
      return List.of();
    }

    @Override
    public String piece(int index, String piece) {
      return chunk(index, piece, null);
    }

    @Override
    public String ending(int index, Answer answer) {
      return chunk(index, "", ChatAnswer.reason(answer));
    }

    @Override
    public String whole() {
      JsonWriter json = head();
      for (int i = 0; i < answers.length; i++) {
        Answer answer = ChatAnswer.come(answers[i]);
        choice(json, i, answer.text(), ChatAnswer.reason(answer));
      }
      ChatAnswer.usage(json.end(), answers);
      return json.end().toString();
    }

    @Override
    public String usage() {
      JsonWriter json = head().end();
      ChatAnswer.usage(json, answers);
      return json.end().toString();
    }
  }
}
