package org.internvl4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class KvCacheTest {
  @Test
  void growingKeepsWhatIsHeld() {
    try (Reference on = new Reference();
        KvCache cache = new KvCache(on.device, 2, 3, 4, "session 1")) {
      cache.reserve(2);
      append(on, cache, 2, 0);
      for (int tokens : new int[] {5, 100, 5000}) {
        cache.reserve(tokens);
        assertThat(cache.capacity()).isGreaterThanOrEqualTo(tokens);
      }
      append(on, cache, 3, 1000);
      assertThat(cache.length()).isEqualTo(5);
      float[] keys = cache.keys(1, 5);
      assertThat(Arrays.copyOf(keys, 24)).isEqualTo(values(24, 1));
      assertThat(Arrays.copyOfRange(keys, 24, 60)).isEqualTo(values(36, 1001));
      assertThat(cache.values(0, 2)).isEqualTo(values(24, 10));
    }
  }

  /// Keys of layer l count from `start + l`, values from `start + 10 + l`.
  private static void append(Reference on, KvCache cache, int tokens, int start) {
    cache.begin(tokens);
    for (int layer = 0; layer < 2; layer++) {
      Tensor keys = on.step.of(values(12 * tokens, start + layer), tokens, 3, 4);
      Tensor values = on.step.of(values(12 * tokens, start + 10 + layer), tokens, 3, 4);
      append(cache, layer, keys, values);
    }
    cache.count(0, tokens);
    cache.advance(tokens);
  }

  /// As [KvCache#ropeAppend], with angles of 0 and no queries.
  private static void append(KvCache cache, int layer, Tensor keys, Tensor values) {
    Workspace step = keys.workspace();
    int tokens = keys.dim(0);
    int half = keys.dim(2) / 2;
    Tensor q = step.activations(tokens, 0, 2 * half);
    Tensor cos = step.of(ones(tokens * half), tokens, half);
    Tensor sin = step.of(new float[tokens * half], tokens, half);
    assertThat(cache.ropeAppend(layer, q, keys, values, cos, sin).shape()).isEqualTo(q.shape());
  }

  private static float[] ones(int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  private static float[] values(int count, int start) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = start + i;
    }
    return values;
  }

  @Test
  void addressesStayBetweenReservations() {
    try (Reference on = new Reference();
        KvCache cache = new KvCache(on.device, 1, 1, 4, "session 1")) {
      cache.reserve(60);
      Object memory = cache.memory();
      cache.reserve(64);
      assertThat(cache.memory()).isSameAs(memory);
      assertThat(cache.byteSize()).isEqualTo(2L * 64 * 4 * 4);
      cache.reserve(65);
      assertThat(cache.memory()).isNotSameAs(memory);
    }
  }

  private static KvPool pool(Reference on, int pages) {
    return new KvPool(on.device, 2, 3, 4, 16, pages, "pool 1");
  }

  @Test
  void growingInASharedPoolMovesNothing() {
    try (Reference on = new Reference();
        KvPool pool = pool(on, 40)) {
      try (KvCache cache = new KvCache(List.of(pool), "session 1");
          KvCache other = new KvCache(List.of(pool), "session 2")) {
        cache.reserve(1);
        Object memory = cache.memory();
        Pages pages = cache.pages(1);
        for (int i = 0; i < 5; i++) {
          cache.reserve(7 * (i + 1));
          other.reserve(7 * (i + 1));
          append(on, cache, 7, 1000 * i);
          append(on, other, 7, 1000 * i + 500);
        }
        assertThat(cache.memory()).isSameAs(memory);
        assertThat(cache.pages(1)).isSameAs(pages);
        assertThat(Arrays.copyOfRange(cache.keys(1, 35), 252, 336)).isEqualTo(values(84, 3001));
        assertThat(Arrays.copyOfRange(other.values(0, 35), 336, 420)).isEqualTo(values(84, 4510));
        assertThat(pool.freePages()).isEqualTo(40 - 2 * 3);
      }
      assertThat(pool.freePages()).isEqualTo(40);
    }
  }

  @Test
  void refusesMoreThanThePoolHas() {
    try (Reference on = new Reference();
        KvPool pool = pool(on, 3);
        KvCache cache = new KvCache(List.of(pool), "session 1")) {
      cache.reserve(20);
      assertThatThrownBy(() -> cache.reserve(60))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("kv pool: all 3 pages of pool 1 are taken");
      assertThat(cache.capacity()).isEqualTo(32);
      assertThat(pool.freePages()).isEqualTo(1);
      cache.reserve(48);
      assertThat(cache.capacity()).isEqualTo(48);
    }
  }

  @Test
  void forksShareFullPagesUntilOneIsWrittenTo() {
    try (Reference on = new Reference();
        KvPool pool = pool(on, 20)) {
      try (KvCache cache = new KvCache(List.of(pool), "session 1")) {
        cache.reserve(40);
        append(on, cache, 40, 0);
        float[] keys = cache.keys(1, 40);
        try (KvCache fork = cache.fork(40, "session 2")) {
          assertThat(fork.length()).isEqualTo(32);
          assertThat(pool.freePages()).isEqualTo(17);
          assertThat(fork.keys(1, 32)).isEqualTo(Arrays.copyOf(keys, 32 * 12));
          fork.reserve(50);
          append(on, fork, 18, 5000);
          assertThat(pool.freePages()).isEqualTo(15);
          fork.truncate(20); // in a shared page
          assertThat(pool.freePages()).isEqualTo(14);
          append(on, fork, 3, 7000);
          assertThat(Arrays.copyOf(fork.keys(1, 23), 240)).isEqualTo(Arrays.copyOf(keys, 240));
          assertThat(Arrays.copyOfRange(fork.keys(1, 23), 240, 276)).isEqualTo(values(36, 7001));
          assertThat(cache.keys(1, 40)).isEqualTo(keys);
          cache.truncate(0); // the first page is still shared
          append(on, cache, 2, 9000);
          assertThat(Arrays.copyOf(fork.keys(1, 23), 240)).isEqualTo(Arrays.copyOf(keys, 240));
        }
      }
      assertThat(pool.freePages()).isEqualTo(20);
    }
  }

  @Test
  void refusesToShareWhatIsItsOwn() {
    try (Reference on = new Reference();
        KvCache cache = new KvCache(on.device, 1, 1, 4, "session 1")) {
      assertThatThrownBy(() -> cache.fork(0, "session 2"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("kv cache: the pages of session 1 are its own; share a pool to fork");
    }
  }

  @Test
  void truncatingForgetsTheLastTokens() {
    try (Reference on = new Reference();
        KvCache cache = new KvCache(on.device, 2, 3, 4, "session 1")) {
      cache.reserve(8);
      append(on, cache, 4, 0);
      cache.truncate(1);
      append(on, cache, 1, 500);
      assertThat(cache.length()).isEqualTo(2);
      assertThat(Arrays.copyOfRange(cache.keys(0, 2), 12, 24)).isEqualTo(values(12, 500));
      assertThatThrownBy(() -> cache.truncate(3))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("kv cache: cannot truncate 2 tokens to 3");
    }
  }

  @Test
  void aPassThatIsGivenUpCountsForNothing() {
    try (Reference on = new Reference();
        KvCache cache = new KvCache(on.device, 2, 3, 4, "session 1")) {
      cache.reserve(8);
      append(on, cache, 2, 0);
      cache.begin(3);
      cache.count(0, 3);
      append(on, cache, 1, 500);
      assertThat(cache.length()).isEqualTo(3);
      assertThat(Arrays.copyOfRange(cache.keys(0, 3), 24, 36)).isEqualTo(values(12, 500));
    }
  }

  @Test
  void eachLayerIsOnItsDevice() {
    try (Reference on = new Reference();
        Reference other = new Reference();
        KvCache cache =
            new KvCache(List.of(on.device, on.device, other.device), 1, 2, "session 1")) {
      cache.reserve(1);
      for (int grown : new int[] {1, 9}) {
        cache.reserve(grown);
        for (int layer = 0; layer < 3; layer++) {
          Tensor x = (layer < 2 ? on : other).step.of(new float[] {layer, grown}, 1, 1, 2);
          assertThat(cache.pages(layer).keys().device()).isSameAs(x.device());
          append(cache, layer, x, x.add(x));
        }
        cache.count(0, 1);
        cache.count(2, 1);
        cache.advance(1);
      }
      assertThat(cache.keys(1, 2)).containsExactly(1, 1, 1, 9);
      assertThat(cache.values(2, 2)).containsExactly(4, 2, 4, 18);
      assertThat(cache.mask(0)).isSameAs(cache.mask(1)).isNotSameAs(cache.mask(2));
      assertThat(cache.byteSize()).isEqualTo(3L * 2 * cache.capacity() * 2 * 4);
    }
  }

  @Test
  void refusesTokensThatDoNotFit() {
    try (Reference on = new Reference();
        KvCache cache = new KvCache(on.device, 1, 1, 2, "session 1")) {
      cache.reserve(2);
      Tensor many = on.counting(65, 1, 2);
      assertThatThrownBy(() -> append(cache, 0, many, many))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("kv cache: 65 tokens do not fit its capacity 64");
    }
  }
}
