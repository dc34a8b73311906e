package org.internvl4j.kernels.cpu;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Threads that share the units of one job at a time: a static split, no stealing, no queue.
///
/// A token takes some hundred jobs of a few microseconds, so idle workers spin before they park: a
/// hand-off then costs a tenth of a microsecond, not ten. With more workers than cores they let go
/// of the core while they spin. The caller is worker 0. Callers on several threads take turns.
/// Threads are daemons and end with [#close]. Running a job allocates nothing.
final class Pool implements AutoCloseable {
  /// Work on a share of the units. Must give the same result however the units are shared.
  interface Job {
    void run(Share share);

    /// Bytes of memory that all workers share: see [Share#common].
    default long commonBytes() {
      return 0;
    }
  }

  /// How long whoever waits spins before it parks: longer than the host needs between two tokens,
  /// mostly, and no burden to whoever else wants the core.
  private static final long SPIN_NANOS = 80_000;

  private static final int CLOCK_MASK = 63; // the clock is read on every 64th turn

  /// Below this many multiply-adds a job is not worth a hand-off.
  private static final long SOLO = 16_384;

  private final ReentrantLock turn = new ReentrantLock(true);
  private final Share.Scratch common = new Share.Scratch();
  private final Share.Scratch[] scratch;
  private final Share solo;
  private final Share callers;
  private final Worker[] others;
  private final boolean crowded;
  private final AtomicInteger running = new AtomicInteger(); // published by the write of epoch
  private volatile int epoch;
  private volatile boolean closed;
  private volatile @Nullable Thread waiting;
  private @Nullable Job job; // published by the write of epoch
  private @Nullable Recording recording; // belongs to whoever holds the turn

  Pool(int workers) {
    crowded = workers > Runtime.getRuntime().availableProcessors();
    scratch = new Share.Scratch[workers];
    Arrays.setAll(scratch, i -> new Share.Scratch());
    solo = new Share(0, 1, scratch[0], common);
    callers = new Share(0, workers, scratch[0], common);
    others = new Worker[workers - 1];
    for (int i = 0; i < others.length; i++) {
      others[i] = new Worker(new Share(i + 1, workers, scratch[i + 1], common));
      Thread thread = new Thread(others[i], "internvl4j-cpu-" + (i + 1));
      thread.setDaemon(true);
      others[i].thread = thread;
      thread.start();
    }
  }

  /// How many threads compute, the caller's included.
  int workers() {
    return others.length + 1;
  }

  /// Runs all shares of `job` and returns when they are done. The first failure, by worker, is
  /// thrown again here.
  ///
  /// @param cost rough number of multiply-adds; small jobs stay on the caller's thread
  void run(long cost, Job job) {
    turn.lock();
    try {
      requireOpen();
      if (recording != null) {
        recording.add(cost, job);
      }
      runNow(cost, job);
    } finally {
      turn.unlock();
    }
  }

  /// Runs `first`, then `second`, with nothing in between that could touch what they share.
  void run(long firstCost, Job first, long secondCost, Job second) {
    turn.lock();
    try {
      run(firstCost, first);
      run(secondCost, second);
    } finally {
      turn.unlock();
    }
  }

  /// Runs `step` and gives what runs its jobs again, in the same order, as one turn.
  ///
  /// @param step calls [#run] on this thread; other callers wait until it is through
  Runnable record(Runnable step) {
    turn.lock();
    try {
      requireOpen();
      if (recording != null) {
        throw new IllegalStateException("cpu: a step is being recorded already");
      }
      Recording recorded = new Recording();
      recording = recorded;
      try {
        step.run();
      } finally {
        recording = null;
      }
      return recorded;
    } finally {
      turn.unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("cpu: the device is closed");
    }
  }

  private void runNow(long cost, Job job) {
    common.atLeast(job.commonBytes());
    if (others.length == 0 || cost < SOLO) {
      job.run(solo);
    } else {
      runAll(job);
    }
  }

  private void runAll(Job job) {
    start(job);
    Throwable failure = null;
    try {
      job.run(callers);
    } catch (Throwable t) { // the other workers must have finished before anything is thrown
      failure = t;
    }
    await();
    this.job = null;
    for (Worker worker : others) {
      failure = failure == null ? worker.failure : failure;
      worker.failure = null;
    }
    if (failure != null) {
      rethrow(failure);
    }
  }

  private static void rethrow(Throwable failure) {
    switch (failure) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new AssertionError("cpu: a kernel threw a checked exception", e);
    }
  }

  private void start(Job job) {
    this.job = job;
    running.setPlain(others.length);
    wake();
  }

  private void wake() {
    int next = epoch + 1; // only whoever holds the turn writes it
    epoch = next;
    for (Worker worker : others) {
      if (worker.parked) {
        LockSupport.unpark(worker.thread);
      }
    }
  }

  private void await() {
    long until = 0;
    for (int i = 1; running.get() != 0; i++) {
      if ((i & CLOCK_MASK) == 0) {
        long now = System.nanoTime();
        if (until == 0) {
          until = now + SPIN_NANOS;
        } else if (now - until >= 0) {
          parkUntilDone();
          return;
        }
      }
      pause(i);
    }
  }

  private void parkUntilDone() {
    waiting = Thread.currentThread();
    while (running.get() != 0) {
      LockSupport.park(this);
    }
    waiting = null;
  }

  /// One turn of spinning. With more threads than cores, whoever waits must let the others run.
  @SuppressWarnings("ThreadPriorityCheck") // nothing but speed relies on it: spinning ends in park
  private void pause(int i) {
    if (crowded && (i & 7) == 0) {
      Thread.yield();
    } else {
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    turn.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      wake();
      for (Worker worker : others) {
        join(worker.thread);
      }
      for (Share.Scratch s : scratch) {
        s.close();
      }
      common.close();
    } finally {
      turn.unlock();
    }
  }

  private static void join(@Nullable Thread thread) {
    boolean interrupted = false;
    while (thread != null && thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Worker implements Runnable {
    private final Share share;
    private @Nullable Thread thread; // set before it starts
    private volatile boolean parked;
    private @Nullable Throwable failure; // published by running

    Worker(Share share) {
      this.share = share;
    }

    @Override
    public void run() {
      for (int seen = 0; ; seen++) {
        awaitAfter(seen);
        if (closed) {
          return;
        }
        runJob();
        if (running.decrementAndGet() == 0) {
          LockSupport.unpark(waiting);
        }
      }
    }

    private void awaitAfter(int seen) {
      long until = 0;
      for (int i = 1; epoch == seen; i++) {
        if ((i & CLOCK_MASK) == 0) {
          long now = System.nanoTime();
          if (until == 0) {
            until = now + SPIN_NANOS;
          } else if (now - until >= 0) {
            parkAfter(seen);
            return;
          }
        }
        pause(i);
      }
    }

    private void parkAfter(int seen) {
      parked = true;
      while (epoch == seen) {
        LockSupport.park(Pool.this);
      }
      parked = false;
    }

    private void runJob() {
      Job current = job;
      try {
        if (current != null) {
          current.run(share);
        }
      } catch (Throwable t) { // handed to the caller, whatever it is
        failure = t;
      }
    }
  }

  /// Jobs in the order in which they ran. They hold addresses and numbers of their own, and read
  /// what may change from memory, so that they can run again.
  private final class Recording implements Runnable {
    private long[] costs = new long[256];
    private Job[] jobs = new Job[256];
    private int size;

    void add(long cost, Job job) {
      if (size == jobs.length) {
        costs = Arrays.copyOf(costs, 2 * size);
        jobs = Arrays.copyOf(jobs, 2 * size);
      }
      costs[size] = cost;
      jobs[size++] = job;
    }

    @Override
    public void run() {
      turn.lock();
      try {
        requireOpen();
        for (int i = 0; i < size; i++) {
          runNow(costs[i], jobs[i]);
        }
      } finally {
        turn.unlock();
      }
    }
  }
}
