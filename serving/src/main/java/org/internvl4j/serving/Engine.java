package org.internvl4j.serving;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.internvl4j.models.PromptTooLongException;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.serving.RefusedException.Reason;
import org.jspecify.annotations.Nullable;

/// Answers many requests at once from one copy of the weights.
///
/// Answers grow together, one pass over the weights a token for all of them, and join and leave at
/// any step; prompts and pictures are read in small pieces in between, so that those who read a
/// picture hardly stop the others ([EngineOptions#reading]). Who waits gets in by turns, one
/// request of each client after the other. Memory is given as answers grow; where it runs out, the
/// youngest one gives up its own and begins anew later, unnoticed. What is answered does not depend
/// on any of this.
///
/// Any thread may call it. The caller closes it before the model.
public final class Engine implements AutoCloseable {
  private final EngineOptions options;
  private final EngineListener listener;
  private final Schedule schedule;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Waiting waiting = new Waiting(); // by lock
  private final Thread thread;
  private int preparing; // by lock
  private boolean isClosing; // by lock
  private boolean isForgetting; // by lock
  private volatile EngineState state;

  /// Starts an engine.
  ///
  /// @param model stays the caller's
  public Engine(VisionLanguageModel model, EngineOptions options, EngineListener listener) {
    this.options = options;
    this.listener = listener;
    this.schedule = new Schedule(model.session(options.session()), options, listener);
    this.state = schedule.state(0);
    this.thread = Thread.ofPlatform().daemon().name("internvl engine").unstarted(this::run);
    thread.start();
  }

  /// Asks. Cuts pictures and tokenises text on this thread; the answer comes later.
  ///
  /// @throws RefusedException if too many wait, or the engine is closing
  /// @throws PromptTooLongException if it fits neither context nor memory
  /// @throws IllegalArgumentException if the question makes no sense, saying why
  public Reply submit(Request request) {
    long asked = System.nanoTime();
    enter();
    @Nullable Job job = null;
    try {
      Reply reply = new Reply(this::wake);
      job = schedule.prepare(request, reply, asked);
      return reply;
    } finally {
      leave(job);
    }
  }

  /// Takes a place in the queue, before the work of preparing is done.
  private void enter() {
    lock.lock();
    try {
      Reason reason =
          isClosing
              ? Reason.CLOSING
              : waiting.size() + preparing >= options.queue() ? Reason.QUEUE_FULL : null;
      if (reason == null) {
        preparing++;
        return;
      }
      listener.refused(reason);
      throw new RefusedException(
          reason,
          reason == Reason.CLOSING
              ? "engine: is closing"
              : "engine: " + options.queue() + " requests wait already; ask again later");
    } finally {
      lock.unlock();
    }
  }

  /// @param job null if there is none
  private void leave(@Nullable Job job) {
    lock.lock();
    try {
      preparing--;
      if (job != null) {
        waiting.add(job);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// Lets go of what is kept of prompts and pictures for those to come; waits for the turn that
  /// does it.
  public void forget() {
    lock.lock();
    try {
      isForgetting = true;
      changed.signalAll();
      while (isForgetting && thread.isAlive()) {
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  /// What it is doing.
  public EngineState state() {
    return state;
  }

  /// Ends: takes no more requests, lets those that are being answered end within some time, and
  /// refuses those that wait.
  ///
  /// @param grace how long; answers that are not complete then are cancelled
  public void close(Duration grace) {
    lock.lock();
    try {
      isClosing = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    boolean interrupted = !joined(grace);
    schedule.stop();
    while (thread.isAlive()) {
      interrupted |= !joined(Duration.ofDays(1));
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /// @return false if this thread was interrupted meanwhile
  private boolean joined(Duration patience) {
    try {
      thread.join(patience);
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  /// [#close(Duration)] at once.
  @Override
  public void close() {
    close(Duration.ZERO);
  }

  // ---- the engine's thread

  private void run() {
    try {
      while (await()) {
        schedule.turn();
      }
    } finally {
      schedule.close();
      wake();
    }
  }

  /// Lets those in whose turn it is; waits where there is nothing to do.
  ///
  /// @return false at the end
  private boolean await() {
    lock.lock();
    try {
      while (true) {
        schedule.refuseIdle(waiting, isClosing);
        schedule.admit(waiting);
        if (isForgetting) {
          schedule.forget();
          isForgetting = false;
          changed.signalAll();
        }
        state = schedule.state(waiting.size() + preparing);
        if (!schedule.isIdle()) {
          return true;
        }
        if (isClosing && preparing == 0) {
          return false;
        }
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }
}
