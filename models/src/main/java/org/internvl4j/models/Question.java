package org.internvl4j.models;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.internvl4j.models.chat.MarkedText;
import org.internvl4j.models.chat.Marks;
import org.internvl4j.models.grounding.Grounding;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;

/// A text and the pictures it is about. Immutable.
///
/// The text may say where each picture goes with the mark `<image>`. Without a mark, one picture
/// goes in front of the text and several are put there as `Image-1: <image>`, `Image-2: <image>`, …
/// With one mark and several pictures, all go to that place as one. Everything else in the text is
/// plain text: control tokens typed by a user stay text. Where others write the text, `marks` says
/// which marks are meant: an `<image>` that is none of them is plain text, too.
///
/// @param text what is asked
/// @param images the pictures, in the order of their marks
/// @param maxTiles most tiles a picture, if not the checkpoint's own number
/// @param marks where in the text each mark begins, growing; every `<image>` unless said
public record Question(String text, List<Image> images, OptionalInt maxTiles, List<Integer> marks) {
  /// The mark in a text where a picture goes.
  public static final String IMAGE_MARK = Marks.IMAGE;

  /// One picture of a question: still whole, or cut already.
  public sealed interface Image {
    /// A picture, to be cut into tiles as the checkpoint says.
    ///
    /// @param maxTiles most tiles, if neither the question's number nor the checkpoint's own
    record Whole(Picture picture, OptionalInt maxTiles) implements Image {
      public Whole {
        requireTiles(maxTiles);
      }

      public Whole(Picture picture) {
        this(picture, OptionalInt.empty());
      }
    }

    /// Tiles that exist already.
    record Cut(Tiles tiles) implements Image {}
  }

  /// @throws IllegalArgumentException if a mark is not where it is said to be, or `maxTiles` is
  ///   below 1
  public Question {
    images = List.copyOf(images);
    marks = new MarkedText(text, marks).marks();
    requireTiles(maxTiles);
  }

  /// A question in whose text every `<image>` is a mark.
  public Question(String text, List<Image> images, OptionalInt maxTiles) {
    this(text, images, maxTiles, Marks.find(text));
  }

  private static void requireTiles(OptionalInt maxTiles) {
    if (maxTiles.isPresent() && maxTiles.getAsInt() < 1) {
      throw new IllegalArgumentException(
          "question: maxTiles is " + maxTiles.getAsInt() + ", expected at least 1");
    }
  }

  /// A question about some pictures, or none.
  public static Question of(String text, Picture... pictures) {
    return of(text, Arrays.asList(pictures));
  }

  /// A question about some pictures, or none.
  public static Question of(String text, List<Picture> pictures) {
    return new Question(
        text, pictures.stream().<Image>map(Image.Whole::new).toList(), OptionalInt.empty());
  }

  /// A question about tiles that exist already, one entry a picture.
  public static Question ofTiles(String text, List<Tiles> pictures) {
    return new Question(
        text, pictures.stream().<Image>map(Image.Cut::new).toList(), OptionalInt.empty());
  }

  /// A question about a clip: frame after frame as `Frame1: <image>`, `Frame2: <image>`, …, a tile
  /// each.
  public static Question ofFrames(String text, List<Picture> frames) {
    StringBuilder front = new StringBuilder();
    for (int i = 1; i <= frames.size(); i++) {
      front.append(frameMark(i)).append('\n');
    }
    List<Integer> marks = Marks.find(front.toString());
    List<Image> images = of("", frames).images();
    return new Question(front + text, images, OptionalInt.of(1), marks);
  }

  /// `Frame1: <image>`: how a frame of a clip is marked.
  ///
  /// @param number counted from 1
  public static String frameMark(int number) {
    return "Frame" + number + ": " + IMAGE_MARK;
  }

  /// A question where something is; [Answer#regions] has its boxes.
  ///
  /// @param what `the cat on the left`
  /// @throws IllegalArgumentException if it is blank or has a mark in it
  public static Question find(String what, Picture picture) {
    return of(Grounding.question(what), picture);
  }

  /// This question with at most `maxTiles` tiles a picture, the thumbnail not counted.
  public Question withMaxTiles(int maxTiles) {
    return new Question(text, images, OptionalInt.of(maxTiles), marks);
  }
}
