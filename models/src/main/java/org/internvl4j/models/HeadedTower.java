package org.internvl4j.models;

import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.internvl.TrainingLayout;

/// A tower that is being opened with a head that was trained for it. It is the one of its
/// repository, or, where it was trained along with the head, the one in the head's file. The head
/// is read first, and says how much of the tower is needed.
///
/// @param place where the tower is
/// @param own whether that is the file of the head
/// @param weights of the tower's source
/// @param head the weights of the head's file
record HeadedTower(
    Resources resources, TowerPlace place, boolean own, Weights weights, Weights head) {
  /// @param resources of the tower's checkpoint; they own the head's file, and a device is opened
  /// @param file of safetensors or of `torch.save`
  /// @param as what the file's tensors are to the head
  static HeadedTower open(
      Resources resources, Path file, UnaryOperator<WeightSource> as, OpenOptions options) {
    TowerPlace published = TowerPlace.of(resources.checkpoint(), resources.numbers(options));
    Checkpoint trained = resources.own(Checkpoint.ofFile(file));
    TrainingLayout layout = TrainingLayout.of(trained);
    TowerPlace place = layout.hasTower() ? published.in(layout) : published;
    resources.openOne(options, published.source());
    Weights head = resources.beside(trained, as.apply(layout.source()), options.loading());
    return layout.hasTower()
        ? new HeadedTower(resources, place, true, head, head)
        : new HeadedTower(
            resources, place, false, resources.weights(place.source(), path -> 0), head);
  }

  /// Reads the tower.
  ///
  /// @param side of the pictures that it will see
  /// @param blocks how many are needed
  Tower finish(int side, int blocks) {
    Tower tower = new Tower(resources, place.tower(weights, side, blocks), place.config(), side);
    resources.finish();
    head.warnUnread(HeadedTower::isSpare);
    return tower;
  }

  /// What training needs, and nobody else; blocks behind the one that the head looks at.
  private static boolean isSpare(String name) {
    return name.endsWith("num_batches_tracked")
        || name.startsWith("auxiliary_head.")
        || name.startsWith(TrainingLayout.PATH + ".");
  }
}
