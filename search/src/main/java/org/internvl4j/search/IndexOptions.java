package org.internvl4j.search;

import org.internvl4j.media.PictureOptions;

/// How pictures are read into an index. Immutable; start from [#DEFAULT].
///
/// @param pictures how they are decoded; whether they are turned upright belongs to the index
/// @param again whether files that could not be read are tried once more, though they have not
///   changed
/// @param numbers what the last bits of vectors depend on, in words, which belongs to the index,
///   too: device, kernels; empty where it does not matter, as for those who only search
public record IndexOptions(PictureOptions pictures, boolean again, String numbers) {
  public static final IndexOptions DEFAULT = new IndexOptions(PictureOptions.DEFAULT, false);

  static final String UPRIGHT = "upright";

  public IndexOptions(PictureOptions pictures, boolean again) {
    this(pictures, again, "");
  }

  /// The same, bound to what numbers depend on.
  public IndexOptions withNumbers(String words) {
    return new IndexOptions(pictures, again, words);
  }

  /// In words, for [Manifest].
  String words() {
    return pictures.applyOrientation() ? UPRIGHT : "";
  }
}
