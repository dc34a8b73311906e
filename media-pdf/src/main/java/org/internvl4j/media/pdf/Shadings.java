package org.internvl4j.media.pdf;

import java.awt.Paint;
import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.io.InputStream;
import org.apache.pdfbox.cos.COSBase;
import org.apache.pdfbox.cos.COSDictionary;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.cos.COSObject;
import org.apache.pdfbox.cos.COSStream;
import org.apache.pdfbox.pdmodel.DefaultResourceCache;
import org.apache.pdfbox.pdmodel.PDResources;
import org.apache.pdfbox.pdmodel.graphics.color.PDColor;
import org.apache.pdfbox.pdmodel.graphics.color.PDColorSpace;
import org.apache.pdfbox.pdmodel.graphics.shading.PDShading;
import org.apache.pdfbox.pdmodel.graphics.shading.PDShadingType1;
import org.apache.pdfbox.pdmodel.graphics.shading.PDShadingType2;
import org.apache.pdfbox.pdmodel.graphics.shading.PDShadingType3;
import org.apache.pdfbox.pdmodel.graphics.shading.PDShadingType4;
import org.apache.pdfbox.pdmodel.graphics.shading.PDShadingType5;
import org.apache.pdfbox.pdmodel.graphics.shading.PDShadingType6;
import org.apache.pdfbox.pdmodel.graphics.shading.PDShadingType7;
import org.apache.pdfbox.util.Matrix;
import org.internvl4j.media.Watch;
import org.jspecify.annotations.Nullable;

/// Shadings that ask a [Watch] at every colour: the library computes those of a whole mesh, or of a
/// whole page, in one go.
final class Shadings {
  private static final long MOST_VERTICES = 200_000;
  private static final long MOST_PATCHES = 5_000; // of up to 512 triangles each

  private static final double MOST_SIDES = 5e6; // pixels of all triangles or patches

  private Shadings() {}

  /// The same shading, watched.
  static PDShading watched(PDShading shading, Watch watch) {
    COSDictionary from = shading.getCOSObject();
    return switch (shading.getShadingType()) {
      case PDShading.SHADING_TYPE1 -> new Type1(from, watch);
      case PDShading.SHADING_TYPE2 -> new Type2(from, watch);
      case PDShading.SHADING_TYPE3 -> new Type3(from, watch);
      case PDShading.SHADING_TYPE4 -> new Type4(from, watch);
      case PDShading.SHADING_TYPE5 -> new Type5(from, watch);
      case PDShading.SHADING_TYPE6 -> new Type6(from, watch);
      case PDShading.SHADING_TYPE7 -> new Type7(from, watch);
      default -> throw new AssertionError("the library reads shadings of type 1 to 7");
    };
  }

  /// Resources that hold nothing but a shading, which is watched.
  static PDResources watched(PDResources resources, COSName name, Watch watch) throws IOException {
    COSDictionary shadings = new COSDictionary();
    PDShading found = watched(resources.getShading(name), watch);
    shadings.setItem(name, new COSObject(found.getCOSObject()));
    COSDictionary all = new COSDictionary();
    all.setItem(COSName.SHADING, shadings);
    return new PDResources(
        all,
        new DefaultResourceCache() {
          @Override
          public @Nullable PDShading getShading(COSObject indirect) {
            return found;
          }
        });
  }

  /// Why a mesh is too large to be set up, as a part of a sentence; null if it is not.
  ///
  /// @param scale pixels of a unit
  static @Nullable String tooLarge(PDShading shading, double scale) throws IOException {
    int type = shading.getShadingType();
    if (type < PDShading.SHADING_TYPE4 || !(shading.getCOSObject() instanceof COSStream stream)) {
      return null;
    }
    boolean patches = type >= PDShading.SHADING_TYPE6;
    long most = patches ? MOST_PATCHES : MOST_VERTICES;
    long mostBytes = most * bits(stream, shading, type) / 8;
    long found = 0;
    try (InputStream data = stream.createInputStream()) {
      while (found <= mostBytes && data.read() >= 0) {
        found++;
      }
    }
    if (found > mostBytes) {
      return "it has more than the limit of %d %s"
          .formatted(most, patches ? "patches" : "vertices");
    }
    double mostSides = MOST_SIDES / scale;
    return MeshWork.sides(stream, type, components(stream, shading), mostSides) > mostSides
        ? "the sides of its mesh are longer than the limit of %.0f pixels".formatted(MOST_SIDES)
        : null;
  }

  private static int components(COSStream mesh, PDShading shading) throws IOException {
    return mesh.containsKey(COSName.FUNCTION) ? 1 : shading.getColorSpace().getNumberOfComponents();
  }

  /// Fewest bits of a vertex or patch.
  private static long bits(COSStream mesh, PDShading shading, int type) throws IOException {
    int coordinate = Math.clamp(mesh.getInt(COSName.BITS_PER_COORDINATE, 1), 1, 64);
    int component = Math.clamp(mesh.getInt(COSName.BITS_PER_COMPONENT, 1), 1, 64);
    int flag = Math.clamp(mesh.getInt(COSName.BITS_PER_FLAG, 0), 0, 64);
    int components = components(mesh, shading);
    return switch (type) {
      case PDShading.SHADING_TYPE6 -> flag + 16L * coordinate + 2L * components * component;
      case PDShading.SHADING_TYPE7 -> flag + 24L * coordinate + 2L * components * component;
      default -> Math.max(8, flag + 2L * coordinate + (long) components * component);
    };
  }

  private static PDColorSpace watched(PDColorSpace space, Watch watch) {
    return new Colours(space, watch);
  }

  /// A colour space that asks at every colour.
  private static final class Colours extends PDColorSpace {
    private final PDColorSpace space;
    private final Watch watch;

    Colours(PDColorSpace space, Watch watch) {
      this.space = space;
      this.watch = watch;
    }

    @Override
    public String getName() {
      return space.getName();
    }

    @Override
    public int getNumberOfComponents() {
      return space.getNumberOfComponents();
    }

    @Override
    public float[] getDefaultDecode(int bitsPerComponent) {
      return space.getDefaultDecode(bitsPerComponent);
    }

    @Override
    public PDColor getInitialColor() {
      return space.getInitialColor();
    }

    @Override
    public float[] toRGB(float[] value) throws IOException {
      watch.look();
      return space.toRGB(value);
    }

    @Override
    public BufferedImage toRGBImage(WritableRaster raster) throws IOException {
      return space.toRGBImage(raster);
    }

    @Override
    public @Nullable BufferedImage toRawImage(WritableRaster raster) throws IOException {
      return space.toRawImage(raster);
    }

    @Override
    public COSBase getCOSObject() {
      return space.getCOSObject();
    }
  }

  private static final class Type1 extends PDShadingType1 {
    private final Watch watch;

    Type1(COSDictionary from, Watch watch) {
      super(from);
      this.watch = watch;
    }

    @Override
    public float[] evalFunction(float[] input) throws IOException {
      watch.look();
      return super.evalFunction(input);
    }

    @Override
    public PDColorSpace getColorSpace() throws IOException {
      return watched(super.getColorSpace(), watch);
    }

    @Override
    public Paint toPaint(Matrix matrix) {
      return new WatchedPaint(super.toPaint(matrix), watch);
    }
  }

  private static final class Type2 extends PDShadingType2 {
    private final Watch watch;

    Type2(COSDictionary from, Watch watch) {
      super(from);
      this.watch = watch;
    }

    @Override
    public float[] evalFunction(float[] input) throws IOException {
      watch.look();
      return super.evalFunction(input);
    }

    @Override
    public PDColorSpace getColorSpace() throws IOException {
      return watched(super.getColorSpace(), watch);
    }

    @Override
    public Paint toPaint(Matrix matrix) {
      return new WatchedPaint(super.toPaint(matrix), watch);
    }
  }

  private static final class Type3 extends PDShadingType3 {
    private final Watch watch;

    Type3(COSDictionary from, Watch watch) {
      super(from);
      this.watch = watch;
    }

    @Override
    public float[] evalFunction(float[] input) throws IOException {
      watch.look();
      return super.evalFunction(input);
    }

    @Override
    public PDColorSpace getColorSpace() throws IOException {
      return watched(super.getColorSpace(), watch);
    }

    @Override
    public Paint toPaint(Matrix matrix) {
      return new WatchedPaint(super.toPaint(matrix), watch);
    }
  }

  private static final class Type4 extends PDShadingType4 {
    private final Watch watch;

    Type4(COSDictionary from, Watch watch) {
      super(from);
      this.watch = watch;
    }

    @Override
    public float[] evalFunction(float[] input) throws IOException {
      watch.look();
      return super.evalFunction(input);
    }

    @Override
    public PDColorSpace getColorSpace() throws IOException {
      return watched(super.getColorSpace(), watch);
    }

    @Override
    public Paint toPaint(Matrix matrix) {
      return new WatchedPaint(super.toPaint(matrix), watch);
    }
  }

  private static final class Type5 extends PDShadingType5 {
    private final Watch watch;

    Type5(COSDictionary from, Watch watch) {
      super(from);
      this.watch = watch;
    }

    @Override
    public float[] evalFunction(float[] input) throws IOException {
      watch.look();
      return super.evalFunction(input);
    }

    @Override
    public PDColorSpace getColorSpace() throws IOException {
      return watched(super.getColorSpace(), watch);
    }

    @Override
    public Paint toPaint(Matrix matrix) {
      return new WatchedPaint(super.toPaint(matrix), watch);
    }
  }

  private static final class Type6 extends PDShadingType6 {
    private final Watch watch;

    Type6(COSDictionary from, Watch watch) {
      super(from);
      this.watch = watch;
    }

    @Override
    public float[] evalFunction(float[] input) throws IOException {
      watch.look();
      return super.evalFunction(input);
    }

    @Override
    public PDColorSpace getColorSpace() throws IOException {
      return watched(super.getColorSpace(), watch);
    }

    @Override
    public int getNumberOfColorComponents() throws IOException {
      watch.look(); // is asked for every patch
      return super.getNumberOfColorComponents();
    }

    @Override
    public Paint toPaint(Matrix matrix) {
      return new WatchedPaint(super.toPaint(matrix), watch);
    }
  }

  private static final class Type7 extends PDShadingType7 {
    private final Watch watch;

    Type7(COSDictionary from, Watch watch) {
      super(from);
      this.watch = watch;
    }

    @Override
    public float[] evalFunction(float[] input) throws IOException {
      watch.look();
      return super.evalFunction(input);
    }

    @Override
    public PDColorSpace getColorSpace() throws IOException {
      return watched(super.getColorSpace(), watch);
    }

    @Override
    public int getNumberOfColorComponents() throws IOException {
      watch.look(); // is asked for every patch
      return super.getNumberOfColorComponents();
    }

    @Override
    public Paint toPaint(Matrix matrix) {
      return new WatchedPaint(super.toPaint(matrix), watch);
    }
  }
}
