package org.internvl4j.hub;

import java.time.Duration;

/// Learns how far a pull is. Called by several threads, but by one at a time.
public interface PullListener {
  /// Does not care.
  PullListener NONE = new PullListener() {};

  /// How far a pull is; all in bytes.
  ///
  /// @param done of this file, with what lay here before
  /// @param allDone of all files together, with those that lay here before
  record Step(ListedFile file, long done, long allDone, long all) {}

  /// Bytes of a file have come.
  default void progress(Step step) {}

  /// All bytes of a file are here and are compared with its hash.
  default void checking(ListedFile file) {}

  /// A file is whole and lies where it belongs.
  ///
  /// @param before whether it was here already
  default void finished(ListedFile file, boolean before) {}

  /// Another process is pulling this file; it is waited for.
  default void waiting(ListedFile file) {}

  /// Something failed that is tried again.
  ///
  /// @param why `hub.example: answers 503`
  /// @param pause how long is waited before that
  default void retrying(String why, Duration pause) {}
}
