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
      float[] keys = cache.keys(1, 5).toFloats();
      assertThat(Arrays.copyOf(keys, 24)).isEqualTo(values(24, 1));
      assertThat(Arrays.copyOfRange(keys, 24, 60)).isEqualTo(values(36, 1001));
      assertThat(cache.values(0, 2).toFloats()).isEqualTo(values(24, 10));
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
      cache.reserve(64);
      long address = cache.keys(0, 1).segment().address();
      cache.reserve(64);
      assertThat(cache.keys(0, 1).segment().address()).isEqualTo(address);
      assertThat(cache.byteSize()).isEqualTo(2L * 64 * 4 * 4);
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
      assertThat(Arrays.copyOfRange(cache.keys(0, 2).toFloats(), 12, 24))
          .isEqualTo(values(12, 500));
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
      assertThat(Arrays.copyOfRange(cache.keys(0, 3).toFloats(), 24, 36))
          .isEqualTo(values(12, 500));
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
          assertThat(cache.keys(layer, 1).device()).isSameAs(x.device());
          append(cache, layer, x, x.add(x));
        }
        cache.count(0, 1);
        cache.count(2, 1);
        cache.advance(1);
      }
      assertThat(cache.keys(1, 2).toFloats()).containsExactly(1, 1, 1, 9);
      assertThat(cache.values(2, 2).toFloats()).containsExactly(4, 2, 4, 18);
      assertThat(cache.mask(0)).isSameAs(cache.mask(1)).isNotSameAs(cache.mask(2));
      assertThat(cache.byteSize()).isEqualTo(3L * 2 * cache.capacity() * 2 * 4);
    }
  }

  @Test
  void refusesTokensThatDoNotFit() {
    try (Reference on = new Reference();
        KvCache cache = new KvCache(on.device, 1, 1, 2, "session 1")) {
      cache.reserve(2);
      Tensor three = on.counting(3, 1, 2);
      assertThatThrownBy(() -> append(cache, 0, three, three))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("kv cache: 3 tokens do not fit its capacity 2");
    }
  }
}
