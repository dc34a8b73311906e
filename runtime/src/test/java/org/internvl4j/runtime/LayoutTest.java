package org.internvl4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// [Layout#view] against trying all strides that could be.
final class LayoutTest {
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  void viewFindsStridesExactlyWhereThereAreSome(long seed) {
    Random random = new Random(seed);
    int found = 0;
    int none = 0;
    for (int i = 0; i < 3000; i++) {
      Shape from = Shape.of(random.ints(random.nextInt(1, 5), 1, 4).toArray());
      Layout layout = shuffled(from, random);
      Shape to = regrouped(from, random);
      List<Long> wanted = positions(from, layout);
      Layout view = layout.view(from, to);
      if (view == null) {
        assertThat(exists(to, wanted)).as("%s as %s", from, to).isFalse();
        none++;
      } else {
        assertThat(positions(to, view)).as("%s as %s", from, to).isEqualTo(wanted);
        found++;
      }
    }
    assertThat(found).isGreaterThan(300);
    assertThat(none).isGreaterThan(300);
  }

  @Test
  void aScalarIsAShapeOfOnes() {
    Shape scalar = Shape.of();
    Layout view = Layout.contiguous(scalar).view(scalar, Shape.of(1, 1));
    assertThat(view).isNotNull();
    assertThat(positions(Shape.of(1, 1), view)).containsExactly(0L);
  }

  /// A contiguous tensor, cut and transposed.
  private static Layout shuffled(Shape shape, Random random) {
    long[] strides = new long[shape.rank()];
    List<Integer> order = new ArrayList<>();
    for (int d = 0; d < shape.rank(); d++) {
      order.add(order.isEmpty() || random.nextInt(3) > 0 ? order.size() : 0, d);
    }
    long stride = 1;
    for (int i = order.size() - 1; i >= 0; i--) {
      strides[order.get(i)] = stride;
      stride *= shape.dim(order.get(i)) + (random.nextInt(4) == 0 ? 1 : 0);
    }
    return new Layout(random.nextInt(5), strides);
  }

  /// Another shape with as many elements.
  private static Shape regrouped(Shape shape, Random random) {
    List<Integer> dims = new ArrayList<>();
    for (int d = 0; d < shape.rank(); d++) {
      if (!dims.isEmpty() && random.nextInt(3) == 0) {
        dims.add(dims.removeLast() * shape.dim(d));
      } else {
        dims.add(shape.dim(d));
      }
    }
    if (random.nextInt(4) == 0) {
      dims.add(random.nextInt(dims.size() + 1), 1);
    }
    if (random.nextInt(4) == 0) {
      int last = dims.removeLast();
      if (last % 2 == 0) {
        dims.add(2);
        dims.add(last / 2);
      } else {
        dims.add(last);
      }
    }
    return Shape.of(dims.stream().mapToInt(Integer::intValue).toArray());
  }

  private static List<Long> positions(Shape shape, Layout layout) {
    List<Long> positions = new ArrayList<>();
    for (long i = 0; i < shape.size(); i++) {
      long rest = i;
      long at = layout.offset();
      for (int d = shape.rank() - 1; d >= 0; d--) {
        at += rest % shape.dim(d) * layout.stride(d);
        rest /= shape.dim(d);
      }
      positions.add(at);
    }
    return positions;
  }

  /// Whether any strides give these positions: the stride of a dimension can only be the step
  /// between the first two indices of it.
  private static boolean exists(Shape shape, List<Long> wanted) {
    long[] strides = new long[shape.rank()];
    int step = 1;
    for (int d = shape.rank() - 1; d >= 0; d--) {
      strides[d] = shape.dim(d) == 1 ? 0 : wanted.get(step) - wanted.get(0);
      step *= shape.dim(d);
    }
    return positions(shape, new Layout(wanted.get(0), strides)).equals(wanted);
  }

  @Test
  void theShufflesAreValid() {
    Random random = new Random(5);
    for (int i = 0; i < 1000; i++) {
      Shape shape = Shape.of(random.ints(3, 1, 4).toArray());
      Set<Long> distinct = new HashSet<>(positions(shape, shuffled(shape, random)));
      assertThat(distinct).hasSize((int) shape.size());
    }
  }
}
