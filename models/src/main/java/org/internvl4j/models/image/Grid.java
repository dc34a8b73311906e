package org.internvl4j.models.image;

/// How a picture is divided into tiles.
///
/// @param columns tiles from left to right, at least 1
/// @param rows tiles from top to bottom, at least 1
public record Grid(int columns, int rows) {
  /// @throws IllegalArgumentException if a side is below 1
  public Grid {
    if (columns < 1 || rows < 1) {
      throw new IllegalArgumentException(
          "grid: sides must be at least 1, found %d x %d".formatted(columns, rows));
    }
  }

  /// Tiles of the grid, without a thumbnail.
  public int tiles() {
    return Math.multiplyExact(columns, rows);
  }

  /// The column of a tile; tiles are counted row by row.
  public int column(int tile) {
    return tile % columns;
  }

  /// The row of a tile; tiles are counted row by row.
  public int row(int tile) {
    return tile / columns;
  }

  /// `4 x 3`, columns first.
  @Override
  public String toString() {
    return columns + " x " + rows;
  }
}
