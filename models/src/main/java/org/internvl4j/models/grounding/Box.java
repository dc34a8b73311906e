package org.internvl4j.models.grounding;

/// A rectangle in thousandths of the whole picture, however it was cut into tiles: x by its width
/// from the left, y by its height from the top.
///
/// @param x1 left edge, 0 … `x2`
/// @param y1 upper edge, 0 … `y2`
/// @param x2 right edge, `x1` … 1000
/// @param y2 lower edge, `y1` … 1000
public record Box(int x1, int y1, int x2, int y2) {
  /// The far edge of a picture.
  public static final int FULL = 1000;

  /// @throws IllegalArgumentException if an edge lies outside the picture or two are exchanged
  public Box {
    if (x1 < 0 || y1 < 0 || x1 > x2 || y1 > y2 || x2 > FULL || y2 > FULL) {
      throw new IllegalArgumentException(
          "box: [%d, %d, %d, %d], expected 0 ≤ x1 ≤ x2 ≤ %d and 0 ≤ y1 ≤ y2 ≤ %d"
              .formatted(x1, y1, x2, y2, FULL, FULL));
    }
  }

  /// The box with two corners as a model wrote them: what lies outside the picture is moved to its
  /// edge, and corners may be any two that face each other.
  static Box between(int xa, int ya, int xb, int yb) {
    int x1 = Math.clamp(xa, 0, FULL);
    int y1 = Math.clamp(ya, 0, FULL);
    int x2 = Math.clamp(xb, 0, FULL);
    int y2 = Math.clamp(yb, 0, FULL);
    return new Box(Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2));
  }

  /// The pixels of a picture that the box touches. Edges between pixels move outwards, so that
  /// nothing of the box is lost; a box without width or height has one pixel there.
  ///
  /// @param width of the picture as it was asked about, pixels, at least 1
  /// @param height likewise
  /// @throws IllegalArgumentException if a side is below 1
  public Pixels on(int width, int height) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "box: the picture is %d x %d, expected at least 1 x 1".formatted(width, height));
    }
    int left = Math.min(floor(x1, width), width - 1);
    int top = Math.min(floor(y1, height), height - 1);
    return new Pixels(
        left, top, Math.max(ceil(x2, width), left + 1), Math.max(ceil(y2, height), top + 1));
  }

  private static int floor(int thousandths, int side) {
    return (int) ((long) thousandths * side / FULL);
  }

  private static int ceil(int thousandths, int side) {
    return (int) (((long) thousandths * side + FULL - 1) / FULL);
  }

  /// A rectangle of pixels, at least one each way.
  ///
  /// @param left its first column
  /// @param top its first row
  /// @param right the column behind its last
  /// @param bottom the row below its last
  public record Pixels(int left, int top, int right, int bottom) {
    /// Columns.
    public int width() {
      return right - left;
    }

    /// Rows.
    public int height() {
      return bottom - top;
    }
  }
}
