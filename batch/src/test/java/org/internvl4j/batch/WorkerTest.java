package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import javax.imageio.ImageIO;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.demo.Scenes;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.contrastive.ZeroShotPrompts;
import org.internvl4j.testkit.Fixtures;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerTest {
  private static final Duration PATIENCE = Duration.ofDays(1);
  private static final OpenOptions ONE_THREAD = OpenOptions.DEFAULT.withThreads(1).withoutCache();

  @TempDir private static Path temp;

  private static Row scene() throws Exception {
    Path file = temp.resolve("scene.png");
    ImageIO.write(Scenes.shapes(3).image(), "png", file.toFile());
    return Row.Item.of("scene", new PictureSource.OfFile(file));
  }

  private static Worker open(Checkpoint checkpoint, Task task) {
    return Worker.open(checkpoint, ONE_THREAD, task, PictureOptions.DEFAULT);
  }

  private static Outcome outcome(@Nullable Worker worker, Row row) throws Exception {
    assertThat(worker).isNotNull();
    CompletableFuture<Outcome> begun = worker.submit(row, PATIENCE);
    assertThat(begun).isNotNull();
    return begun.get();
  }

  private static String line(@Nullable Worker worker, Row row) throws Exception {
    return Line.of(row, outcome(worker, row), false);
  }

  @Test
  void oneChatModelDoesAllTasksOfChatModels() throws Exception {
    Task describing = Task.Asking.of(Task.Asking.DESCRIBE);
    List<Task> others =
        List.of(
            Task.Asking.of("How many shapes are in the image?"),
            Task.Asking.find("the red circle"),
            new Task.Embedding(Task.Vectors.STATES));
    try (Worker worker = open(DemoModel.checkpoint(), describing)) {
      for (Task task : others) {
        try (Worker alone = open(DemoModel.checkpoint(), task)) {
          assertThat(line(worker.with(task), scene())).isEqualTo(line(alone, scene()));
        }
      }
      assertThat(worker.with(new Task.Embedding(Task.Vectors.MEAN))).isNull();
    }
  }

  @Test
  void oneContrastiveModelDoesAllTasksOfItsKind() throws Exception {
    Path folder = Fixtures.folder("internvl-14b-224px");
    Task classes = classifying("a", "b", "c");
    List<Task> others =
        List.of(
            classifying("c", "d"),
            new Task.Embedding(Task.Vectors.C),
            new Task.Embedding(Task.Vectors.G));
    try (Worker worker = open(Checkpoint.open(folder), classes)) {
      for (Task task : others) {
        try (Worker alone = open(Checkpoint.open(folder), task)) {
          assertThat(line(worker.with(task), scene())).isEqualTo(line(alone, scene()));
        }
      }
      assertThat(worker.with(Task.Asking.of("What is it?"))).isNull();
      assertThat(worker.with(new Task.Embedding(Task.Vectors.MEAN))).isNull();
    }
  }

  private static Task classifying(String... classes) {
    return new Task.Classifying(
        new ZeroShotPrompts(List.of(classes), ZeroShotPrompts.PLAIN), ContrastiveModel.Mode.C, 5);
  }

  /// Goes on until it is interrupted.
  private static final class Endless implements Worker.Skill {
    private final CompletableFuture<String> ended = new CompletableFuture<>();

    @Override
    public int atOnce() {
      return 1;
    }

    @Override
    public Outcome work(Row.Item item) throws InterruptedException {
      try {
        new CountDownLatch(1).await();
      } finally {
        ended.complete(item.id());
      }
      throw new AssertionError("nobody counts");
    }

    @Override
    public void close() {}
  }

  @Test
  void rowsThatAreCancelledAreGivenUp() throws Exception {
    Endless endless = new Endless();
    try (Worker worker = Worker.of(endless)) {
      CompletableFuture<Outcome> first = worker.submit(scene(), PATIENCE);
      assertThat(first).isNotNull();
      assertThat(first.cancel(true)).isTrue();
      assertThat(endless.ended.get()).isEqualTo("scene");
      assertThat(worker.submit(scene(), PATIENCE)).isNotNull(); // its place is free
    }
  }

  /// The demo is a toy, which else is answered by what starts at once.
  @Test
  void aToyThatWorksForLongTakesVectors() {
    String kernels = System.getProperty("internvl4j.kernels", "auto");
    Assumptions.assumeTrue(kernels.equals("auto"), "who asks for kernels gets them for toys, too");
    String below = "internvl4j.plain.below";
    String before = System.getProperty(below, "");
    System.setProperty(below, String.valueOf(Long.MAX_VALUE));
    try {
      assertThat(described(ONE_THREAD)).contains("plain loops");
      assertThat(described(ONE_THREAD.forLong())).contains("Vector API");
    } finally {
      System.setProperty(below, before);
    }
  }

  private static String described(OpenOptions options) {
    try (VisionLanguageModel model = VisionLanguageModel.open(DemoModel.checkpoint(), options)) {
      return model.description();
    }
  }
}
