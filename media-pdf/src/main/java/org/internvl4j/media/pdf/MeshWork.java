package org.internvl4j.media.pdf;

import java.awt.geom.Point2D;
import java.awt.geom.Rectangle2D;
import java.io.EOFException;
import java.io.IOException;
import org.apache.pdfbox.cos.COSArray;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.cos.COSStream;
import org.apache.pdfbox.pdmodel.graphics.shading.PDShading;

/// How long all sides of a mesh's triangles or patches are: the library walks along each, pixel by
/// pixel, on the page or off it, and keeps some of the pixels.
final class MeshWork {
  private final BitReader in;
  private final int flagBits;
  private final int bits;
  private final int colourBits;
  private final double across;
  private final double down;

  private MeshWork(BitReader in, COSStream mesh, int components) {
    this.in = in;
    flagBits = number(mesh, COSName.BITS_PER_FLAG);
    bits = number(mesh, COSName.BITS_PER_COORDINATE);
    colourBits = components * number(mesh, COSName.BITS_PER_COMPONENT);
    COSArray decode = mesh.getCOSArray(COSName.DECODE);
    float[] ranges = decode == null ? new float[0] : decode.toFloatArray();
    double most = Math.pow(2, bits) - 1;
    across = ranges.length < 4 ? 0 : Math.abs((ranges[1] - ranges[0]) / most);
    down = ranges.length < 4 ? 0 : Math.abs((ranges[3] - ranges[2]) / most);
  }

  private static int number(COSStream mesh, COSName key) {
    return Math.clamp(mesh.getInt(key, 0), 0, 64);
  }

  /// @param components numbers of a colour
  /// @param most where adding up ends
  /// @return units of the mesh's coordinates
  static double sides(COSStream mesh, int type, int components, double most) throws IOException {
    try (BitReader in = new BitReader(mesh.createInputStream())) {
      MeshWork work = new MeshWork(in, mesh, components);
      if (work.bits == 0) {
        return 0; // all points are the same, and nothing would end them
      }
      return switch (type) {
        case PDShading.SHADING_TYPE4 -> work.triangles(most);
        case PDShading.SHADING_TYPE5 ->
            work.lattice(Math.max(1, mesh.getInt(COSName.VERTICES_PER_ROW, 1)), most);
        case PDShading.SHADING_TYPE6 -> work.patches(12, components, most);
        default -> work.patches(16, components, most);
      };
    }
  }

  private Point2D point() throws IOException {
    return new Point2D.Double(across * in.read(bits), down * in.read(bits));
  }

  private void skip(long count) throws IOException {
    for (long left = count; left > 0; left -= 64) {
      in.read((int) Math.min(64, left));
    }
  }

  private Point2D vertex() throws IOException {
    Point2D point = point();
    skip(colourBits);
    in.align();
    return point;
  }

  private double triangles(double most) throws IOException {
    double sides = 0;
    Point2D[] corners = {new Point2D.Double(), new Point2D.Double(), new Point2D.Double()};
    try {
      while (sides <= most) {
        long flag = in.read(flagBits) & 3;
        if (flag == 0) {
          corners[0] = vertex();
          in.read(flagBits);
          corners[1] = vertex();
          in.read(flagBits);
        } else {
          corners[0] = flag == 1 ? corners[1] : corners[0];
          corners[1] = corners[2];
        }
        corners[2] = vertex();
        sides +=
            corners[0].distance(corners[1])
                + corners[1].distance(corners[2])
                + corners[2].distance(corners[0]);
      }
    } catch (EOFException _) {
      // all were seen
    }
    return sides;
  }

  private double lattice(int columns, double most) throws IOException {
    double sides = 0;
    Point2D[] row = new Point2D[Math.min(columns, 1 << 20)];
    try {
      for (int i = 0; sides <= most; i = (i + 1) % row.length) {
        Point2D above = row[i];
        row[i] = vertex();
        if (above != null) {
          sides += 2 * row[i].distance(above) + (i > 0 ? 4 * row[i].distance(row[i - 1]) : 0);
        }
      }
    } catch (EOFException _) {
      // all were seen
    }
    return sides;
  }

  /// A patch that shares an edge counts as large as all since the last that does not.
  private double patches(int points, int components, double most) throws IOException {
    double sides = 0;
    Rectangle2D all = new Rectangle2D.Double();
    try {
      while (sides <= most) {
        boolean free = (in.read(flagBits) & 3) == 0;
        for (int i = free ? 0 : 4; i < points; i++) {
          Point2D point = point();
          if (free && i == 0) {
            all.setRect(point.getX(), point.getY(), 0, 0);
          }
          all.add(point);
        }
        skip((free ? 4L : 2L) * components * (colourBits / Math.max(1, components)));
        sides += 4 * Math.hypot(all.getWidth(), all.getHeight());
      }
    } catch (EOFException _) {
      // all were seen
    }
    return sides;
  }
}
