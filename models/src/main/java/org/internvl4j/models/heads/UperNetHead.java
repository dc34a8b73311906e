package org.internvl4j.models.heads;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.nn.Linear;
import org.internvl4j.models.nn.Norm;
import org.internvl4j.runtime.Tensor;

/// UperNet (Xiao et al. 2018; `UPerHead` of mmsegmentation 0.30): outputs of four blocks as a
/// pyramid of maps, each larger one told by the smaller ones what it belongs to, all of them looked
/// at together.
public final class UperNetHead implements SegmentationHead {
  private static final int LEVELS = 4;
  private static final int[] BINS = {1, 2, 3, 6}; // of the pooled maps; not in the files
  private static final float EPS = 1e-6f; // of the pyramid's norm

  private final List<Integer> blocks;
  private final Pyramid pyramid;
  private final List<Convolution> pooled;
  private final Convolution bottleneck;
  private final List<Convolution> laterals;
  private final List<Convolution> outputs;
  private final Convolution together;
  private final Linear classifier;

  /// @param depth how many blocks the tower has
  /// @param width C, of the tower
  /// @param w the file
  /// @throws CheckpointException if a weight is missing or of another shape
  UperNetHead(int depth, int width, Weights w) {
    Weights head = w.at("decode_head");
    int channels = Shapes.rows(head, "fpn_bottleneck.conv.weight");
    int classes = Shapes.rows(head, "conv_seg.weight");
    Shapes.require(head, "conv_seg.weight", classes, channels, 1, 1);
    Shapes.require(head, "conv_seg.bias", classes);
    blocks = blocks(depth);
    pyramid = new Pyramid(w.at("backbone"), width);
    pooled =
        IntStream.range(0, BINS.length)
            .mapToObj(i -> Convolution.of(head.at("psp_modules." + i + ".1"), channels, width, 1))
            .toList();
    bottleneck = Convolution.of(head.at("bottleneck"), channels, width + BINS.length * channels, 3);
    laterals = head.each("lateral_convs", LEVELS - 1, c -> Convolution.of(c, channels, width, 1));
    outputs = head.each("fpn_convs", LEVELS - 1, c -> Convolution.of(c, channels, channels, 3));
    together = Convolution.of(head.at("fpn_bottleneck"), channels, LEVELS * channels, 3);
    classifier =
        new Linear(
            head.filters("conv_seg.weight", classes, channels, 1, 1),
            head.get("conv_seg.bias", classes));
  }

  /// The last blocks of the quarters of a tower: 11, 23, 35, 47 of 0 to 47.
  ///
  /// @throws IllegalArgumentException if it has fewer than four
  static List<Integer> blocks(int depth) {
    if (depth < LEVELS) {
      throw new IllegalArgumentException(
          "num_hidden_layers: is " + depth + ", expected at least " + LEVELS + " for UperNet");
    }
    return IntStream.rangeClosed(1, LEVELS).mapToObj(i -> i * depth / LEVELS - 1).toList();
  }

  /// Maps of four, two, one and a half times the size of what blocks put out.
  private record Pyramid(Upscaling first, Norm norm, Upscaling second, Upscaling twice) {
    Pyramid(Weights w, int width) {
      this(
          Upscaling.of(w.at("up1.0"), width),
          Norm.layer(w.at("up1.1"), width, EPS),
          Upscaling.of(w.at("up1.3"), width),
          Upscaling.of(w.at("up2.0"), width));
    }

    List<Tensor> forward(List<Tensor> levels) {
      return List.of(
          second.forward(norm.forward(first.forward(levels.get(0))).gelu()),
          twice.forward(levels.get(1)),
          levels.get(2),
          HostMaps.maxPool(levels.get(3)));
    }
  }

  @Override
  public List<Integer> blocks() {
    return blocks;
  }

  @Override
  public int classes() {
    return classifier.out();
  }

  @Override
  public Tensor forward(List<Tensor> levels) {
    List<Tensor> maps = pyramid.forward(levels);
    List<Tensor> found = new ArrayList<>();
    Tensor above = whole(maps.getLast());
    found.add(above);
    for (int i = LEVELS - 2; i >= 0; i--) {
      Tensor lateral = laterals.get(i).forward(maps.get(i));
      above = lateral.add(HostMaps.resize(above, lateral.dim(0), lateral.dim(1)));
      found.addFirst(above);
    }
    List<Tensor> all = new ArrayList<>();
    for (int i = 0; i < LEVELS; i++) {
      Tensor map = i < LEVELS - 1 ? outputs.get(i).forward(found.get(i)) : found.get(i);
      all.add(HostMaps.resize(map, above.dim(0), above.dim(1)));
    }
    return classifier.forward(together.forward(HostMaps.joined(all)));
  }

  /// The smallest map, with what is in all of it and in parts of it (Zhao et al. 2017).
  private Tensor whole(Tensor x) {
    List<Tensor> parts = new ArrayList<>();
    parts.add(x);
    for (int i = 0; i < BINS.length; i++) {
      Tensor mean = pooled.get(i).forward(HostMaps.adaptiveMean(x, BINS[i]));
      parts.add(HostMaps.resize(mean, x.dim(0), x.dim(1)));
    }
    return bottleneck.forward(HostMaps.joined(parts));
  }
}
