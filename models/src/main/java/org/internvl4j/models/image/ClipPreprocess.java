package org.internvl4j.models.image;

import java.util.List;

/// The preprocessing of `CLIPImageProcessor`, with which InternViT and InternVL-14B make features:
/// the short side is resized to `shortSide` (bicubic; the long side rounds down), the middle `crop`
/// x `crop` is cut out and normalised.
///
/// Where chat squeezes a picture into its tiles, this crops. Immutable.
///
/// @param shortSide pixels (`size`)
/// @param crop pixels, at most `shortSide` (`crop_size`)
/// @param normalization mean and deviation (`image_mean`, `image_std`)
public record ClipPreprocess(int shortSide, int crop, Normalization normalization) {
  /// @throws IllegalArgumentException unless 1 <= crop <= shortSide
  public ClipPreprocess {
    if (crop < 1 || crop > shortSide) {
      throw new IllegalArgumentException(
          "clip preprocessing: expected 1 <= crop <= shortSide, found crop %d, shortSide %d"
              .formatted(crop, shortSide));
    }
  }

  /// What every released checkpoint does: `side` pixels, all of them kept, ImageNet's constants.
  public static ClipPreprocess of(int side) {
    return new ClipPreprocess(side, side, Normalization.IMAGENET);
  }

  /// The same for pictures of another side, of which as much of the middle is kept.
  public ClipPreprocess withSide(int side) {
    int wanted = Math.toIntExact((long) shortSide * side / crop);
    return new ClipPreprocess(Math.max(side, wanted), side, normalization);
  }

  /// The middle of the picture as one tile, `[1, 3, crop, crop]`.
  public Tiles apply(Picture picture) {
    return Tiles.of(List.of(square(picture)), normalization);
  }

  /// The middle of the picture, `crop` x `crop` pixels.
  public Picture square(Picture picture) {
    int width = picture.width();
    int height = picture.height();
    int shorter = Math.min(width, height);
    int w = Math.toIntExact((long) shortSide * width / shorter);
    int h = Math.toIntExact((long) shortSide * height / shorter);
    return Resize.bicubic(picture, w, h).crop((w - crop) / 2, (h - crop) / 2, crop, crop);
  }
}
