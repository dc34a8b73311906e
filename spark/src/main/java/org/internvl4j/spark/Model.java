package org.internvl4j.spark;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.internvl4j.batch.Task;
import org.internvl4j.batch.Worker;
import org.jspecify.annotations.Nullable;

/// The one model of this JVM for given options: whoever asks, points or embeds uses the same, and
/// it is closed a while after the last of them has left.
///
/// Weights are mapped, so that executors of one host share their pages.
final class Model {
  /// Executors run task after task: what one has opened serves the next.
  private static final long IDLE_SECONDS = 60;

  /// Tasks that are remembered; there are as many as there are lists of classes in a table.
  private static final int MOST_TASKS = 64;

  /// By its own lock.
  private static final Map<Key, Model> OPEN = new HashMap<>();

  private static final ScheduledExecutorService CLOSER =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("internvl closer").factory());

  /// @param options of the model
  /// @param files where added files lie: each application has its own, and each of its sessions
  private record Key(Options options, String files) {
    static Key of(Options options) {
      return new Key(options.only(Set.of()), SparkEnv.get() == null ? "" : SparkFiles.get(""));
    }
  }

  private final Key key;
  private int users; // by the lock of OPEN
  private @Nullable ScheduledFuture<?> closing; // by the lock of OPEN
  private boolean retired; // by the lock of OPEN

  private final ReentrantLock lock = new ReentrantLock(); // while something is opened
  private final List<Worker> opened = new CopyOnWriteArrayList<>(); // parts of the checkpoint

  private final LinkedHashMap<Job, Worker> tasks = // by lock
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Job, Worker> eldest) {
          return size() > MOST_TASKS;
        }
      };

  private Model(Key key) {
    this.key = key;
  }

  /// Whoever enters leaves.
  static Model enter(Options options) {
    Key key = Key.of(options);
    synchronized (OPEN) {
      Model model = OPEN.computeIfAbsent(key, Model::new);
      model.users++;
      if (model.closing != null) {
        model.closing.cancel(false);
        model.closing = null;
      }
      return model;
    }
  }

  void leave() {
    synchronized (OPEN) {
      users--;
      if (users == 0) {
        closing = CLOSER.schedule(this::close, retired ? 0 : IDLE_SECONDS, TimeUnit.SECONDS);
      }
    }
  }

  /// Nobody enters any more: it has failed.
  void retire() {
    synchronized (OPEN) {
      retired = true;
      OPEN.remove(key, this);
    }
  }

  /// Does a task. Others may open other models meanwhile.
  Worker worker(Job job) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      Worker known = tasks.get(job);
      if (known == null) {
        known = worker(job.task());
        tasks.put(job, known);
      }
      return known;
    } finally {
      lock.unlock();
    }
  }

  private Worker worker(Task task) {
    for (Worker worker : opened) {
      Worker shared = worker.with(task);
      if (shared != null) {
        return shared;
      }
    }
    Worker worker = Opening.open(key.options(), task);
    opened.add(worker);
    return worker;
  }

  /// How many parts of checkpoints are open in this JVM.
  static int openParts() {
    List<Model> models;
    synchronized (OPEN) {
      models = List.copyOf(OPEN.values());
    }
    return models.stream().mapToInt(model -> model.opened.size()).sum();
  }

  private void close() {
    synchronized (OPEN) {
      if (users > 0) {
        return; // somebody came just now
      }
      OPEN.remove(key, this);
    }
    opened.forEach(Worker::close);
  }
}
