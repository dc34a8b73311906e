package org.internvl4j.serving;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.internvl4j.models.Answer;

/// Holds the engine at its first token until it may go on.
class Holding implements EngineListener {
  final CountDownLatch reached = new CountDownLatch(1);
  final CountDownLatch go = new CountDownLatch(1);
  final AtomicInteger suspended = new AtomicInteger();
  volatile List<Integer> order = new ArrayList<>();

  @Override
  public void firstToken(Operation operation, Duration since) {
    reached.countDown();
    try {
      go.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void suspended() {
    suspended.incrementAndGet();
  }

  @Override
  public void done(Operation operation, Answer answer, Reply.Times times) {
    order.add(answer.usage().promptTokens());
  }
}
