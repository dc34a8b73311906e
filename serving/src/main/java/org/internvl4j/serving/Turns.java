package org.internvl4j.serving;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// Things that get turns, each under a name of its own: the first one is next, and stands behind
/// all others afterwards.
final class Turns<T> {
  private final LinkedHashMap<String, T> byName = new LinkedHashMap<>();

  boolean isEmpty() {
    return byName.isEmpty();
  }

  /// The one of a name, which is made and stands behind all others if there is none.
  T of(String name, Supplier<T> make) {
    return byName.computeIfAbsent(name, _ -> make.get());
  }

  /// The one whose turn it is.
  T first() {
    return byName.firstEntry().getValue();
  }

  /// Ends a turn.
  ///
  /// @param stays whether the one that had it gets another
  void next(boolean stays) {
    Map.Entry<String, T> had = byName.pollFirstEntry();
    if (stays) {
      byName.putLast(had.getKey(), had.getValue());
    }
  }

  /// Takes all away that something is true of.
  void removeIf(Predicate<T> condition) {
    byName.values().removeIf(condition);
  }
}
