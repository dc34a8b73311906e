package org.internvl4j.models.constraint;

import java.util.Arrays;

/// Integers, the last one first.
final class IntStack {
  private int[] values = new int[16];
  private int count;

  void push(int value) {
    if (count == values.length) {
      values = Arrays.copyOf(values, 2 * count);
    }
    values[count++] = value;
  }

  int pop() {
    return values[--count];
  }

  boolean isEmpty() {
    return count == 0;
  }
}
