package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Set;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ImageTokensTest {
  private static final int ROWS = 4;
  private static final int WIDTH = 8;

  private final Device device = Devices.open("cpu", 1);
  private final Workspace workspace = new Workspace(device, "test");
  private Set<String> needed = Set.of();
  private final long tile = (long) ROWS * WIDTH * device.activations().bytes();
  private final ImageTokens tokens = new ImageTokens(device, 2 * tile, "test", () -> needed);

  @AfterEach
  void close() {
    tokens.close();
    workspace.close();
    device.close();
  }

  private void add(String digest, float value) {
    float[] values = new float[ROWS * WIDTH];
    Arrays.fill(values, value);
    tokens.add(digest, workspace.of(values, ROWS, WIDTH));
  }

  private static void requireAll(Tensor found, float value) {
    assertThat(found.toFloats()).hasSize(ROWS * WIDTH).containsOnly(value);
  }

  @Test
  void aNewTileIsWrittenWhereTheOneUsedLongestAgoLay() {
    add("a", 1);
    add("b", 2);
    Tensor a = tokens.of("a");
    Tensor b = tokens.of("b");
    add("c", 3);
    assertThat(tokens.has("a")).isFalse();
    assertThat(tokens.of("c")).isSameAs(a);
    requireAll(tokens.of("b"), 2);
    for (int i = 0; i < 100; i++) {
      add("tile " + i, i);
      requireAll(tokens.of("tile " + i), i);
    }
    assertThat(Set.of(tokens.of("tile 98"), tokens.of("tile 99"))).isEqualTo(Set.of(a, b));
  }

  @Test
  void whatIsNeededStaysWhateverTheBudgetIs() {
    needed = Set.of("a", "b", "c");
    add("a", 1);
    add("b", 2);
    add("c", 3);
    tokens.trim();
    requireAll(tokens.of("a"), 1);
    Memory first = tokens.of("b").memory();
    tokens.of("a");
    needed = Set.of("c");
    tokens.trim();
    assertThat(first.isOpen()).isFalse();
    requireAll(tokens.of("a"), 1);
    requireAll(tokens.of("c"), 3);
    tokens.forget();
    assertThat(tokens.has("a")).isFalse();
    requireAll(tokens.of("c"), 3);
  }

  @Test
  void whatTwoPromptsSawHasOnePlace() {
    add("a", 1);
    Memory first = tokens.of("a").memory();
    add("a", 1);
    assertThat(tokens.of("a").memory()).isSameAs(first);
    add("b", 2);
    tokens.trim();
    requireAll(tokens.of("a"), 1);
    requireAll(tokens.of("b"), 2);
  }
}
