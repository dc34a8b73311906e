package org.internvl4j.server;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.constraint.Constraint;

/// Prepares the schemas of requests, one after the other and on a thread of the system: a large one
/// takes a second or two, in which threads of requests, few as those are that run at a time, go on
/// with others.
final class Schemas {
  private final ReentrantLock turn = new ReentrantLock(true);

  /// @throws ApiException if it cannot be used, naming it
  Constraint constraint(Json schema) {
    return Fields.of(schema, () -> prepare(schema));
  }

  private Constraint prepare(Json schema) {
    FutureTask<Constraint> task = new FutureTask<>(() -> Constraint.schema(schema));
    turn.lock();
    try {
      Thread.ofPlatform().daemon().name("internvl schema").start(task);
      return task.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException why ? why : new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiException.busy(503, "server: is closing", 30);
    } finally {
      turn.unlock();
    }
  }
}
