package org.internvl4j.server;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToIntFunction;
import org.internvl4j.models.Answer;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineListener;
import org.internvl4j.serving.EngineState;
import org.internvl4j.serving.RefusedException;
import org.internvl4j.serving.Reply;

/// Numbers for those who watch a server, in Prometheus' form; names as OpenTelemetry's conventions
/// for generative models say, where they say one.
final class Meters implements EngineListener {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Timer firstToken =
      timer("gen_ai.server.time_to_first_token", "asked to first token");
  private final Timer perToken =
      timer("gen_ai.server.time_per_output_token", "a token after the first, mean of an answer");
  private final Timer duration = timer("gen_ai.server.request.duration", "asked to answered");
  private final Timer queued = timer("internvl.queue.time", "asked to let in");
  private final Timer step = timer("internvl.step", "a pass over the weights");
  private final DistributionSummary together =
      DistributionSummary.builder("internvl.step.answers")
          .description("answers that a pass made grow")
          .register(registry);
  private final Counter input = tokens("input");
  private final Counter cached = tokens("cached");
  private final Counter output = tokens("output");
  private final Counter tiles =
      Counter.builder("internvl.tiles").description("tiles encoded").register(registry);
  private final Counter suspensions =
      Counter.builder("internvl.suspensions")
          .description("answers that gave up their memory and began anew")
          .register(registry);
  private final Map<RefusedException.Reason, Counter> refusals =
      new EnumMap<>(RefusedException.Reason.class);

  Meters() {
    for (RefusedException.Reason reason : RefusedException.Reason.values()) {
      refusals.put(
          reason,
          Counter.builder("internvl.refusals")
              .description("requests that were not answered")
              .tag("reason", reason.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
  }

  private Timer timer(String name, String description) {
    return Timer.builder(name)
        .description(description)
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(1))
        .maximumExpectedValue(Duration.ofMinutes(10))
        .register(registry);
  }

  private Counter tokens(String type) {
    return Counter.builder("gen_ai.client.token.usage")
        .description("tokens of prompts, those of them that were read before, and of answers")
        .tag("gen_ai.token.type", type)
        .register(registry);
  }

  /// Shows what an engine is doing.
  void watch(Engine engine) {
    gauge(engine, "internvl.requests.waiting", "requests in the queue", EngineState::waiting);
    gauge(engine, "internvl.requests.reading", "prompts being read", EngineState::reading);
    gauge(engine, "internvl.requests.growing", "answers that grow", EngineState::growing);
    gauge(engine, "internvl.kv.pages", "pages of keys and values", EngineState::pages);
    gauge(engine, "internvl.kv.pages.used", "of them, in use", EngineState::usedPages);
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
  public void firstToken(Duration since) {
    firstToken.record(since);
  }

  @Override
  public void step(int answers, Duration time) {
    step.record(time);
    together.record(answers);
  }

  @Override
  public void done(Answer answer, Reply.Times times) {
    Answer.Usage usage = answer.usage();
    input.increment(usage.promptTokens());
    cached.increment(usage.cachedTokens());
    output.increment(usage.newTokens());
    tiles.increment(usage.encodedTiles());
    queued.record(times.queued());
    duration.record(times.total());
    if (usage.newTokens() > 1) {
      perToken.record(times.total().minus(times.firstToken()).dividedBy(usage.newTokens() - 1));
    }
  }

  @Override
  public void refused(RefusedException.Reason reason) {
    Objects.requireNonNull(refusals.get(reason)).increment();
  }

  @Override
  public void suspended() {
    suspensions.increment();
  }
}
