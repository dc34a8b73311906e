package org.internvl4j.models.constraint;

import java.util.Arrays;

/// A set of numbers of 0 or more.
final class LongSet {
  private long[] slots = new long[64];
  private int count;

  LongSet() {
    Arrays.fill(slots, -1);
  }

  /// @return whether it was not there
  boolean add(long value) {
    if (2 * count >= slots.length) {
      grow();
    }
    int at = slot(value);
    if (slots[at] == value) {
      return false;
    }
    slots[at] = value;
    count++;
    return true;
  }

  private int slot(long value) {
    int mask = slots.length - 1;
    int at = (int) ((value * 0x9E3779B97F4A7C15L) >>> 40) & mask;
    while (slots[at] >= 0 && slots[at] != value) {
      at = (at + 1) & mask;
    }
    return at;
  }

  private void grow() {
    long[] old = slots;
    slots = new long[2 * old.length];
    Arrays.fill(slots, -1);
    for (long value : old) {
      if (value >= 0) {
        slots[slot(value)] = value;
      }
    }
  }

  void clear() {
    if (count > 0) {
      Arrays.fill(slots, -1);
      count = 0;
    }
  }
}
