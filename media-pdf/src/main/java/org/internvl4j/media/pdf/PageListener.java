package org.internvl4j.media.pdf;

/// Hears how far the drawing of pages is.
@FunctionalInterface
public interface PageListener {
  /// Hears nothing.
  PageListener NONE = (_, _) -> {};

  /// `done` of `total` wanted pages are there. What it throws ends the drawing.
  void drawn(int done, int total);
}
