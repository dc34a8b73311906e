package org.internvl4j.media.pdf;

import java.awt.Paint;
import java.awt.PaintContext;
import java.awt.Rectangle;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.geom.Rectangle2D;
import java.awt.image.ColorModel;
import java.awt.image.Raster;
import org.internvl4j.media.Watch;

/// A paint that asks a [Watch] before each small part that it colours.
///
/// @param paint colours
/// @param watch is asked
record WatchedPaint(Paint paint, Watch watch) implements Paint {
  @Override
  public PaintContext createContext(
      ColorModel model,
      Rectangle device,
      Rectangle2D user,
      AffineTransform transform,
      RenderingHints hints) {
    watch.look();
    return new Context(paint.createContext(model, device, user, transform, hints), watch);
  }

  @Override
  public int getTransparency() {
    return paint.getTransparency();
  }

  private record Context(PaintContext context, Watch watch) implements PaintContext {
    @Override
    public void dispose() {
      context.dispose();
    }

    @Override
    public ColorModel getColorModel() {
      return context.getColorModel();
    }

    @Override
    public Raster getRaster(int x, int y, int width, int height) {
      watch.look();
      return context.getRaster(x, y, width, height);
    }
  }
}
