package org.internvl4j.models.heads;

import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.runtime.Tensor;

/// Classes of every patch by one linear layer: a BatchNorm and a convolution of one pixel
/// (`FCNHead` of `segmentation/mmseg_custom`, without convolutions of its own).
public final class LinearHead implements SegmentationHead {
  private final int block;
  private final Tensor shift; // [C], the mean taken off
  private final Linear classifier;

  /// @param block whose output it looks at
  /// @param width C, of the tower
  /// @throws CheckpointException if a weight is missing or of another shape
  LinearHead(int block, int width, Weights w) {
    int classes = Shapes.rows(w, "conv_seg.weight");
    Shapes.require(w, "conv_seg.weight", classes, width, 1, 1);
    Shapes.require(w, "conv_seg.bias", classes);
    Shapes.requireNorm(w, "norm", width);
    this.block = block;
    shift = w.get("norm.shift", width);
    classifier =
        new Linear(w.matrix("conv_seg.product", classes, width), w.get("conv_seg.offset", classes));
  }

  /// Of a frozen tower, the last blocks know more about captions than about places: the published
  /// head looks at block 44 of 0 to 47, and at as deep a one of other towers. Of one that was
  /// trained along with it, at the last one.
  static int block(int depth, boolean tuned) {
    return tuned ? depth - 1 : 44 * depth / 48;
  }

  @Override
  public List<Integer> blocks() {
    return List.of(block);
  }

  @Override
  public int classes() {
    return classifier.out();
  }

  @Override
  public Tensor forward(List<Tensor> levels) {
    return classifier.forward(levels.getFirst().add(shift));
  }
}
