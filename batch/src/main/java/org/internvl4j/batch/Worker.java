package org.internvl4j.batch;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.UnsupportedModelException;
import org.jspecify.annotations.Nullable;

/// Does a [Task] with many rows at once: while some pictures are decoded, the model looks at
/// others, and answers grow together. What becomes of a row depends on nothing but the row.
///
/// Any thread may use it. The caller closes it.
public final class Worker implements AutoCloseable {
  /// What does the task: called by many threads.
  public interface Skill extends AutoCloseable {
    /// How many rows it is worth working on at a time.
    int atOnce();

    /// Does it with pictures.
    ///
    /// @throws IllegalArgumentException if that is the row's fault, and so are
    ///   [org.internvl4j.media.PictureException] and
    ///   [org.internvl4j.models.PromptTooLongException]; all else ends the run
    Outcome work(Row.Item item) throws InterruptedException;

    /// Answers a request.
    ///
    /// @throws IllegalArgumentException if that is the row's fault, as it is unless said
    default Outcome work(Row.Call call) throws InterruptedException {
      throw new IllegalArgumentException("row: is a request, expected pictures");
    }

    /// The same model for another task, closed with this.
    ///
    /// @return null if the task needs something else, as it does unless said
    default @Nullable Skill with(Task task) {
      return null;
    }

    @Override
    void close();
  }

  private final Skill skill;
  private final Semaphore places;
  private final ExecutorService threads;

  private Worker(Skill skill) {
    this(skill, new Semaphore(skill.atOnce()), Executors.newVirtualThreadPerTaskExecutor());
  }

  private Worker(Skill skill, Semaphore places, ExecutorService threads) {
    this.skill = skill;
    this.places = places;
    this.threads = threads;
  }

  /// A worker that does what somebody else knows to do.
  ///
  /// @param skill is closed with it
  public static Worker of(Skill skill) {
    return new Worker(skill);
  }

  /// Opens the model that a task needs.
  ///
  /// @param checkpoint belongs to the worker from now on, also if opening fails
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if this model cannot do the task
  public static Worker open(
      Checkpoint checkpoint, OpenOptions options, Task task, PictureOptions pictures) {
    PictureReader reader = new PictureReader(pictures);
    OpenOptions lasting = options.forLong();
    return new Worker(
        switch (task) {
          case Task.Asking asking -> Answering.open(checkpoint, lasting, asking, reader);
          case Task.Embedding(Task.Vectors vectors) when vectors == Task.Vectors.STATES ->
              Answering.reading(checkpoint, lasting, reader);
          case Task.Embedding(Task.Vectors vectors) ->
              Looking.embedding(checkpoint, lasting, vectors, reader);
          case Task.Classifying classifying ->
              Looking.classifying(checkpoint, lasting, classifying, reader);
        });
  }

  /// Another task for the same model: both share its weights, its passes and the number of rows
  /// that may be under way. Closing either closes both.
  ///
  /// @return null if the task needs another part of the checkpoint, which is to be opened then
  public @Nullable Worker with(Task task) {
    Skill other = skill.with(task);
    return other == null ? null : new Worker(other, places, threads);
  }

  /// Begins with a row, as soon as not too many others are under way.
  ///
  /// @param patience how long to wait for that
  /// @return what becomes of it; exceptionally if the model failed or the worker was closed, not if
  ///   the row makes no sense. Cancelling it gives the row up. Null if there was no place in that
  ///   time
  public @Nullable CompletableFuture<Outcome> submit(Row row, Duration patience)
      throws InterruptedException {
    return switch (row) {
      case Row.Unreadable(String _, Failed why, boolean _) ->
          CompletableFuture.completedFuture(why);
      case Row.Item item -> begin(() -> skill.work(item), patience);
      case Row.Call call -> begin(() -> skill.work(call), patience);
    };
  }

  private interface Work {
    Outcome outcome() throws InterruptedException;
  }

  private @Nullable CompletableFuture<Outcome> begin(Work work, Duration patience)
      throws InterruptedException {
    if (!places.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
      return null;
    }
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    threads.execute(() -> {
      Thread thread = Thread.currentThread();
      CompletableFuture<Outcome> _ =
          outcome.whenComplete((_, _) -> {
            if (outcome.isCancelled()) {
              thread.interrupt();
            }
          });
      try {
        outcome.complete(outcome(work));
      } catch (InterruptedException | RuntimeException | Error e) {
        outcome.completeExceptionally(e);
      } finally {
        places.release();
      }
    });
    return outcome;
  }

  private static Outcome outcome(Work work) throws InterruptedException {
    try {
      return work.outcome();
    } catch (RuntimeException e) {
      Failed failed = Failures.of(e);
      if (failed == null) {
        throw e;
      }
      return failed;
    }
  }

  /// Ends. Rows that were begun are given up.
  @Override
  public void close() {
    threads.shutdownNow();
    skill.close();
    threads.close();
  }
}
