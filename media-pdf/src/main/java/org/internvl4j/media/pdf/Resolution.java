package org.internvl4j.media.pdf;

import org.internvl4j.models.image.Grid;
import org.internvl4j.models.image.Tiling;

/// How large a page is drawn.
final class Resolution {
  private static final double LARGE = 1e5; // pixels of the longer side: the page can be any size
  private static final double MOST_OF_GRID = 4; // pixels for each of the grid's

  private static final double MOST_SIDE = 65_535; // pixels, as of other pictures

  private Resolution() {}

  /// Pixels a point at which the page fills the grid that it will be cut into: no side falls short
  /// of the grid's, and one just reaches it.
  ///
  /// @param width of the page as it is seen, in points
  /// @param height likewise
  /// @param maxPixels most pixels of the picture; very long pages fill their grid in one direction
  ///   only
  static float scale(double width, double height, Tiling tiling, int maxPixels) {
    double large = LARGE / Math.max(width, height);
    Grid grid =
        tiling.grid(
            (int) Math.max(1, Math.rint(width * large)),
            (int) Math.max(1, Math.rint(height * large)));
    double across = (double) grid.columns() * tiling.imageSize();
    double down = (double) grid.rows() * tiling.imageSize();
    float fills = (float) Math.max(across / width, down / height);
    while ((float) width * fills < across || (float) height * fills < down) {
      fills = Math.nextUp(fills); // sides are rounded down
    }
    double most = Math.min(maxPixels, MOST_OF_GRID * across * down);
    double longest = MOST_SIDE / Math.max(width, height);
    return (float) Math.min(Math.min(fills, longest), Math.sqrt(most / width / height));
  }
}
