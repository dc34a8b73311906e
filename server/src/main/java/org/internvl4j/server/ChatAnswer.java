package org.internvl4j.server;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.Answer;
import org.internvl4j.models.TokenChoice;
import org.internvl4j.models.TokenChoice.Candidate;
import org.internvl4j.serving.Reply;
import org.jspecify.annotations.Nullable;

/// The answers to a chat request, in OpenAI's form: whole, or in chunks.
final class ChatAnswer implements Telling.Form {
  private final String id = "chatcmpl-" + UUID.randomUUID().toString().replace("-", "");
  private final long created = Instant.now().getEpochSecond();
  private final String model;
  private final boolean tellsLogprobs;
  private final boolean tellsUsage;
  private final List<List<TokenChoice>> choices = new ArrayList<>(); // of each answer, not told yet
  private final @Nullable Answer[] answers;

  /// @param n answers
  /// @param tellsUsage whether a chunk behind all others tells what they have cost
  ChatAnswer(String model, int n, boolean tellsLogprobs, boolean tellsUsage) {
    this.model = model;
    this.tellsLogprobs = tellsLogprobs;
    this.tellsUsage = tellsUsage;
    this.answers = new Answer[n];
    for (int i = 0; i < n; i++) {
      choices.add(new ArrayList<>());
    }
  }

  @Override
  public void add(int index, Reply.Event event) {
    switch (event) {
      case Reply.Chosen(TokenChoice choice) -> choices.get(index).add(choice);
      case Reply.Done(Answer answer, _, _) -> answers[index] = answer;
      case Reply.Text _, Reply.Seen _, Reply.Read _, Reply.Refused _ -> {}
    }
  }

  // ---- whole

  @Override
  public String whole() {
    JsonWriter json = head("chat.completion").array("choices");
    for (int i = 0; i < answers.length; i++) {
      Answer answer = answer(i);
      json.object().field("index", i);
      json.object("message")
          .field("role", "assistant")
          .field("content", answer.text())
          .field("refusal", (Json) null)
          .end();
      logprobs(json, i);
      json.field("finish_reason", reason(answer)).end();
    }
    usage(json.end(), answers);
    return json.end().toString();
  }

  private Answer answer(int index) {
    return come(answers[index]);
  }

  /// An answer that has come, or this is no time to ask for it.
  static Answer come(@Nullable Answer answer) {
    if (answer == null) {
      throw new IllegalStateException("server: an answer has not come");
    }
    return answer;
  }

  // ---- chunks

  @Override
  public List<String> beginnings() {
    return IntStream.range(0, answers.length).mapToObj(i -> chunk(i, "", "", null)).toList();
  }

  @Override
  public String piece(int index, String piece) {
    return chunk(index, null, piece, null);
  }

  @Override
  public String ending(int index, Answer answer) {
    return chunk(index, null, null, reason(answer));
  }

  @Override
  public String usage() {
    JsonWriter json = head("chat.completion.chunk").array("choices").end();
    usage(json, answers);
    return json.end().toString();
  }

  private String chunk(
      int index, @Nullable String role, @Nullable String piece, @Nullable String reason) {
    JsonWriter json = head("chat.completion.chunk").array("choices").object().field("index", index);
    json.object("delta");
    if (role != null) {
      json.field("role", "assistant");
    }
    if (piece != null) {
      json.field("content", piece);
    }
    json.end();
    logprobs(json, index);
    if (reason == null) {
      json.field("finish_reason", (Json) null);
    } else {
      json.field("finish_reason", reason);
    }
    json.end().end();
    if (tellsUsage) {
      json.field("usage", (Json) null);
    }
    return json.end().toString();
  }

  // ---- parts

  private JsonWriter head(String object) {
    return new JsonWriter()
        .object()
        .field("id", id)
        .field("object", object)
        .field("created", created)
        .field("model", model);
  }

  private void logprobs(JsonWriter json, int index) {
    List<TokenChoice> told = choices.get(index);
    if (!tellsLogprobs || told.isEmpty()) {
      json.field("logprobs", (Json) null);
      return;
    }
    json.object("logprobs").array("content");
    for (TokenChoice choice : told) {
      json.object();
      candidate(json, choice.token());
      json.array("top_logprobs");
      for (Candidate candidate : choice.likeliest()) {
        json.object();
        candidate(json, candidate);
        json.end();
      }
      json.end().end();
    }
    json.end().end();
    told.clear();
  }

  private static void candidate(JsonWriter json, Candidate candidate) {
    json.field("token", candidate.text()).field("logprob", candidate.logProbability());
    json.array("bytes");
    for (byte b : candidate.text().getBytes(StandardCharsets.UTF_8)) {
      json.value(b & 255);
    }
    json.end();
  }

  /// Why an answer ended, in OpenAI's words.
  static String reason(Answer answer) {
    return switch (answer.finish()) {
      case STOP, STOP_TEXT -> "stop";
      case LENGTH, CONTEXT -> "length";
      case CANCELLED -> throw new IllegalStateException("server: an answer was cut off");
    };
  }

  /// What all answers to a request have cost, as field `usage`.
  static void usage(JsonWriter json, @Nullable Answer[] answers) {
    Answer.Usage first = come(answers[0]).usage();
    int completion = 0;
    int cached = 0;
    for (Answer answer : answers) {
      completion += come(answer).usage().newTokens();
      cached = Math.max(cached, come(answer).usage().cachedTokens());
    }
    json.object("usage")
        .field("prompt_tokens", first.promptTokens())
        .field("completion_tokens", completion)
        .field("total_tokens", first.promptTokens() + completion);
    json.object("prompt_tokens_details")
        .field("cached_tokens", cached)
        .field("tiles", first.tiles())
        .end()
        .end();
  }
}
