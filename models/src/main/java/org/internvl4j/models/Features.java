package org.internvl4j.models;

import java.util.List;

/// Vectors of some tiles.
///
/// @param tiles one row-major `[rows, columns]` array a tile
/// @param rows vectors a tile
/// @param columns width of a vector
public record Features(List<float[]> tiles, int rows, int columns) {
  public Features {
    tiles = List.copyOf(tiles);
  }
}
