package org.internvl4j.loader;

/// Why a file of prepared matrices cannot be used; it is made anew then.
final class UnusablePackedFile extends Exception {
  private static final long serialVersionUID = 1;

  private final PackedFiles.State state;

  UnusablePackedFile(PackedFiles.State state, String what) {
    super(what);
    this.state = state;
  }

  static UnusablePackedFile damaged(String what) {
    return new UnusablePackedFile(PackedFiles.State.DAMAGED, what);
  }

  PackedFiles.State state() {
    return state;
  }

  /// Lower case, no full stop.
  String what() {
    return String.valueOf(getMessage());
  }
}
