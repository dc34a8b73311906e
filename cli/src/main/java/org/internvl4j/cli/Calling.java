package org.internvl4j.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.internvl4j.batch.Outcome;
import org.internvl4j.batch.Row;
import org.internvl4j.batch.Worker;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Session;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.server.Calls;
import org.internvl4j.server.Limits;
import org.internvl4j.server.ServerOptions;
import org.internvl4j.serving.EngineOptions;

/// Answers the requests of a batch as `serve` would. What depends on other requests is no answer:
/// who finds the server busy asks again.
final class Calling implements Worker.Skill {
  /// Half of them grow, while the pictures of the others are decoded and cut.
  private static final int AT_ONCE = 2 * Session.MOST_TOGETHER;

  private static final Duration NEVER = Duration.ofDays(10_000);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final int MOST_PAUSES = 100; // while no other request is at work

  private final VisionLanguageModel model;
  private final Calls calls;
  private final AtomicInteger working = new AtomicInteger();

  /// @param checkpoint belongs to it from now on, also if opening fails
  /// @param folder below which requests may name files
  static Calling open(Checkpoint checkpoint, OpenOptions options, Path folder) {
    VisionLanguageModel model = VisionLanguageModel.open(checkpoint, options.forLong());
    try {
      return new Calling(model, folder);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  private Calling(VisionLanguageModel model, Path folder) {
    Limits limits = Limits.DEFAULT;
    int queue = 8 * AT_ONCE * limits.answers(); // one client leaves most of it to others
    this.model = model;
    this.calls =
        new Calls(
            model,
            EngineOptions.DEFAULT.withQueue(queue),
            ServerOptions.DEFAULT
                .withMediaPath(folder)
                .withLimits(
                    new Limits(
                        limits.bodyBytes(),
                        limits.headerBytes(),
                        limits.pictures(),
                        limits.pixels(),
                        limits.newTokens(),
                        limits.answers(),
                        NEVER)));
  }

  /// Tells it from tasks.
  static void describe(JsonWriter json) {
    json.field("kind", "requests");
  }

  @Override
  public int atOnce() {
    return AT_ONCE;
  }

  @Override
  public Outcome work(Row.Call call) throws InterruptedException {
    int pauses = 0;
    while (pauses < MOST_PAUSES) {
      Calls.Response response = post(call);
      boolean isBusy = response.status() == 429 || response.status() == 503;
      if (!isBusy && (response.status() < 500 || calls.engine().isOpen())) {
        return new Outcome.Called(response.status(), response.body());
      }
      if (!calls.engine().isOpen()) {
        throw new IllegalStateException("batch: the model failed: " + response.body());
      }
      pauses += working.get() == 0 ? 1 : 0;
      Thread.sleep(PAUSE);
    }
    throw new IllegalStateException(
        "batch: "
            + call.id()
            + ": finds no memory, though no other request has any; give the heap more");
  }

  private Calls.Response post(Row.Call call) throws InterruptedException {
    working.incrementAndGet();
    try {
      return calls.post(call.url(), call.body());
    } finally {
      working.decrementAndGet();
    }
  }

  @Override
  public Outcome work(Row.Item item) {
    throw new IllegalArgumentException("row: has pictures, expected a request");
  }

  @Override
  public void close() {
    calls.close();
    model.close();
  }
}
