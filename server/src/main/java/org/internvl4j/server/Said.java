package org.internvl4j.server;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.internvl4j.models.Question;
import org.internvl4j.models.Question.Image;
import org.internvl4j.models.image.Picture;

/// A question as it is put together from the parts of messages.
///
/// Pictures and clips that come together go before all text, as models were trained, wherever they
/// are sent; only those that have text between them keep their places. The marks that are put here
/// are the only ones: an `<image>` in a text of the client stays text.
final class Said {
  private final StringBuilder plain = new StringBuilder(); // the texts alone
  private final Marked seen = new Marked(); // pictures and frames alone
  private final Marked all = new Marked();
  private final List<Image> images = new ArrayList<>();
  private boolean hasFrames;
  private boolean isApart; // text has come behind a picture
  private boolean isMixed; // and a picture behind that text

  /// A text with its marks.
  private static final class Marked {
    private final StringBuilder text = new StringBuilder();
    private final List<Integer> marks = new ArrayList<>();

    /// @param mark ends in an image's mark
    void line(String mark) {
      text.append(mark).append('\n');
      marks.add(text.length() - 1 - Question.IMAGE_MARK.length());
    }
  }

  /// A message more.
  void next() {
    if (!plain.isEmpty()) {
      add("\n");
    }
  }

  void add(String text) {
    plain.append(text);
    all.text.append(text);
    isApart |= !images.isEmpty() && !text.isBlank();
  }

  void add(Image image) {
    add(image, Question.IMAGE_MARK);
  }

  /// A clip, as [Question#ofFrames] shows one.
  void add(List<Picture> frames, int maxTiles) {
    hasFrames = true;
    int number = 0;
    for (Picture frame : frames) {
      add(new Image.Whole(frame, OptionalInt.of(maxTiles)), Question.frameMark(++number));
    }
  }

  private void add(Image image, String mark) {
    isMixed |= isApart;
    images.add(image);
    seen.line(mark);
    all.line(mark);
  }

  /// All that was added. Where the model numbers pictures, those in front of the text get their
  /// numbers later, with the whole conversation in view.
  Question question() {
    if (isMixed) {
      return new Question(all.text.toString(), images, OptionalInt.empty(), all.marks);
    }
    if (hasFrames) {
      return new Question(seen.text.toString() + plain, images, OptionalInt.empty(), seen.marks);
    }
    return new Question(plain.toString(), images, OptionalInt.empty(), List.of());
  }
}
