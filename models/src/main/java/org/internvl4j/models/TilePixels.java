package org.internvl4j.models;

import org.internvl4j.models.image.Tiles;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// Normalised tiles on a device, those of a picture made all together.
final class TilePixels implements AutoCloseable {
  private final Workspace workspace;
  private @Nullable Tiles tiles; // that are there
  private @Nullable Tensor pixels;

  TilePixels(Device device) {
    workspace = new Workspace(device, "session");
  }

  /// The values of a tile, `[3, S, S]`; good until one of another picture is asked for.
  @SuppressWarnings("ReferenceEquality") // tiles are themselves
  Tensor of(Prompt.Tile tile) {
    Tensor all = pixels;
    if (all == null || tiles != tile.tiles()) {
      workspace.reset();
      all = tile.tiles().pixels(workspace);
      tiles = tile.tiles();
      pixels = all;
    }
    return all.select(0, tile.index());
  }

  /// Lets go of the tiles that are there.
  void clear() {
    tiles = null;
    pixels = null;
  }

  @Override
  public void close() {
    workspace.close();
  }
}
