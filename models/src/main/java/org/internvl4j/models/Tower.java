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
    return new Features(values, network.rows(), config.hiddenSize());
  }

  @Override
  public void close() {
    resources.close();
  }
}
