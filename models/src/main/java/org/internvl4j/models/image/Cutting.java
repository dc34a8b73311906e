package org.internvl4j.models.image;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// A picture, how it is cut, and its tiles once somebody has asked for them: made in Java, after
/// which the picture is let go, or by kernels, which leaves it. Both give the same numbers.
final class Cutting {
  private final Grid grid;
  private final int side;
  private final boolean thumbnail;
  private final Normalization normalization;
  private final String digest;
  private @Nullable Picture source; // until tiles are there
  private List<Picture> tiles = List.of();

  /// @param side of a tile in pixels, S
  /// @param thumbnail whether the whole picture follows as the last tile
  Cutting(Picture source, Grid grid, int side, boolean thumbnail, Normalization normalization) {
    Picture.byteCount(
        Math.multiplyExact(grid.columns(), side), Math.multiplyExact(grid.rows(), side));
    this.source = source;
    this.grid = grid;
    this.side = side;
    this.thumbnail = thumbnail;
    this.normalization = normalization;
    this.digest = source.digest() + " " + grid + (thumbnail ? " and all" : "");
  }

  int count() {
    return grid.tiles() + (thumbnail ? 1 : 0);
  }

  Normalization normalization() {
    return normalization;
  }

  /// What tells these tiles from all others, but for side and normalisation.
  String digest() {
    return digest;
  }

  /// The tiles of the grid row by row, then the thumbnail.
  synchronized List<Picture> tiles() {
    if (source != null) {
      tiles = cut(source);
      source = null;
    }
    return tiles;
  }

  private List<Picture> cut(Picture picture) {
    Picture whole = Resize.bicubic(picture, grid.columns() * side, grid.rows() * side);
    List<Picture> cut = new ArrayList<>();
    for (int tile = 0; tile < grid.tiles(); tile++) {
      cut.add(whole.crop(grid.column(tile) * side, grid.row(tile) * side, side, side));
    }
    if (thumbnail) {
      cut.add(Resize.bicubic(picture, side, side));
    }
    return List.copyOf(cut);
  }

  /// The picture, if nobody has asked for [#tiles].
  synchronized @Nullable Picture source() {
    return source;
  }

  /// The normalised values of all tiles, made by kernels.
  ///
  /// @param picture the [#source]
  /// @return `[N, 3, S, S]`
  Tensor cut(Picture picture, Workspace workspace) {
    Tensor y = workspace.activations(count(), 3, side, side);
    Tensor x = workspace.allocate(DType.U8, picture.height(), picture.width(), 3);
    x.fromHost(MemorySegment.ofArray(picture.raw()));
    Tensor values = workspace.of(normalization.table(), 3, 256);
    int n = grid.tiles();
    y.narrow(0, 0, n).copyFrom(cut(x, grid, values));
    if (thumbnail) {
      y.narrow(0, n, 1).copyFrom(cut(x, new Grid(1, 1), values));
    }
    return y;
  }

  private Tensor cut(Tensor x, Grid onto, Tensor values) {
    return x.resizeRows(taps(x.dim(1), onto.columns() * side, x.workspace()))
        .imageTiles(taps(x.dim(0), onto.rows() * side, x.workspace()), values, side);
  }

  private static Tensor taps(int in, int out, Workspace workspace) {
    int[] taps = new Bicubic(in, out).table();
    return workspace.of(taps, out, taps.length / out);
  }
}
