package org.internvl4j.models.text;

import java.util.Arrays;

/// Merges to do, the most urgent first: a binary heap of `(priority, position, target)`.
///
/// The smallest priority leaves first, of equal ones the leftmost position.
final class MergeQueue {
  private long[] keys = new long[32];
  private int[] targets = new int[32];
  private int size;

  boolean isEmpty() {
    return size == 0;
  }

  /// @param priority compared as unsigned
  /// @param position `0 …`
  void push(int priority, int position, int target) {
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, size * 2);
      targets = Arrays.copyOf(targets, size * 2);
    }
    // Flipping the top bit makes the signed order of keys the unsigned order of priorities.
    long key = ((long) (priority ^ 0x8000_0000) << 32) | position;
    int at = size++;
    while (at > 0) {
      int parent = (at - 1) >>> 1;
      if (keys[parent] <= key) {
        break;
      }
      keys[at] = keys[parent];
      targets[at] = targets[parent];
      at = parent;
    }
    keys[at] = key;
    targets[at] = target;
  }

  /// The position of the most urgent merge.
  int position() {
    return (int) keys[0];
  }

  /// What the most urgent merge was meant to make, in the caller's terms.
  int target() {
    return targets[0];
  }

  void pop() {
    long key = keys[--size];
    int target = targets[size];
    int at = 0;
    while (true) {
      int child = 2 * at + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && keys[child + 1] < keys[child]) {
        child++;
      }
      if (key <= keys[child]) {
        break;
      }
      keys[at] = keys[child];
      targets[at] = targets[child];
      at = child;
    }
    keys[at] = key;
    targets[at] = target;
  }
}
