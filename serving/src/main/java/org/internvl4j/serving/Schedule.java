package org.internvl4j.serving;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Answering;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Session;
import org.internvl4j.serving.RefusedException.Reason;
import org.jspecify.annotations.Nullable;

/// Whose turn it is in a session. One thread, but for [#prepare] and [#stop].
final class Schedule implements AutoCloseable {
  private final Session session;
  private final EngineOptions options;
  private final EngineListener listener;
  private final List<Job> active = new ArrayList<>(); // oldest first
  private final List<Job> suspended = new ArrayList<>(); // until the next turn
  private int turn; // of those that are read
  private volatile boolean stopped;

  Schedule(Session session, EngineOptions options, EngineListener listener) {
    this.session = session;
    this.options = options;
    this.listener = listener;
  }

  /// @param options of each answer
  List<Job> prepare(Request request, List<Generation> options, Runnable wake, long asked) {
    List<Job> jobs = new ArrayList<>();
    for (Generation own : options) {
      Reply reply = new Reply(wake);
      Answering answering =
          request.operation() == Operation.EMBEDDING
              ? session.prepareEmbedding(request.dialogue().question(), reply.listener())
              : jobs.isEmpty()
                  ? session.prepare(request.dialogue(), own, reply.listener())
                  : session.prepareAnother(jobs.getFirst().answering(), own, reply.listener());
      jobs.add(new Job(request, reply, answering, asked));
    }
    return jobs;
  }

  boolean isIdle() {
    return active.isEmpty();
  }

  /// How many are being answered.
  int running() {
    return active.size();
  }

  EngineState state(int waiting) {
    int reading = (int) active.stream().filter(job -> job.answering().isReading()).count();
    int kept = session.keptPages();
    return new EngineState(
        waiting,
        reading,
        active.size() - reading,
        session.pages(),
        session.pages() - session.freePages() - kept,
        kept);
  }

  /// Ends all answers at the next turn.
  void stop() {
    stopped = true;
  }

  void forget() {
    session.forget();
  }

  // ---- who is in

  /// Ends what waits and will not be answered.
  void refuseIdle(Waiting waiting, boolean isClosing) {
    waiting.takeIf(Job::isCancelled).forEach(this::end);
    waiting.takeIf(Job::isLate).forEach(this::refuseLate);
    if (isClosing) {
      waiting.takeIf(job -> !job.isBegun()).forEach(this::refuseClosing);
    }
  }

  private void refuseClosing(Job job) {
    refuse(job, Engine.closing());
  }

  /// Refuses all, since nothing works any more.
  void refuseAll(Waiting waiting, Throwable cause) {
    suspended.forEach(waiting::putBack);
    active.forEach(waiting::putBack);
    suspended.clear();
    active.clear();
    for (Job job : waiting.takeIf(_ -> true)) {
      job.refuse(new RefusedException("engine: has failed: " + cause.getMessage(), cause));
    }
  }

  private void refuseLate(Job job) {
    refuse(job, new RefusedException(Reason.DEADLINE, "engine: the deadline has passed"));
  }

  private void refuse(Job job, RefusedException why) {
    listener.refused(why.reason());
    job.refuse(why);
  }

  /// Lets in as many as there is room for.
  void admit(Waiting waiting) {
    suspended.reversed().forEach(waiting::putBack);
    suspended.clear();
    while (active.size() < options.together()) {
      Job next = waiting.peek();
      if (next == null || !admit(next)) {
        return;
      }
      waiting.take();
    }
  }

  /// @return whether it need not wait any longer
  private boolean admit(Job job) {
    try {
      if (!session.admit(job.answering())) {
        return false;
      }
      job.admitted();
      active.add(job);
    } catch (RuntimeException | Error e) {
      fail(List.of(job), e);
    }
    return true;
  }

  // ---- a turn

  /// Reads for a while, where there is something to read, then gives each answer that grows a
  /// token. What fails ends answers, never the engine.
  void turn() {
    try {
      endThoseGivenUp();
      read();
      List<Job> growing = makeRoom();
      if (!growing.isEmpty()) {
        grow(growing);
      }
    } catch (RuntimeException | Error e) {
      fail(List.copyOf(active), e);
    }
  }

  private void endThoseGivenUp() {
    for (Job job : List.copyOf(active)) {
      if (job.isCancelled() || stopped) {
        end(job);
      } else if (job.isLate()) {
        remove(job);
        refuseLate(job);
      }
    }
  }

  private void read() {
    long start = System.nanoTime();
    for (Job job = nextToRead(); job != null; job = nextToRead()) {
      read(job);
      if (System.nanoTime() - start >= options.reading().toNanos()) {
        return;
      }
    }
  }

  /// The one that is in the middle of a pass, or else the next one by turns.
  private @Nullable Job nextToRead() {
    List<Job> reading = active.stream().filter(job -> job.answering().isReading()).toList();
    for (Job job : reading) {
      if (job.answering().isMidPass()) {
        return job;
      }
    }
    return reading.isEmpty() ? null : reading.get(turn++ % reading.size());
  }

  private void read(Job job) {
    long start = System.nanoTime();
    try {
      boolean done = session.read(job.answering());
      listener.piece(Duration.ofNanos(System.nanoTime() - start));
      if (done) {
        tellFirst(job);
      }
    } catch (RuntimeException | Error e) {
      fail(List.of(job), e);
    }
  }

  private void tellFirst(Job job) {
    Duration since = job.firstToken();
    if (since != null) {
      listener.firstToken(job.operation(), since);
    }
    if (job.answering().isFinished()) {
      end(job);
    }
  }

  /// Those that can grow by a token; where memory is short, the youngest give up theirs.
  private List<Job> makeRoom() {
    List<Job> growing = new ArrayList<>();
    for (Job job : List.copyOf(active)) {
      if (!active.contains(job) || job.answering().isReading()) {
        continue;
      }
      while (active.contains(job) && !session.hasRoom(job.answering())) {
        suspend(active.getLast());
      }
      if (active.contains(job)) {
        growing.add(job);
      }
    }
    growing.retainAll(active);
    return growing;
  }

  private void suspend(Job job) {
    active.remove(job);
    session.suspend(job.answering());
    suspended.add(job);
    listener.suspended();
  }

  private void grow(List<Job> growing) {
    long start = System.nanoTime();
    try {
      session.advance(growing.stream().map(Job::answering).toList());
    } catch (RuntimeException | Error e) {
      fail(growing, e);
      return;
    }
    listener.step(growing.size(), Duration.ofNanos(System.nanoTime() - start));
    growing.stream().filter(job -> job.answering().isFinished()).forEach(this::end);
  }

  private void end(Job job) {
    active.remove(job);
    Answer answer = session.end(job.answering());
    listener.done(job.operation(), answer, job.done(answer));
  }

  private void remove(Job job) {
    active.remove(job);
    session.suspend(job.answering());
  }

  private void fail(List<Job> jobs, Throwable cause) {
    for (Job job : jobs) {
      remove(job);
      refuse(job, new RefusedException("engine: the answer failed: " + cause.getMessage(), cause));
    }
  }

  @Override
  public void close() {
    session.close();
  }
}
