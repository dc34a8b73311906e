package org.internvl4j.models;

import java.nio.file.Path;
import java.util.List;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.models.heads.LogitMap;
import org.internvl4j.models.heads.Mosaic;
import org.internvl4j.models.heads.Segmentation;
import org.internvl4j.models.heads.SegmentationHead;
import org.internvl4j.models.heads.Windows;
import org.internvl4j.models.heads.Windows.Place;
import org.internvl4j.models.heads.Windows.Size;
import org.internvl4j.models.image.LinearResize;
import org.internvl4j.models.image.Normalization;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// A tower and a segmentation head that was trained for it: of which class each pixel of a picture
/// is. As in the reference, a picture is resized until its short side is as long as a window, and
/// looked at through windows that overlap.
///
/// Several threads may use one at a time: their kernels take turns. The caller closes it.
public final class Segmenter implements AutoCloseable {
  /// Hears how many windows of a picture are done, on the thread that segments.
  @FunctionalInterface
  public interface Listener {
    /// Hears nothing.
    Listener NONE = (done, total) -> {};

    void windows(int done, int total);
  }

  /// How a head looks at pictures.
  ///
  /// @param windows in multiples of the tower's patches
  /// @param block which block a linear head looks at, from 0; below 0 for 44 of 48, or the last one
  ///   if the tower is in the head's file
  public record Options(Windows windows, int block) {
    /// As the published heads were measured.
    public static final Options PUBLISHED = new Options(Windows.PUBLISHED, -1);

    public Options withBlock(int block) {
      return new Options(windows, block);
    }
  }

  private final Tower tower;
  private final SegmentationHead head;
  private final Windows windows;

  private Segmenter(Tower tower, SegmentationHead head, Windows windows) {
    this.tower = tower;
    this.head = head;
    this.windows = windows;
  }

  /// Opens a tower and its head on the best device there is.
  ///
  /// @param folder config.json and weights of the tower, or of a model that has one
  /// @param head a file of safetensors or of `torch.save`
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if there is no InternViT in the folder
  public static Segmenter open(Path folder, Path head) {
    return open(Checkpoint.open(folder), head, OpenOptions.DEFAULT, Options.PUBLISHED);
  }

  /// Opens a tower and its head, on one device.
  ///
  /// @param checkpoint of the tower; belongs to the segmenter from now on, also if opening fails
  /// @param head a file of safetensors or of `torch.save`; if a tower is in it, too, that is taken
  /// @throws IllegalArgumentException if `looking` does not fit the tower or the head
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if there is no InternViT in the checkpoint
  public static Segmenter open(
      Checkpoint checkpoint, Path head, OpenOptions options, Options looking) {
    Resources resources = new Resources(checkpoint);
    Windows windows = looking.windows();
    try {
      HeadedTower headed = HeadedTower.open(resources, head, SegmentationHead::weights, options);
      TowerPlace place = headed.place();
      int depth = place.config().numHiddenLayers();
      int width = place.config().hiddenSize();
      requirePatches(windows, place.config().patchSize());
      SegmentationHead trained =
          SegmentationHead.of(depth, width, looking.block(), headed.own(), headed.head());
      Tower tower = headed.finish(windows.side(), 1 + trained.blocks().getLast());
      return new Segmenter(tower, trained, windows);
    } catch (Throwable e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  private static void requirePatches(Windows windows, int patch) {
    if (windows.multiple() != patch) {
      throw new IllegalArgumentException(
          "windows: sides are multiples of %d pixels, expected those of a patch, %d"
              .formatted(windows.multiple(), patch));
    }
  }

  /// Name of the tower's checkpoint, for people.
  public String name() {
    return tower.name();
  }

  /// How many classes there are.
  public int classes() {
    return head.classes();
  }

  /// What computes.
  public Device device() {
    return tower.device();
  }

  /// The class of each pixel of a picture.
  public Segmentation segment(Picture picture) {
    return segment(picture, Listener.NONE);
  }

  /// The class of each pixel of a picture.
  ///
  /// @throws IllegalArgumentException if it is too long for its short side: some ten thousand
  ///   pixels for each window's
  public Segmentation segment(Picture picture, Listener listener) {
    Size scaled = windows.scaled(picture.width(), picture.height());
    Size size = windows.aligned(scaled);
    Mosaic mosaic = new Mosaic(windows, size, classes());
    Picture resized = LinearResize.resize(picture, scaled.width(), scaled.height());
    Picture aligned = LinearResize.resize(resized, size.width(), size.height());
    List<Place> places = windows.places(size);
    try (Workspace steps = new Workspace(device(), "segmentation")) {
      for (int i = 0; i < places.size(); i++) {
        listener.windows(i, places.size());
        steps.reset();
        Place place = places.get(i);
        mosaic.add(place, look(aligned, place, steps));
      }
    }
    listener.windows(places.size(), places.size());
    return mosaic.enlarged(picture.width(), picture.height());
  }

  private LogitMap look(Picture picture, Place place, Workspace steps) {
    int side = windows.side();
    Picture window = picture.crop(place.x(), place.y(), side, side);
    float[] pixels = Tiles.of(List.of(window), Normalization.IMAGENET).pixels(0);
    Tensor seen = steps.of(pixels, 1, 3, side, side);
    Tensor logits = head.forward(tower.levels(seen, head.blocks()));
    return new LogitMap(logits.toFloats(), logits.dim(0), logits.dim(1), classes());
  }

  // ---- for those who verify

  SegmentationHead head() {
    return head;
  }

  Tower tower() {
    return tower;
  }

  @Override
  public void close() {
    tower.close();
  }
}
