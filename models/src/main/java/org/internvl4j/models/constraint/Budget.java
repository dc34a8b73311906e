package org.internvl4j.models.constraint;

/// How much work one schema may make before an answer can begin: whoever sends schemas must not
/// keep others waiting with them.
final class Budget {
  /// In steps of some 50 ns.
  static final long MOST = 30_000_000;

  private long left = MOST;

  /// @throws SchemaException if the schema has made all the work that it may
  void spend(long steps) {
    left -= steps;
    if (left < 0) {
      throw new SchemaException(
          "schema: it takes too much work to prepare; make its patterns, lengths or lists smaller, or"
              + " use anyOf in place of oneOf");
    }
  }
}
