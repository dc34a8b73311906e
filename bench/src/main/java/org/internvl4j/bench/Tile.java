package org.internvl4j.bench;

import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// A tile of noise, and the way through tower and projector.
final class Tile implements AutoCloseable {
  private final InternVl net;
  private final Workspace steps;
  private final Tensor pixels;
  private final Workspace.Mark mark;

  Tile(OwnEngine engine) {
    this.net = engine.net();
    this.steps = new Workspace(engine.device(), "tile");
    int side = net.config().forceImageSize();
    this.pixels = KernelCall.noise(steps, 7, 1, 3, side, side);
    this.mark = steps.mark();
  }

  /// All blocks.
  ///
  /// @return image tokens
  float[] see() {
    return see(net.config().visionBlocks());
  }

  float[] see(int blocks) {
    Tensor seen = net.tower().forward(pixels, blocks, x -> {});
    float[] tokens = net.projector().forward(seen).toFloats();
    steps.reset(mark);
    return tokens;
  }

  @Override
  public void close() {
    steps.close();
  }
}
