package org.internvl4j.loader.quantised;

/// Inputs that share a scale.
final class Groups {
  private Groups() {}

  /// How many inputs a group of a matrix has.
  ///
  /// @param ending the part that says how many inputs there are
  /// @param size as the configuration has it
  static int of(Parts p, String ending, int size, int in) {
    int group = size == Quantisation.WHOLE ? in : size;
    if (in % group != 0) {
      throw p.bad(ending, "has " + in + " inputs, expected a multiple of the group_size, " + group);
    }
    return group;
  }
}
