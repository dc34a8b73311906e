package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.internvl4j.serving.EngineState;
import org.junit.jupiter.api.Test;

/// What a server tells those who watch it.
class MetricsTest {
  private static final String MESSAGES =
      "\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]";

  /// With the labels that OpenTelemetry's conventions require, by what was asked for.
  @Test
  void countsWhatWasAskedForApart() throws Exception {
    try (Demo demo = new Demo()) {
      ask(demo, "/v1/chat/completions", "{" + MESSAGES + "}");
      ask(demo, "/api/chat", "{" + MESSAGES + ", \"stream\": false}");
      ask(demo, "/v1/completions", "{\"prompt\": \"Hi\", \"n\": 2}");
      ask(demo, "/api/generate", "{\"prompt\": \"Hi\", \"stream\": false}");
      ask(demo, "/v1/embeddings", "{\"input\": [\"a\", \"b\", \"c\", \"d\"]}");
      demo.settle(); // the engine counts behind the end of an answer
      List<String> told = demo.client.get("/metrics").body().lines().toList();
      for (String name :
          List.of(
              "gen_ai_server_time_to_first_token_seconds",
              "gen_ai_server_time_per_output_token_seconds",
              "gen_ai_server_request_duration_seconds")) {
        assertThat(told)
            .contains(count(name, "chat", "", 2), count(name, "text_completion", "", 3));
      }
      String request = "gen_ai_server_request_duration_seconds";
      assertThat(told).contains(count(request, "embeddings", "", 4));
      assertThat(told)
          .contains(
              tokens("chat", "input", 2),
              tokens("chat", "output", 2),
              tokens("text_completion", "input", 3),
              tokens("text_completion", "output", 3),
              tokens("embeddings", "input", 4))
          .noneMatch(line -> line.contains("embeddings") && line.contains("output"))
          .anyMatch(line ->
              line.startsWith("gen_ai_client_token_usage_bucket{")
                  && line.contains("le=\"6.7108864E7\""));
    }
  }

  /// Pages that are kept for prompts to come are none that answers use.
  @Test
  void tellsKeptPagesFromUsedOnes() throws Exception {
    try (Demo demo = new Demo()) {
      ask(demo, "/v1/chat/completions", demo.chat("What is it? ".repeat(60), ""));
      EngineState state = demo.server.engine().state();
      while (state.growing() + state.reading() > 0 || state.usedPages() > 0) {
        Thread.sleep(5); // the engine's state is that of its last turn
        state = demo.server.engine().state();
      }
      assertThat(state.keptPages()).isPositive();
      assertThat(demo.client.get("/metrics").body())
          .contains(
              "internvl_kv_pages_used 0.0", "internvl_kv_pages_kept " + state.keptPages() + ".0");
      demo.settle();
      assertThat(demo.client.get("/metrics").body()).contains("internvl_kv_pages_kept 0.0");
    }
  }

  private static void ask(Demo demo, String path, String body) throws Exception {
    assertThat(demo.client.post(path, body).statusCode()).as(path).isEqualTo(200);
  }

  private static String tokens(String operation, String type, int count) {
    String label = ",gen_ai_token_type=\"" + type + "\"";
    return count("gen_ai_client_token_usage", operation, label, count);
  }

  /// @param more labels, each behind a comma
  private static String count(String name, String operation, String more, int count) {
    return "%s_count{gen_ai_operation_name=\"%s\",gen_ai_provider_name=\"internvl4j\",gen_ai_request_model=\"demo\"%s} %d"
        .formatted(name, operation, more, count);
  }
}
