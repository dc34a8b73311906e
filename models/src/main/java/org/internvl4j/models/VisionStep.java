package org.internvl4j.models;

import java.util.List;
import java.util.Objects;
import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.models.nn.Layer;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// A pass of as many tiles each time through tower and projector: recorded the first time, only run
/// again after that. Between two runs its memory may be used for other things.
///
/// That memory is what a block of the tower holds at a time: with C the tower's width and F that of
/// its MLP, 9·C + F activations a patch, or 11·C + F where queries and keys are normalised.
final class VisionStep {
  private final Workspace steps;
  private final RecordedPass pass = new RecordedPass(true);
  private final Tensor pixels;
  private final Workspace.Mark mark;
  private @Nullable Tensor tokens;

  /// @param steps where activations go
  /// @param tiles how many go together
  VisionStep(InternVl net, Workspace steps, int tiles) {
    int side = net.config().forceImageSize();
    this.steps = steps;
    this.pixels = steps.activations(tiles, 3, side, side);
    this.mark = steps.mark();
    for (Layer layer : net.tower().layers(net.config().visionBlocks())) {
      pass.add(layer.device(), layer.forward());
    }
    pass.add(net.projector().device(), net.projector()::forward);
  }

  /// Encodes as many tiles as it is for.
  ///
  /// @param from knows their values
  /// @return `[N, P/4, C]`, image tokens; good until the next run
  /// @throws java.util.concurrent.CancellationException as the workspace says
  Tensor run(List<Prompt.Tile> tiles, TilePixels from) {
    steps.requireRunning();
    for (int i = 0; i < tiles.size(); i++) {
      pixels.select(0, i).copyFrom(from.of(tiles.get(i)));
    }
    if (pass.isRecorded()) {
      pass.run();
    } else {
      steps.reset(mark);
      tokens = pass.record(pixels);
    }
    return Objects.requireNonNull(tokens);
  }
}
