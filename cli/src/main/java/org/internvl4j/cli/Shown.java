package org.internvl4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.Question;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;

/// What an answer's boxes lie on: the pictures of its question or, if that has none, of the last
/// one before it that had.
///
/// @param files every file that was read so far: none of them is written over
/// @param count how many pictures
/// @param only the picture, if there is one alone: which of several a box lies on, models do not
///   say
record Shown(List<Path> files, int count, @Nullable Picture only) {
  /// Before the first picture.
  static final Shown NOTHING = new Shown(List.of(), 0, null);

  Shown {
    files = List.copyOf(files);
  }

  /// The same, with more files that were read.
  Shown reading(List<Path> more) {
    List<Path> all = new ArrayList<>(files);
    all.addAll(more);
    return new Shown(all, count, only);
  }

  /// After this question was asked.
  Shown then(Question question) {
    List<Question.Image> images = question.images();
    return switch (images.size()) {
      case 0 -> this;
      case 1 -> new Shown(files, 1, whole(images.getFirst()));
      default -> new Shown(files, images.size(), null);
    };
  }

  private static @Nullable Picture whole(Question.Image image) {
    return switch (image) {
      case Question.Image.Whole(Picture picture, _) -> picture;
      case Question.Image.Cut _ -> null;
    };
  }

  /// After the conversation was forgotten.
  Shown cleared() {
    return new Shown(files, 0, null);
  }
}
