package org.internvl4j.server;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Locale;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.internvl4j.models.Answer;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineListener;
import org.internvl4j.serving.EngineState;
import org.internvl4j.serving.Operation;
import org.internvl4j.serving.RefusedException;
import org.internvl4j.serving.Reply;

/// Numbers for those who watch a server, in Prometheus' form; names as OpenTelemetry's conventions
/// for generative models say, where they say one.
final class Meters implements EngineListener {
  /// Bounds of the histograms of tokens, as the conventions say.
  private static final double[] TOKENS =
      IntStream.range(0, 14).mapToDouble(i -> 1L << (2 * i)).toArray();

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Timer queued = timer("internvl.queue.time", "asked to let in", Tags.empty());
  private final Timer step = timer("internvl.step", "a pass over the weights", Tags.empty());
  private final DistributionSummary together =
      DistributionSummary.builder("internvl.step.answers")
          .description("answers that a pass made grow")
          .register(registry);
  private final Counter cached =
      Counter.builder("internvl.tokens.cached")
          .description("tokens of prompts that were read before")
          .register(registry);
  private final Counter tiles =
      Counter.builder("internvl.tiles").description("tiles encoded").register(registry);
  private final Counter suspensions =
      Counter.builder("internvl.suspensions")
          .description("answers that gave up their memory and began anew")
          .register(registry);
  private volatile String model = "";

  Meters() {
    for (RefusedException.Reason reason : RefusedException.Reason.values()) {
      refusals(name(reason)); // they are told from the beginning
    }
  }

  private static String name(RefusedException.Reason reason) {
    return reason.name().toLowerCase(Locale.ROOT);
  }

  private Counter refusals(String reason) {
    return Counter.builder("internvl.refusals")
        .description("requests that were not answered")
        .tag("reason", reason)
        .register(registry);
  }

  /// What the conventions want to know of every number.
  private Tags labels(Operation operation) {
    String name =
        switch (operation) {
          case CHAT -> "chat";
          case COMPLETION -> "text_completion";
          case EMBEDDING -> "embeddings";
        };
    return Tags.of(
        "gen_ai.operation.name",
        name,
        "gen_ai.provider.name",
        "internvl4j",
        "gen_ai.request.model",
        model);
  }

  private Timer timer(String name, String description, Tags labels) {
    return Timer.builder(name)
        .description(description)
        .tags(labels)
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(1))
        .maximumExpectedValue(Duration.ofMinutes(10))
        .register(registry);
  }

  private DistributionSummary tokens(String type, Tags labels) {
    return DistributionSummary.builder("gen_ai.client.token.usage")
        .description("tokens of a prompt, and of an answer")
        .tags(labels)
        .tag("gen_ai.token.type", type)
        .serviceLevelObjectives(TOKENS)
        .register(registry);
  }

  /// Shows what an engine is doing.
  ///
  /// @param name what clients call its model
  void watch(Engine engine, String name) {
    model = name;
    gauge(engine, "internvl.requests.waiting", "requests in the queue", EngineState::waiting);
    gauge(engine, "internvl.requests.reading", "prompts being read", EngineState::reading);
    gauge(engine, "internvl.requests.growing", "answers that grow", EngineState::growing);
    gauge(engine, "internvl.kv.pages", "pages of keys and values", EngineState::pages);
    gauge(engine, "internvl.kv.pages.used", "of them, used by answers", EngineState::usedPages);
    gauge(engine, "internvl.kv.pages.kept", "of them, kept for reuse", EngineState::keptPages);
  }

  private void gauge(
      Engine engine, String name, String description, ToIntFunction<EngineState> value) {
    Gauge.builder(name, engine, e -> value.applyAsInt(e.state()))
        .description(description)
        .register(registry);
  }

  /// What there is to know.
  String text() {
    return registry.scrape();
  }

  @Override
  public void firstToken(Operation operation, Duration since) {
    timer("gen_ai.server.time_to_first_token", "asked to first token", labels(operation))
        .record(since);
  }

  @Override
  public void step(int answers, Duration time) {
    step.record(time);
    together.record(answers);
  }

  @Override
  public void done(Operation operation, Answer answer, Reply.Times times) {
    Answer.Usage usage = answer.usage();
    Tags labels = labels(operation);
    tokens("input", labels).record(usage.promptTokens());
    cached.increment(usage.cachedTokens());
    if (usage.newTokens() > 0) {
      tokens("output", labels).record(usage.newTokens());
    }
    tiles.increment(usage.encodedTiles());
    queued.record(times.queued());
    timer("gen_ai.server.request.duration", "asked to answered", labels).record(times.total());
    if (usage.newTokens() > 1) {
      timer(
              "gen_ai.server.time_per_output_token",
              "a token after the first, mean of an answer",
              labels)
          .record(times.total().minus(times.firstToken()).dividedBy(usage.newTokens() - 1));
    }
  }

  @Override
  public void refused(RefusedException.Reason reason) {
    refusals(name(reason)).increment();
  }

  /// A request is answered with an error. Those that the engine refuses it has counted itself.
  ///
  /// @param cause why
  /// @return the error
  ApiException refused(ApiException error, Throwable cause) {
    if (!(cause instanceof RefusedException)) {
      refusals(error.code()).increment();
    }
    return error;
  }

  /// Something came that is no request, or too large for one.
  void malformed() {
    refusals("malformed").increment();
  }

  @Override
  public void suspended() {
    suspensions.increment();
  }
}
