package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Long work, and bodies that come slowly.
class DeskTest {
  @Test
  void givesUpWhatNobodyWaitsFor() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    try (Desk desk = new Desk("test")) {
      assertThatThrownBy(() ->
              desk.run(
                  () -> {
                    try {
                      return new CountDownLatch(1).await(1, TimeUnit.DAYS);
                    } catch (InterruptedException e) {
                      interrupted.countDown();
                      throw e;
                    }
                  },
                  () -> {
                    throw new IOException("has left");
                  }))
          .isInstanceOf(UncheckedIOException.class)
          .hasRootCauseMessage("has left");
      interrupted.await();
    }
  }

  @Test
  void tellsWhatWentWrong() {
    try (Desk desk = new Desk("test")) {
      ApiException wrong = ApiException.bad("is wrong");
      assertThatThrownBy(() ->
              desk.run(() -> {
                throw wrong;
              }))
          .isSameAs(wrong);
      assertThat(desk.<String>run(() -> "goes on")).isEqualTo("goes on");
    }
  }

  /// Haste at the beginning pays for nothing later.
  @Test
  void everyStretchOfABodyHasItsPace() {
    Pace pace = new Pace(Duration.ofSeconds(30), 1000);
    long second = 1_000_000_000;
    assertThat(pace.isSlow(50_000_000, 0)).isFalse();
    assertThat(pace.isSlow(1, 29 * second)).isFalse();
    assertThat(pace.isSlow(1, 30 * second)).isFalse(); // much came in these
    assertThat(pace.isSlow(29_998, 45 * second)).isFalse();
    assertThat(pace.isSlow(1, 61 * second)).isTrue();
  }
}
