package org.internvl4j.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PoolTest {
  private static final long LARGE = 1L << 40;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyUnitIsDoneOnceHoweverManyWorkersThereAre(int workers) {
    try (Pool pool = new Pool(workers)) {
      for (int units : new int[] {0, 1, 2, 7, 100}) {
        AtomicIntegerArray done = new AtomicIntegerArray(units);
        pool.run(
            LARGE,
            share -> {
              for (int u = share.from(units); u < share.to(units); u++) {
                done.incrementAndGet(u);
              }
            });
        for (int u = 0; u < units; u++) {
          assertThat(done.get(u)).isEqualTo(1);
        }
      }
    }
  }

  @Test
  void aSmallJobStaysOnTheCallersThread() {
    try (Pool pool = new Pool(4)) {
      List<Thread> threads = new ArrayList<>();
      pool.run(1, share -> threads.add(Thread.currentThread()));
      assertThat(threads).containsExactly(Thread.currentThread());
    }
  }

  @Test
  void workersWakeAfterTheyParked() throws InterruptedException {
    try (Pool pool = new Pool(3)) {
      AtomicInteger shares = new AtomicInteger();
      for (int i = 1; i <= 3; i++) {
        pool.run(LARGE, share -> shares.incrementAndGet());
        assertThat(shares.get()).isEqualTo(3 * i);
        Thread.sleep(5); // long against the time that a worker spins
      }
    }
  }

  @Test
  void aFailureInAWorkerReachesTheCallerAndThePoolGoesOn() {
    try (Pool pool = new Pool(3)) {
      assertThatThrownBy(() ->
              pool.run(
                  LARGE,
                  share -> {
                    if (share.from(3) == 2) {
                      throw new IllegalArgumentException("worker 2");
                    }
                  }))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("worker 2");
      AtomicInteger shares = new AtomicInteger();
      pool.run(LARGE, share -> shares.incrementAndGet());
      assertThat(shares.get()).isEqualTo(3);
    }
  }

  @Test
  void theCallersFailureWaitsForTheOthers() {
    try (Pool pool = new Pool(4)) {
      AtomicInteger finished = new AtomicInteger();
      assertThatThrownBy(() ->
              pool.run(
                  LARGE,
                  share -> {
                    if (share.from(4) == 0) {
                      throw new IllegalStateException("caller");
                    }
                    finished.incrementAndGet();
                  }))
          .hasMessage("caller");
      assertThat(finished.get()).isEqualTo(3);
    }
  }

  @Test
  void callersOnSeveralThreadsTakeTurns() throws InterruptedException {
    try (Pool pool = new Pool(2)) {
      AtomicInteger inside = new AtomicInteger();
      AtomicInteger most = new AtomicInteger();
      AtomicInteger jobs = new AtomicInteger();
      List<Thread> callers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        callers.add(
            Thread.ofPlatform()
                .start(() -> {
                  for (int n = 0; n < 200; n++) {
                    pool.run(
                        LARGE,
                        share -> {
                          most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                          jobs.incrementAndGet();
                          inside.decrementAndGet();
                        });
                  }
                }));
      }
      for (Thread caller : callers) {
        caller.join();
      }
      assertThat(jobs.get()).isEqualTo(4 * 200 * 2);
      assertThat(most.get()).isLessThanOrEqualTo(2);
    }
  }

  @Test
  void closingEndsItsThreadsAndLaterJobsAreRefused() {
    Pool pool = new Pool(3);
    List<Thread> threads = new ArrayList<>();
    pool.run(
        LARGE,
        share -> {
          synchronized (threads) {
            threads.add(Thread.currentThread());
          }
        });
    pool.close();
    pool.close();
    threads.remove(Thread.currentThread());
    assertThat(threads).hasSize(2).noneMatch(Thread::isAlive).allMatch(Thread::isDaemon);
    assertThatThrownBy(() -> pool.run(1, share -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("cpu: the device is closed");
  }

  @Test
  void scratchGrowsAndIsAligned() {
    try (Pool pool = new Pool(2)) {
      pool.run(
          LARGE,
          share -> {
            for (long bytes : new long[] {1, 1000, 1 << 20, 5}) {
              assertThat(share.scratch(bytes).byteSize()).isGreaterThanOrEqualTo(bytes);
              assertThat(share.scratch(bytes).address() % 64).isZero();
            }
          });
    }
  }
}
