package org.internvl4j.models;

import java.nio.file.Path;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.image.ClipPreprocess;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.models.internvl.InternVit;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.runtime.Device;

/// A vision tower alone: what InternViT makes of pictures, of a repository of its own or of any
/// model that has one.
///
/// Several threads may use one model at a time: their kernels take turns. The caller closes it.
public final class VisionModel implements AutoCloseable {
  private static final int MOST_SIDE = 1 << 13;

  private final Tower tower;
  private final ClipPreprocess processor;

  private VisionModel(Tower tower, ClipPreprocess processor) {
    this.tower = tower;
    this.processor = processor;
  }

  /// Opens a tower on the best device there is, for pictures of its own side.
  ///
  /// @param folder config.json and `*.safetensors`
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if there is no InternViT in it
  public static VisionModel open(Path folder) {
    return open(Checkpoint.open(folder), OpenOptions.DEFAULT, 0);
  }

  /// Opens a tower, on one device.
  ///
  /// @param checkpoint belongs to the model from now on, also if opening fails
  /// @param side of pictures in pixels, a multiple of a patch; 0 for the tower's own. For another
  ///   one its positions are interpolated
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if there is no InternViT in it
  public static VisionModel open(Checkpoint checkpoint, OpenOptions options, int side) {
    Resources resources = new Resources(checkpoint);
    try {
      TowerPlace place = TowerPlace.of(checkpoint, resources.numbers(options));
      ClipPreprocess own = Processors.of(checkpoint.json(Processors.FILE), place.side());
      ClipPreprocess processor = side == 0 ? own : own.withSide(side(side, place.config()));
      resources.openOne(options, place.source());
      Weights w = resources.weights(place.source(), path -> 0);
      InternVit network = place.tower(w, processor.crop(), place.config().numHiddenLayers());
      resources.finish();
      w.warnUnread(name -> !name.startsWith(place.path()));
      Tower tower = new Tower(resources, network, place.config(), processor.crop());
      return new VisionModel(tower, processor);
    } catch (Throwable e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  private static int side(int side, VisionConfig config) {
    if (side % config.patchSize() != 0 || side < config.patchSize() || side > MOST_SIDE) {
      throw new IllegalArgumentException(
          "side: is %d, expected a multiple of a patch, %d, of at most %d pixels"
              .formatted(side, config.patchSize(), MOST_SIDE));
    }
    return side;
  }

  /// Name of the checkpoint, for people.
  public String name() {
    return tower.name();
  }

  public VisionConfig config() {
    return tower.config();
  }

  /// Side of the pictures that go in, in pixels.
  public int side() {
    return tower.side();
  }

  /// What computes.
  public Device device() {
    return tower.device();
  }

  /// The middle of a picture, as InternViT's own processor takes it.
  public Tiles cropped(Picture picture) {
    return processor.apply(picture);
  }

  /// A whole picture squeezed into a square.
  public Tiles squeezed(Picture picture) {
    return Tiling.squeeze(side()).cut(picture, processor.normalization());
  }

  /// Output of the last block, `[N, 1 + P, C]`: the class token, which is also the pooled output,
  /// and the patches row by row. No final norm.
  ///
  /// @param tiles of [#side]
  public Features features(Tiles tiles) {
    return tower.features(tiles);
  }

  @Override
  public void close() {
    tower.close();
  }
}
