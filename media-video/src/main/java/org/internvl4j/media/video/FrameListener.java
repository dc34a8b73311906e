package org.internvl4j.media.video;

/// Hears how far the decoding of frames is.
@FunctionalInterface
public interface FrameListener {
  /// Hears nothing.
  FrameListener NONE = (_, _) -> {};

  /// `done` of `total` wanted frames are there. What it throws ends the decoding.
  void decoded(int done, int total);
}
