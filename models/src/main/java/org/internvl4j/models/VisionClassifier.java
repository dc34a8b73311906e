package org.internvl4j.models;

import java.nio.file.Path;
import java.util.List;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.models.heads.LinearProbe;
import org.internvl4j.models.image.ClipPreprocess;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.runtime.Device;

/// A tower and a linear probe that was trained for it: which of its classes a picture is of.
///
/// Several threads may use one at a time: their kernels take turns. The caller closes it.
public final class VisionClassifier implements AutoCloseable {
  private final Tower tower;
  private final ClipPreprocess processor;
  private final LinearProbe probe;

  private VisionClassifier(Tower tower, ClipPreprocess processor, LinearProbe probe) {
    this.tower = tower;
    this.processor = processor;
    this.probe = probe;
  }

  /// Opens a tower and its probe on the best device there is.
  ///
  /// @param folder config.json and weights of the tower, or of a model that has one
  /// @param head a file of safetensors or of `torch.save`
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if there is no InternViT in the folder
  public static VisionClassifier open(Path folder, Path head) {
    return open(Checkpoint.open(folder), head, OpenOptions.DEFAULT);
  }

  /// Opens a tower and its probe, on one device.
  ///
  /// @param checkpoint of the tower; belongs to the classifier from now on, also if opening fails
  /// @param head a file of safetensors or of `torch.save`; if a tower is in it, too, that is taken
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if there is no InternViT in the checkpoint
  public static VisionClassifier open(Checkpoint checkpoint, Path head, OpenOptions options) {
    Resources resources = new Resources(checkpoint);
    try {
      HeadedTower headed = HeadedTower.open(resources, head, file -> file, options);
      TowerPlace place = headed.place();
      ClipPreprocess processor = Processors.of(checkpoint.json(Processors.FILE), place.side());
      LinearProbe probe = new LinearProbe(place.config().hiddenSize(), headed.head());
      Tower tower = headed.finish(place.side(), place.config().numHiddenLayers());
      return new VisionClassifier(tower, processor, probe);
    } catch (Throwable e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  /// Name of the tower's checkpoint, for people.
  public String name() {
    return tower.name();
  }

  /// How many classes there are.
  public int classes() {
    return probe.classes();
  }

  /// What computes.
  public Device device() {
    return tower.device();
  }

  /// The middle of a picture, as the probe was trained with it.
  public Tiles cropped(Picture picture) {
    return processor.apply(picture);
  }

  /// All classes of each picture, the likeliest first.
  ///
  /// @param tiles one a picture, as [#cropped] makes them
  public List<List<LinearProbe.Guess>> classify(Tiles tiles) {
    return logits(tiles).stream().map(LinearProbe::ranked).toList();
  }

  /// Logits of each picture, one a class.
  ///
  /// @param tiles one a picture, as [#cropped] makes them
  public List<double[]> logits(Tiles tiles) {
    return probe.logits(tower.features(tiles)).stream()
        .map(row -> Computed.numbers(row, name(), "the logits of the classes"))
        .toList();
  }

  // ---- for those who verify

  LinearProbe probe() {
    return probe;
  }

  @Override
  public void close() {
    tower.close();
  }
}
