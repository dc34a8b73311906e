package org.internvl4j.serving;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.internvl4j.models.Generation;
import org.internvl4j.models.PromptTooLongException;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.serving.RefusedException.Reason;
import org.jspecify.annotations.Nullable;

/// Answers many requests at once from one copy of the weights.
///
/// Answers grow together, one pass over the weights a token for all of them, and join and leave at
/// any step; prompts and pictures are read in small pieces in between, so that those who read a
/// picture hardly stop the others ([EngineOptions#reading]). Who waits gets in by turns, one
/// request of each [Client] after the other, and nobody fills the queue alone. Memory is given as
/// answers grow; where it runs out, the youngest one gives up its own and begins anew later,
/// unnoticed. What is answered does not depend on any of this.
///
/// Any thread may call it. The caller closes it before the model.
public final class Engine implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Engine.class.getName());

  private final EngineOptions options;
  private final EngineListener listener;
  private final Schedule schedule;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Waiting waiting = new Waiting(); // by lock
  private final Thread thread;
  private int running; // by lock, as of the last turn
  private @Nullable Throwable failure; // by lock
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
    return submit(request, List.of(request.options())).getFirst();
  }

  /// Asks for several answers to one question. Like [#submit(Request)]; where there is a place for
  /// one of them there is one for all.
  ///
  /// @param options how each answer is chosen, in place of the request's own
  /// @return one reply for each
  public List<Reply> submit(Request request, List<Generation> options) {
    long asked = System.nanoTime();
    enter(request.client());
    List<Job> jobs = List.of();
    try {
      jobs = schedule.prepare(request, options, this::wake, asked);
      return jobs.stream().map(Job::reply).toList();
    } finally {
      join(request.client(), jobs);
    }
  }

  /// Takes a place among those that wait, before the work of preparing is done. Those who would get
  /// their turn at once need no place in the queue.
  private void enter(Client client) {
    lock.lock();
    try {
      int atOnce = options.together() - running;
      int places = options.queue() + atOnce;
      boolean hasPlace = waiting.size() < atOnce || waiting.hasPlaceFor(client, places);
      if (!isClosing && hasPlace) {
        waiting.expect(client);
        return;
      }
      RefusedException why = isClosing ? closing() : full(waiting.size() < places);
      listener.refused(why.reason());
      throw why;
    } finally {
      lock.unlock();
    }
  }

  static RefusedException closing() {
    return new RefusedException(Reason.CLOSING, "engine: is closing");
  }

  /// @param isLeft whether there are places that are left to others
  private RefusedException full(boolean isLeft) {
    return new RefusedException(
        Reason.QUEUE_FULL,
        isLeft
            ? "engine: requests of this client wait already, and it leaves places to others; ask again later"
            : "engine: " + options.queue() + " requests wait already; ask again later");
  }

  /// @param jobs none if there is nothing to be done
  private void join(Client client, List<Job> jobs) {
    lock.lock();
    try {
      waiting.expectNoMore(client);
      jobs.forEach(waiting::add);
      changed.signalAll();
      Throwable cause = failure;
      if (cause != null) {
        schedule.refuseAll(waiting, cause);
      }
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

  /// Whether it takes requests: it neither closes nor has failed.
  public boolean isOpen() {
    lock.lock();
    try {
      return !isClosing;
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
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.ERROR, "engine: has failed, and answers no more", e);
      fail(e);
    } finally {
      schedule.close();
      wake();
    }
  }

  private void fail(Throwable cause) {
    lock.lock();
    try {
      failure = cause;
      isClosing = true;
      schedule.refuseAll(waiting, cause);
    } finally {
      lock.unlock();
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
        running = schedule.running();
        state = schedule.state(waiting.size());
        if (!schedule.isIdle()) {
          return true;
        }
        if (isClosing && !waiting.expectsMore()) {
          return false;
        }
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }
}
