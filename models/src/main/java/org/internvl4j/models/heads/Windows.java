package org.internvl4j.models.heads;

import java.util.ArrayList;
import java.util.List;

/// How a picture is looked at through windows that overlap (`EncoderDecoder.slide_inference` of
/// mmsegmentation 0.30).
///
/// @param side of a window in pixels; the short side of a picture is made as long
/// @param stride from one window to the next
/// @param multiple what both sides of a picture are made multiples of: those of a patch
public record Windows(int side, int stride, int multiple) {
  /// What the published heads were trained and measured with.
  public static final Windows PUBLISHED = new Windows(504, 322, 14);

  private static final int MOST_SIDE = 1 << 20; // pixels

  /// @throws IllegalArgumentException if a stride is no stride, or the side no multiple
  public Windows {
    if (multiple < 1 || stride < 1 || side < stride || side % multiple != 0) {
      throw new IllegalArgumentException(
          "windows: expected 1 <= stride <= side, a multiple of %d, found side %d, stride %d"
              .formatted(multiple, side, stride));
    }
  }

  /// A size in pixels.
  public record Size(int width, int height) {}

  /// Where a window's top left pixel is.
  public record Place(int x, int y) {}

  /// The size that a picture gets first: its short side as long as a window, the other rounded.
  ///
  /// @throws IllegalArgumentException if that is too long for any picture
  public Size scaled(int width, int height) {
    double wide = width > height ? (double) side * width / height : side;
    double high = height > width ? (double) side * height / width : side;
    double scale =
        Math.min(
            Math.max(wide, high) / Math.max(width, height),
            Math.min(wide, high) / Math.min(width, height));
    if (Math.max(wide, high) > MOST_SIDE) {
      throw new IllegalArgumentException(
          "picture: %d x %d pixels are too narrow to be looked at with %d pixels on the short side"
              .formatted(width, height, side));
    }
    return new Size((int) (width * scale + 0.5), (int) (height * scale + 0.5));
  }

  /// The size that it gets then: both sides up to the next multiple.
  public Size aligned(Size size) {
    return new Size(aligned(size.width), aligned(size.height));
  }

  private int aligned(int pixels) {
    return Math.multiplyExact(Math.ceilDiv(pixels, multiple), multiple);
  }

  /// The windows of a picture, row by row. The last one of a row or column that would leave the
  /// picture is moved back into it.
  ///
  /// @param size with sides of at least a window's
  public List<Place> places(Size size) {
    List<Place> places = new ArrayList<>();
    for (int y : starts(size.height)) {
      for (int x : starts(size.width)) {
        places.add(new Place(x, y));
      }
    }
    return places;
  }

  private List<Integer> starts(int length) {
    int count = Math.max(length - side + stride - 1, 0) / stride + 1;
    List<Integer> starts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      starts.add(Math.min(i * stride, length - side));
    }
    return starts;
  }
}
