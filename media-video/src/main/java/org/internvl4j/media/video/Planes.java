package org.internvl4j.media.video;

import org.internvl4j.models.image.Picture;

/// A decoded frame: luma, and chroma with one value for each 2 x 2 pixels.
///
/// @param width pixels
/// @param height pixels
/// @param luma `[height, width]`
/// @param blue `[ceil(height / 2), ceil(width / 2)]`, Cb
/// @param red the same, Cr
record Planes(int width, int height, byte[] luma, byte[] blue, byte[] red) {
  private static final int BITS = 20; // of fractions; every sum stays below 2^31

  /// The picture: each chroma value belongs to its four pixels, every sample is the standard's
  /// formula (ITU-T H.273, 8.3), rounded to the nearest.
  Picture picture(Colours colours) {
    double chroma = colours.full() ? 255 / 255.0 : 255 / 224.0;
    double kr = colours.red();
    double kb = colours.blue();
    double kg = 1 - kr - kb;
    int scale = fixed(colours.full() ? 1 : 255 / 219.0);
    int black = colours.full() ? 0 : 16;
    int redOfRed = fixed(2 * (1 - kr) * chroma);
    int blueOfBlue = fixed(2 * (1 - kb) * chroma);
    int greenOfBlue = fixed(2 * (1 - kb) * kb / kg * chroma);
    int greenOfRed = fixed(2 * (1 - kr) * kr / kg * chroma);
    byte[] rgb = new byte[3 * width * height];
    int half = (width + 1) / 2;
    int out = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int at = y / 2 * half + x / 2;
        int l = ((luma[y * width + x] & 255) - black) * scale + (1 << (BITS - 1));
        int b = (blue[at] & 255) - 128;
        int r = (red[at] & 255) - 128;
        rgb[out++] = clamped(l + r * redOfRed);
        rgb[out++] = clamped(l - b * greenOfBlue - r * greenOfRed);
        rgb[out++] = clamped(l + b * blueOfBlue);
      }
    }
    return Picture.ofRgb(width, height, rgb);
  }

  private static int fixed(double value) {
    return (int) Math.rint(value * (1 << BITS));
  }

  private static byte clamped(int sum) {
    return (byte) Math.clamp(sum >> BITS, 0, 255);
  }
}
