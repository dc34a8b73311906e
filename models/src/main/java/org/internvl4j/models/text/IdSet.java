package org.internvl4j.models.text;

import java.util.BitSet;

/// A set of token ids that does not change.
final class IdSet {
  static final IdSet NONE = new IdSet(new BitSet());

  private final BitSet bits;

  private IdSet(BitSet bits) {
    this.bits = bits;
  }

  static IdSet of(Iterable<Integer> ids) {
    BitSet bits = new BitSet();
    ids.forEach(bits::set);
    return new IdSet(bits);
  }

  /// This set without an id, which may be -1.
  IdSet without(int id) {
    BitSet rest = (BitSet) bits.clone();
    if (id >= 0) {
      rest.clear(id);
    }
    return new IdSet(rest);
  }

  boolean contains(int id) {
    return bits.get(id);
  }

  boolean isEmpty() {
    return bits.isEmpty();
  }
}
