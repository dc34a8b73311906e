package org.internvl4j.models;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// A vision tower alone: what InternViT makes of pictures, of a repository of its own or of any
/// model that has one.
///
/// Several threads may use one model at a time: their kernels take turns. The caller closes it.
public final class VisionModel implements AutoCloseable {
  private static final int MOST_SIDE = 1 << 13;

  private final Resources resources;
  private final InternVit tower;
  private final VisionConfig config;
  private final ClipPreprocess processor;

  private VisionModel(
      Resources resources, InternVit tower, VisionConfig config, ClipPreprocess processor) {
    this.resources = resources;
    this.tower = tower;
    this.config = config;
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
      int blocks = place.config().numHiddenLayers();
      InternVit tower = new InternVit(place.config(), processor.crop(), blocks, w.at(place.path()));
      resources.finish();
      w.warnUnread(name -> !name.startsWith(place.path()));
      return new VisionModel(resources, tower, place.config(), processor);
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
    return resources.checkpoint().name();
  }

  public VisionConfig config() {
    return config;
  }

  /// Side of the pictures that go in, in pixels.
  public int side() {
    return processor.crop();
  }

  /// What computes.
  public Device device() {
    return resources.devices().getFirst();
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
    if (tiles.side() != side()) {
      throw new IllegalArgumentException(
          name() + ": tiles have " + tiles.side() + " pixels a side, expected " + side());
    }
    List<float[]> values = new ArrayList<>();
    try (Workspace steps = new Workspace(device(), "features")) {
      for (int i = 0; i < tiles.count(); i++) {
        steps.reset();
        Tensor pixels = steps.of(tiles.pixels(i), 1, 3, side(), side());
        values.add(tower.forward(pixels, tower.blocks(), x -> {}).toFloats());
      }
    }
    return new Features(values, tower.rows(), config.hiddenSize());
  }

  @Override
  public void close() {
    resources.close();
  }
}
