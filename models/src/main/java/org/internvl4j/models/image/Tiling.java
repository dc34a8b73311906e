package org.internvl4j.models.image;

/// How a model wants a picture cut: `dynamic_preprocess` of the reference code (Chen et al. 2024,
/// "How Far Are We to GPT-4V?", section 3.3), with the keys of `config.json`. Immutable.
///
/// The grid whose shape is nearest to the picture's is chosen among all grids of `minTiles` to
/// `maxTiles` tiles; the picture is squeezed onto it, cut row by row, and, if it took more than one
/// tile, the whole picture follows in small. If the model is not `dynamic`, the picture is squeezed
/// into one tile.
///
/// @param imageSize side of a tile in pixels, S (`force_image_size`)
/// @param minTiles fewest tiles of a grid (`min_dynamic_patch`)
/// @param maxTiles most tiles of a grid (`max_dynamic_patch`); the thumbnail comes on top
/// @param thumbnail whether the whole picture follows as the last tile (`use_thumbnail`)
/// @param dynamic whether to tile at all (`dynamic_image_size`)
public record Tiling(
    int imageSize, int minTiles, int maxTiles, boolean thumbnail, boolean dynamic) {
  /// Most tiles that a tiling may allow: a hundred times what a published model was tried with.
  public static final int MOST_TILES = 4096;

  /// @throws IllegalArgumentException if the side or the fewest tiles are below 1, or the most
  ///   below the fewest or above [#MOST_TILES]
  public Tiling {
    if (imageSize < 1) {
      throw new IllegalArgumentException(
          "tiling: imageSize must be at least 1, found " + imageSize);
    }
    if (minTiles < 1 || maxTiles < minTiles || maxTiles > MOST_TILES) {
      throw new IllegalArgumentException(
          "tiling: expected 1 <= minTiles <= maxTiles <= 4096, found minTiles %d, maxTiles %d"
              .formatted(minTiles, maxTiles));
    }
  }

  /// The usual tiling: from one tile on, with a thumbnail.
  public static Tiling of(int imageSize, int maxTiles) {
    return new Tiling(imageSize, 1, maxTiles, true, true);
  }

  /// Every picture squeezed into one tile.
  public static Tiling squeeze(int imageSize) {
    return new Tiling(imageSize, 1, 1, false, false);
  }

  /// The same with at most `max` tiles (at least 1); `minTiles` gives way if it is above.
  public Tiling withMaxTiles(int max) {
    return new Tiling(imageSize, Math.min(minTiles, Math.max(1, max)), max, thumbnail, dynamic);
  }

  /// The grid for a picture of this size in pixels.
  ///
  /// @throws IllegalArgumentException if a side is below 1
  public Grid grid(int width, int height) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "tiling: a picture has at least 1 x 1 pixels, found %d x %d".formatted(width, height));
    }
    return dynamic ? nearest(width, height) : new Grid(1, 1);
  }

  /// Grids are visited by growing area. Of two equally near ones the larger wins only while the
  /// picture has more than half of its pixels, so small pictures are not blown up.
  private Grid nearest(int width, int height) {
    double aspect = (double) width / height;
    double area = (double) width * height;
    double best = Double.POSITIVE_INFINITY;
    Grid grid = new Grid(1, 1);
    for (int tiles = minTiles; tiles <= maxTiles; tiles++) {
      for (int columns = 1; columns <= tiles; columns++) {
        if (tiles % columns != 0) {
          continue;
        }
        int rows = tiles / columns;
        double distance = Math.abs(aspect - (double) columns / rows);
        if (distance < best) {
          best = distance;
          grid = new Grid(columns, rows);
        } else if (distance == best && area > 0.5 * imageSize * imageSize * tiles) {
          grid = new Grid(columns, rows);
        }
      }
    }
    return grid;
  }

  /// Tiles that a picture of this size becomes, thumbnail included; no pixels needed.
  public int tileCount(int width, int height) {
    int tiles = grid(width, height).tiles();
    return tiles + (hasThumbnail(tiles) ? 1 : 0);
  }

  private boolean hasThumbnail(int tiles) {
    return thumbnail && dynamic && tiles != 1;
  }

  /// The tiles of a picture, normalised as every released checkpoint wants it.
  public Tiles cut(Picture picture) {
    return cut(picture, Normalization.IMAGENET);
  }

  /// The tiles of a picture: those of the grid row by row, then the thumbnail. They are made when
  /// they are asked for, and hold the picture until then.
  public Tiles cut(Picture picture, Normalization normalization) {
    Grid grid = grid(picture.width(), picture.height());
    return Tiles.of(
        new Cutting(picture, grid, imageSize, hasThumbnail(grid.tiles()), normalization),
        imageSize);
  }
}
