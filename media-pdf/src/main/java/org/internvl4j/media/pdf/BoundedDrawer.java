package org.internvl4j.media.pdf;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Paint;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.GeneralPath;
import java.awt.geom.Point2D;
import java.io.IOException;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.pdmodel.PDResources;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.font.PDFont;
import org.apache.pdfbox.pdmodel.font.PDVectorFont;
import org.apache.pdfbox.pdmodel.graphics.color.PDColor;
import org.apache.pdfbox.pdmodel.graphics.color.PDPattern;
import org.apache.pdfbox.pdmodel.graphics.pattern.PDShadingPattern;
import org.apache.pdfbox.pdmodel.graphics.shading.PDShading;
import org.apache.pdfbox.pdmodel.graphics.state.PDGraphicsState;
import org.apache.pdfbox.pdmodel.graphics.state.RenderingMode;
import org.apache.pdfbox.rendering.PageDrawer;
import org.apache.pdfbox.rendering.PageDrawerParameters;
import org.apache.pdfbox.util.Matrix;
import org.apache.pdfbox.util.Vector;
import org.jspecify.annotations.Nullable;

/// A drawer that looks at the clock within single operators, and leaves out paths, letters and
/// meshes that would take long where nothing ends them. Tiles, soft masks and transparency groups
/// are drawn by it, too.
abstract class BoundedDrawer extends PageDrawer {
  private static final long MOST_CROSSINGS = 10_000; // of the edges of all clips of a page

  private final IdentityHashMap<PDVectorFont, Map<Integer, GeneralPath>> glyphs =
      new IdentityHashMap<>();
  private long crossings;
  private int segments;
  private GeneralPath clipping = new GeneralPath();
  private double seen; // of an edge at most, in pixels
  private @Nullable PDResources shadings;

  BoundedDrawer(PageDrawerParameters parameters) throws IOException {
    super(parameters);
  }

  /// Looks at the clock.
  ///
  /// @throws RuntimeException to end the drawing
  abstract void look();

  /// Hears what is left out.
  abstract void problem(String sentence);

  /// Pixels of a unit of a path.
  private double scale() {
    return Math.sqrt(Math.abs(getGraphics().getTransform().getDeterminant()));
  }

  @Override
  public void drawPage(Graphics2D graphics, PDRectangle size) throws IOException {
    double scale = Math.sqrt(Math.abs(graphics.getTransform().getDeterminant()));
    seen = 1 + scale * (size.getWidth() + size.getHeight());
    super.drawPage(graphics, size);
  }

  private boolean canFill(Shape path) {
    boolean can = PathWork.filled(path, scale(), seen) <= PathWork.MOST_ROWS;
    boolean byPattern = getGraphicsState().getNonStrokingColorSpace() instanceof PDPattern;
    return (can && (!byPattern || canClip(path))) || leftOut("path that is filled");
  }

  private boolean canStroke(Shape path) {
    PDGraphicsState state = getGraphicsState();
    double width = Math.max(0.25, transformWidth(state.getLineWidth()));
    float[] dashes = state.getLineDashPattern().getDashArray();
    double dash = 0;
    for (float part : dashes) {
      dash += Math.max(0.062, transformWidth(part)) / dashes.length;
    }
    return PathWork.stroked(path, scale(), seen, width, dash) <= PathWork.MOST_ROWS
        || leftOut("path that is stroked");
  }

  private boolean canClip(Shape path) {
    crossings += PathWork.crossings(path, MOST_CROSSINGS - crossings);
    return crossings <= MOST_CROSSINGS;
  }

  private boolean leftOut(String what) {
    problem("a " + what + " is left out: its lines cross too much of the page or one another");
    return false;
  }

  /// Whether the path may grow; one that may not is left out when it is drawn.
  private boolean grows() {
    return segments++ < PathWork.MOST_SEGMENTS;
  }

  private boolean isWhole() {
    if (segments > PathWork.MOST_SEGMENTS) {
      problem(
          "a path is left out: it has more than the limit of %d segments"
              .formatted(PathWork.MOST_SEGMENTS));
    }
    return segments <= PathWork.MOST_SEGMENTS;
  }

  @Override
  public void moveTo(float x, float y) {
    if (grows()) {
      super.moveTo(x, y);
    }
  }

  @Override
  public void lineTo(float x, float y) {
    if (grows()) {
      super.lineTo(x, y);
    }
  }

  @Override
  public void curveTo(float x1, float y1, float x2, float y2, float x3, float y3) {
    if (grows()) {
      super.curveTo(x1, y1, x2, y2, x3, y3);
    }
  }

  @Override
  public void appendRectangle(Point2D p0, Point2D p1, Point2D p2, Point2D p3) {
    if (grows()) {
      segments += 3;
      super.appendRectangle(p0, p1, p2, p3);
    }
  }

  @Override
  public void endPath() {
    segments = 0;
    super.endPath();
  }

  @Override
  public void strokePath() throws IOException {
    look();
    if (isWhole() && canStroke(getLinePath())) {
      super.strokePath();
    }
    endPath();
  }

  @Override
  public void fillPath(int windingRule) throws IOException {
    look();
    if (isWhole() && canFill(getLinePath())) {
      super.fillPath(windingRule);
    }
    endPath();
  }

  @Override
  public void clip(int windingRule) {
    look();
    if (canClip(getLinePath()) || leftOut("path that clips")) {
      super.clip(windingRule);
    }
  }

  @Override
  protected void showFontGlyph(Matrix matrix, PDFont font, int code, Vector displacement)
      throws IOException {
    look();
    if (font instanceof PDVectorFont outlines && canShow(outlines, font, code, matrix)) {
      super.showFontGlyph(matrix, font, code, displacement);
    }
  }

  private boolean canShow(PDVectorFont outlines, PDFont font, int code, Matrix matrix)
      throws IOException {
    Map<Integer, GeneralPath> paths = glyphs.computeIfAbsent(outlines, _ -> new HashMap<>());
    GeneralPath path = paths.get(code);
    if (path == null) {
      path = outlines.getNormalizedPath(code);
      paths.put(code, path);
    }
    AffineTransform at = matrix.createAffineTransform();
    at.concatenate(font.getFontMatrix().createAffineTransform());
    RenderingMode mode = getGraphicsState().getTextState().getRenderingMode();
    Shape glyph = at.createTransformedShape(path);
    return (!mode.isFill() || canFillGlyph(glyph))
        && (!mode.isStroke() || canStroke(glyph))
        && (!mode.isClip() || canClipBy(glyph));
  }

  private boolean canFillGlyph(Shape glyph) {
    return PathWork.filled(glyph, scale(), seen) <= PathWork.MOST_ROWS || leftOut("letter");
  }

  /// Letters that clip do so together, at the end of their text.
  private boolean canClipBy(Shape glyph) {
    GeneralPath all = new GeneralPath(clipping);
    all.append(glyph, false);
    if (PathWork.crossings(all, MOST_CROSSINGS - crossings) > MOST_CROSSINGS - crossings) {
      return leftOut("letter that clips");
    }
    clipping = all;
    return true;
  }

  @Override
  public void endText() throws IOException {
    look();
    crossings += PathWork.crossings(clipping, MOST_CROSSINGS);
    clipping = new GeneralPath();
    super.endText();
  }

  @Override
  protected Paint getPaint(PDColor color) throws IOException {
    if (!(color.getColorSpace() instanceof PDPattern patterns)) {
      return super.getPaint(color);
    }
    look();
    PDShadingPattern pattern =
        patterns.getPattern(color) instanceof PDShadingPattern shaded ? shaded : null;
    PDShading shading = pattern == null ? null : pattern.getShading();
    if (pattern != null && shading != null) {
      Matrix matrix = Matrix.concatenate(getInitialMatrix(), pattern.getMatrix());
      return isWithinLimits(shading, matrix)
          ? Shadings.watched(shading, this::look).toPaint(matrix)
          : new Color(0, 0, 0, 0);
    }
    return new WatchedPaint(super.getPaint(color), this::look);
  }

  private boolean isWithinLimits(PDShading shading, Matrix matrix) throws IOException {
    double unit = Math.max(matrix.getScalingFactorX(), matrix.getScalingFactorY());
    String why = Shadings.tooLarge(shading, scale() * unit);
    if (why != null) {
      problem("a shading is left out: " + why);
    }
    return why == null;
  }

  @Override
  public void shadingFill(COSName name) throws IOException {
    PDShading shading = getResources().getShading(name);
    if (shading == null) {
      throw new IOException("missing shading: " + name.getName());
    }
    if (isWithinLimits(shading, getGraphicsState().getCurrentTransformationMatrix())) {
      shadings = Shadings.watched(getResources(), name, this::look);
      super.shadingFill(name);
    }
  }

  /// Those of `sh`, which asks for them first, once.
  @Override
  public PDResources getResources() {
    PDResources found = shadings == null ? super.getResources() : shadings;
    shadings = null;
    return found;
  }
}
