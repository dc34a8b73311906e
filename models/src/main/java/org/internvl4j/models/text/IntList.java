package org.internvl4j.models.text;

import java.util.Arrays;

/// Numbers, growing at the end; allocates only when it grows past its capacity. One thread at a
/// time.
public final class IntList {
  private int[] items;
  private int size;

  /// An empty list.
  public IntList() {
    this(16);
  }

  /// An empty list.
  ///
  /// @param capacity how many numbers fit before it grows, at least 1
  public IntList(int capacity) {
    items = new int[capacity];
  }

  /// Adds a number at the end.
  public void add(int item) {
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

  /// The number at `index`, below [#size].
  public int get(int index) {
    return items[index];
  }

  /// How many numbers there are.
  public int size() {
    return size;
  }

  /// Drops all numbers from index `newSize` on.
  public void truncate(int newSize) {
    size = newSize;
  }

  /// Drops `[from, to)`.
  void remove(int from, int to) {
    System.arraycopy(items, to, items, from, size - to);
    size -= to - from;
  }

  /// A copy of the numbers.
  public int[] toArray() {
    return Arrays.copyOf(items, size);
  }
}
