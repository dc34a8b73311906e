package org.internvl4j.models.text;

import java.util.Arrays;

/// Numbers, growing at the end.
final class IntList {
  private int[] items = new int[16];
  private int size;

  void add(int item) {
    if (size == items.length) {
      items = Arrays.copyOf(items, size * 2);
    }
    items[size++] = item;
  }

  void addAll(int[] more) {
    for (int item : more) {
      add(item);
    }
  }

  int get(int index) {
    return items[index];
  }

  int size() {
    return size;
  }

  void truncate(int newSize) {
    size = newSize;
  }

  /// Drops `[from, to)`.
  void remove(int from, int to) {
    System.arraycopy(items, to, items, from, size - to);
    size -= to - from;
  }

  int[] toArray() {
    return Arrays.copyOf(items, size);
  }
}
