package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// What runs out of memory beside others runs once more alone, within the same limit.
class DecodingMemoryTest {
  private static final long ALL = 64 << 20;

  private final DecodingMemory memory = new DecodingMemory(ALL);
  private final AtomicInteger runs = new AtomicInteger();

  private String work(DecodingMemory.Share share, long bytes, int failures)
      throws InterruptedException {
    if (runs.getAndIncrement() < failures) {
      throw new OutOfMemoryError("drawn");
    }
    share.take(bytes);
    return "decoded";
  }

  @Test
  void aSecondRunIsAlone() throws Exception {
    assertThat(memory.<String>with("a", share -> work(share, ALL, 1))).isEqualTo("decoded");
    assertThat(runs).hasValue(2);
    assertThat(memory.<String>with("b", share -> work(share, ALL, 1))).isEqualTo("decoded");
  }

  @Test
  void aSecondRunHasTheSameLimit() {
    assertThatThrownBy(() -> memory.<String>with("a", share -> work(share, ALL + 1, 1)))
        .isInstanceOf(PictureException.class)
        .hasMessageStartingWith("a: needs 65 MiB of memory to be decoded, and there are 64 MiB");
  }

  @Test
  void aSecondFailureIsTold() throws Exception {
    assertThatThrownBy(() -> memory.<String>with("a", share -> work(share, 1, 2)))
        .isInstanceOf(OutOfMemoryError.class);
    assertThat(memory.<String>with("b", share -> work(share, ALL, 2))).isEqualTo("decoded");
  }
}
