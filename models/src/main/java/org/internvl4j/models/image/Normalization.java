package org.internvl4j.models.image;

import java.nio.ByteBuffer;
import java.util.List;
import org.internvl4j.loader.json.Json;

/// `(u / 255 - mean) / std` per channel, in float32 and in that order.
///
/// Every released InternVL and InternViT checkpoint uses [#IMAGENET]; the other two can be chosen
/// in the training code (`internvl/train/constants.py`). Immutable.
///
/// @param mean of red, green, blue, in 0 to 1
/// @param std of red, green, blue, above 0
public record Normalization(List<Float> mean, List<Float> std) {
  /// Mean and deviation of ImageNet.
  public static final Normalization IMAGENET = of(0.485f, 0.456f, 0.406f, 0.229f, 0.224f, 0.225f);

  /// CLIP's, as the training code rounds it (0.40821073 and 0.40821072 are one float).
  public static final Normalization CLIP =
      of(0.4814546f, 0.4578275f, 0.40821072f, 0.2686295f, 0.2613025f, 0.2757711f);

  /// SigLIP's: samples from -1 to 1.
  public static final Normalization SIGLIP = of(0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f);

  /// @throws IllegalArgumentException if there are not three values of each, a mean is outside 0 to
  ///   1 or a deviation is not above 0
  public Normalization {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    if (mean.size() != 3 || std.size() != 3) {
      throw new IllegalArgumentException(
          "normalization: expected three means and three deviations, found %s and %s"
              .formatted(mean, std));
    }
    if (!mean.stream().allMatch(m -> m >= 0 && m <= 1)
        || !std.stream().allMatch(s -> s > 0 && Float.isFinite(s))) {
      throw new IllegalArgumentException(
          "normalization: means must lie in 0 to 1 and deviations above 0, found %s and %s"
              .formatted(mean, std));
    }
  }

  /// What a processor's file says, or ImageNet's where it says nothing.
  ///
  /// @param processor with `image_mean` and `image_std`
  /// @throws org.internvl4j.loader.CheckpointException if they are not three numbers each
  public static Normalization of(Json processor) {
    return processor.has("image_mean") && processor.has("image_std")
        ? new Normalization(three(processor.at("image_mean")), three(processor.at("image_std")))
        : IMAGENET;
  }

  private static List<Float> three(Json values) {
    if (values.items().size() != 3) {
      throw values.wrong("three numbers, of red, green and blue");
    }
    return values.items().stream().map(v -> (float) v.asDouble()).toList();
  }

  private static Normalization of(float r, float g, float b, float sr, float sg, float sb) {
    return new Normalization(List.of(r, g, b), List.of(sr, sg, sb));
  }

  /// The normalised value of the sample `u` (0 to 255) of a channel (0 red, 1 green, 2 blue).
  public float apply(int channel, int u) {
    return (u / 255f - mean.get(channel)) / std.get(channel);
  }

  /// The colour, `[3]`, that normalises to about zero: `trunc(255 · mean)`.
  int[] background() {
    return new int[] {
      (int) (255 * mean.get(0)), (int) (255 * mean.get(1)), (int) (255 * mean.get(2))
    };
  }

  /// Appends mean and deviation, 24 bytes.
  void addTo(ByteBuffer bytes) {
    mean.forEach(bytes::putFloat);
    std.forEach(bytes::putFloat);
  }

  /// The 256 values of each channel, `[3, 256]`.
  float[] table() {
    float[] table = new float[3 * 256];
    for (int i = 0; i < table.length; i++) {
      table[i] = apply(i / 256, i % 256);
    }
    return table;
  }

  /// The 256 values of one channel.
  float[] table(int channel) {
    float[] table = new float[256];
    for (int u = 0; u < 256; u++) {
      table[u] = apply(channel, u);
    }
    return table;
  }
}
