package org.internvl4j.search;

import org.internvl4j.media.PictureOptions;

/// How pictures are read into an index. Immutable; start from [#DEFAULT].
///
/// @param pictures how they are decoded; whether they are turned upright belongs to the index
/// @param again whether files that could not be read are tried once more, though they have not
///   changed
public record IndexOptions(PictureOptions pictures, boolean again) {
  public static final IndexOptions DEFAULT = new IndexOptions(PictureOptions.DEFAULT, false);

  static final String UPRIGHT = "upright";

  /// In words, for [Manifest].
  String words() {
    return pictures.applyOrientation() ? UPRIGHT : "";
  }
}
