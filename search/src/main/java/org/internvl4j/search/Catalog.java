package org.internvl4j.search;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.internvl4j.search.Entry.Embedded;
import org.internvl4j.search.Entry.Gone;
import org.internvl4j.search.Entry.Seen;
import org.internvl4j.search.Entry.Unreadable;
import org.jspecify.annotations.Nullable;

/// What the entries of a log come to: which path has which content, and which content which row.
/// One thread, but [#of] may be asked by others.
final class Catalog {
  private final TreeMap<String, Seen> byPath = new TreeMap<>();
  private final Map<ContentHash, Seen> byHash = new ConcurrentHashMap<>();
  private final BitSet damaged = new BitSet();
  private int[] checksums = new int[1024];
  private int rows;

  /// Takes an entry in.
  ///
  /// @throws IllegalArgumentException if it names a row that cannot be, saying which
  void add(Entry entry) {
    switch (entry) {
      case Gone gone -> byPath.remove(gone.path());
      case Unreadable unreadable -> put(unreadable);
      case Embedded embedded -> {
        addRow(embedded);
        put(embedded);
      }
    }
  }

  private void addRow(Embedded embedded) {
    if (embedded.row() < 0 || embedded.row() > rows || rows == Integer.MAX_VALUE) {
      throw new IllegalArgumentException("names row " + embedded.row() + ", expected 0 to " + rows);
    }
    if (embedded.row() == rows) {
      if (rows == checksums.length) {
        checksums = Arrays.copyOf(checksums, (int) Math.min(Integer.MAX_VALUE - 8, 2L * rows));
      }
      checksums[rows++] = embedded.checksum();
    }
  }

  private void put(Seen seen) {
    byPath.put(seen.path(), seen);
    byHash.put(seen.hash(), seen);
  }

  /// Rows that were ever written.
  int rows() {
    return rows;
  }

  /// CRC32C of a row.
  int checksum(int row) {
    return checksums[row];
  }

  /// Every path that is there, sorted.
  NavigableMap<String, Seen> paths() {
    return byPath;
  }

  @Nullable Seen at(String path) {
    return byPath.get(path);
  }

  /// What is known of a content, whether a path has it now or one had it once; null if nothing.
  @Nullable Seen of(ContentHash hash) {
    Seen seen = byHash.get(hash);
    return seen == null || isDamaged(seen) ? null : seen;
  }

  /// Says that a row does not fit its checksum: whatever has it is to be read again.
  void damage(int row) {
    damaged.set(row);
  }

  boolean isDamaged(Seen seen) {
    return seen instanceof Embedded e && damaged.get(e.row());
  }

  /// The rows that a path has, damaged ones left out.
  BitSet live() {
    BitSet live = new BitSet(rows);
    for (Seen seen : byPath.values()) {
      if (seen instanceof Embedded e) {
        live.set(e.row());
      }
    }
    live.andNot(damaged);
    return live;
  }
}
