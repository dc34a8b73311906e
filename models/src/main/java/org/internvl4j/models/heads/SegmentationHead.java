package org.internvl4j.models.heads;

import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.Weights;
import org.internvl4j.runtime.Tensor;

/// What makes classes of every place of what a tower sees. One thread at a time.
public sealed interface SegmentationHead permits LinearHead, UperNetHead {
  /// The blocks of the tower whose output it looks at, ascending, from 0.
  List<Integer> blocks();

  /// How many classes it tells apart, K.
  int classes();

  /// @param levels `[g, g, C]` of each block, without class token; used up
  /// @return logits `[h, w, K]`
  Tensor forward(List<Tensor> levels);

  /// The weights of a file as [#of] wants them.
  static WeightSource weights(WeightSource file) {
    return new HeadWeights(file);
  }

  /// The head of a file.
  ///
  /// @param depth how many blocks the tower has
  /// @param width C, of the tower
  /// @param block which one a linear head looks at; below 0 for the one that [LinearHead] says
  /// @param tuned whether the tower was trained along with it
  /// @param w of what [#weights] makes
  /// @throws IllegalArgumentException if there is no such block
  /// @throws CheckpointException if it is of no kind that is known, or a weight is missing or of
  ///   another shape
  static SegmentationHead of(int depth, int width, int block, boolean tuned, Weights w) {
    if (has(w, "decode_head.fpn_bottleneck.")) {
      if (block >= 0) {
        throw new IllegalArgumentException(
            "block: is " + block + ", but UperNet looks at four; expected it to be left out");
      }
      return new UperNetHead(depth, width, w);
    }
    if (has(w, "decode_head.norm.")) {
      int wanted = block < 0 ? LinearHead.block(depth, tuned) : block;
      if (wanted >= depth) {
        throw new IllegalArgumentException(
            "block: is " + block + ", expected 0 to " + (depth - 1) + ", those of the tower");
      }
      return new LinearHead(wanted, width, w.at("decode_head"));
    }
    throw new CheckpointException(
        w.checkpoint().name(),
        "is no segmentation head: it has neither decode_head.norm, as a linear one, nor"
            + " decode_head.fpn_bottleneck, as UperNet");
  }

  private static boolean has(Weights w, String prefix) {
    return w.unread().stream().anyMatch(name -> name.startsWith(prefix));
  }
}
