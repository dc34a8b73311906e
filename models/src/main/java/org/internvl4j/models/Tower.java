package org.internvl4j.models;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.internvl.InternVit;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// An open tower.
///
/// @param side of the pictures that it sees, in pixels
record Tower(Resources resources, InternVit network, VisionConfig config, int side)
    implements AutoCloseable {
  String name() {
    return resources.checkpoint().name();
  }

  Device device() {
    return resources.devices().getFirst();
  }

  /// Output of the last block that is loaded.
  Features features(Tiles tiles) {
    if (tiles.side() != side) {
      throw new IllegalArgumentException(
          name() + ": tiles have " + tiles.side() + " pixels a side, expected " + side);
    }
    List<float[]> values = new ArrayList<>();
    try (Workspace steps = new Workspace(device(), "features")) {
      for (int i = 0; i < tiles.count(); i++) {
        steps.reset();
        Tensor pixels = steps.of(tiles.pixels(i), 1, 3, side, side);
        values.add(network.forward(pixels, network.blocks(), x -> {}).toFloats());
      }
    }
    return new Features(
        Computed.numbers(values, name(), "features"), network.rows(), config.hiddenSize());
  }

  /// Outputs of some blocks, `[g, g, C]` each, without class token.
  ///
  /// @param pixels `[1, 3, S, S]`
  /// @param blocks which, ascending, from 0; the last of those that are loaded is among them
  List<Tensor> levels(Tensor pixels, List<Integer> blocks) {
    List<Tensor> levels = new ArrayList<>();
    int[] block = {-1}; // whose output comes: first those of the embeddings
    Tensor last =
        network.forward(
            pixels,
            network.blocks(),
            x -> {
              if (blocks.contains(block[0]++)) {
                levels.add(level(x));
              }
            });
    levels.add(level(last));
    return levels;
  }

  private static Tensor level(Tensor x) {
    int patches = x.dim(1) - 1;
    int grid = (int) Math.sqrt(patches);
    Tensor y = x.workspace().activations(grid, grid, x.dim(2));
    y.view(1, patches, x.dim(2)).copyFrom(x.narrow(1, 1, patches));
    return y;
  }

  @Override
  public void close() {
    resources.close();
  }
}
