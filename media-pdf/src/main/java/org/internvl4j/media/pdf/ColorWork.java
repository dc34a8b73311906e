package org.internvl4j.media.pdf;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.pdfbox.cos.COSArray;
import org.apache.pdfbox.cos.COSBase;
import org.apache.pdfbox.cos.COSDictionary;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.cos.COSStream;
import org.jspecify.annotations.Nullable;

/// How long the colours of a picture take: each of a DeviceN or Separation space is computed by a
/// function of the file, and within a picture nothing looks at the clock. Reads only what the file
/// says; what is told is an upper bound, in steps of a function.
final class ColorWork {
  /// Of one picture: a step takes 13 to 24 ns on a busy machine.
  static final double MOST = 5e8;

  private static final int COLOR = 50; // steps that a colour takes besides its function
  private static final int CORNER = 8; // steps of a corner between samples besides its outputs
  private static final int STEP = 2; // steps of one of a program
  private static final int MOST_PARTS = 10_000;
  private static final int DEEPEST = 8;
  private static final int INPUTS = 32; // of a DeviceN space at most
  private static final Pattern TOKEN = Pattern.compile("%[^\\r\\n]*|[{}]|[^\\s{}%]+");

  private final @Nullable COSDictionary named;
  private int parts;

  private ColorWork(@Nullable COSDictionary named) {
    this.named = named;
  }

  /// @param resources of what the picture lies in
  static double of(COSDictionary picture, @Nullable COSDictionary resources) throws IOException {
    COSDictionary named = resources == null ? null : resources.getCOSDictionary(COSName.COLORSPACE);
    double pixels =
        (double) picture.getInt(COSName.W, COSName.WIDTH, 0)
            * picture.getInt(COSName.H, COSName.HEIGHT, 0);
    ColorWork work = new ColorWork(named);
    return work.space(picture.getDictionaryObject(COSName.COLORSPACE), pixels, 0)
        + work.space(picture.getDictionaryObject(COSName.CS), pixels, 0);
  }

  private boolean isTooDeep(int depth) {
    return ++parts > MOST_PARTS || depth > DEEPEST;
  }

  private double space(@Nullable COSBase space, double pixels, int depth) throws IOException {
    if (isTooDeep(depth)) {
      return Double.POSITIVE_INFINITY;
    }
    return switch (space) {
      case COSName name -> named(name, pixels, depth);
      case COSArray array when array.size() == 1 -> space(array.getObject(0), pixels, depth + 1);
      case COSArray array when array.size() > 1 -> array(array, pixels, depth);
      case null, default -> 0;
    };
  }

  private double named(COSName name, double pixels, int depth) throws IOException {
    String key =
        switch (name.getName()) {
          case "DeviceGray", "G" -> "DefaultGray";
          case "DeviceRGB", "RGB" -> "DefaultRGB";
          case "DeviceCMYK", "CMYK" -> "DefaultCMYK";
          default -> name.getName();
        };
    COSBase found = named == null ? null : named.getDictionaryObject(COSName.getPDFName(key));
    return found == null || found.equals(name) || isDevice(found)
        ? 0
        : space(found, pixels, depth + 1);
  }

  private static boolean isDevice(COSBase space) {
    return space instanceof COSName name && name.getName().startsWith("Device");
  }

  private double array(COSArray space, double pixels, int depth) throws IOException {
    String kind = space.getObject(0) instanceof COSName name ? name.getName() : "";
    int below = depth + 1;
    return switch (kind) {
      case "Indexed", "I" -> space(space.getObject(1), 256, below);
      case "ICCBased" ->
          space.getObject(1) instanceof COSStream profile
              ? space(profile.getDictionaryObject(COSName.ALTERNATE), pixels, below)
              : 0;
      case "Separation", "DeviceN" -> {
        int inputs =
            space.getObject(1) instanceof COSArray names && kind.equals("DeviceN")
                ? names.size()
                : 1;
        double colors = Math.min(pixels, Math.pow(256, inputs)); // each is computed once
        COSBase other = space.size() > 2 ? space.getObject(2) : null;
        double one = COLOR + function(space.size() > 3 ? space.getObject(3) : null, below);
        double sum = colors * one + space(other, pixels, below);
        yield space.size() > 4 && space.getObject(4) instanceof COSDictionary attributes
            ? sum + inks(attributes, pixels, below)
            : sum;
      }
      default -> 0;
    };
  }

  /// Those of a DeviceN space that have spaces of their own.
  private double inks(COSDictionary attributes, double pixels, int depth) throws IOException {
    double sum = 0;
    COSDictionary process = attributes.getCOSDictionary(COSName.PROCESS);
    if (process != null) {
      sum += INPUTS * space(process.getDictionaryObject(COSName.COLORSPACE), pixels, depth);
    }
    COSDictionary inks = attributes.getCOSDictionary(COSName.COLORANTS);
    if (inks != null) {
      for (COSName ink : inks.keySet()) {
        sum += space(inks.getDictionaryObject(ink), pixels, depth);
      }
    }
    return sum;
  }

  private double function(@Nullable COSBase function, int depth) throws IOException {
    if (!(function instanceof COSDictionary dictionary)) {
      return 0;
    }
    if (isTooDeep(depth)) {
      return Double.POSITIVE_INFINITY;
    }
    return switch (dictionary.getInt(COSName.FUNCTION_TYPE)) {
      case 0 -> samples(dictionary);
      case 2 -> size(dictionary.getCOSArray(COSName.C0));
      case 3 -> {
        double most = 0;
        COSArray several = dictionary.getCOSArray(COSName.FUNCTIONS);
        for (int i = 0; i < size(several); i++) {
          most = Math.max(most, function(several.getObject(i), depth + 1));
        }
        yield most + size(several);
      }
      case 4 -> dictionary instanceof COSStream stream ? STEP * program(stream) : 0;
      default -> 0;
    };
  }

  private static int size(@Nullable COSArray array) {
    return array == null ? 0 : array.size();
  }

  /// A value between samples is computed of two along each side, for each output.
  private static double samples(COSDictionary function) {
    COSArray sizes = function.getCOSArray(COSName.SIZE);
    double corners = 1;
    for (int i = 0; i < size(sizes); i++) {
      corners *= sizes.getInt(i, 1) > 1 ? 2 : 1;
    }
    return corners * (CORNER + size(function.getCOSArray(COSName.RANGE)) / 2);
  }

  /// Steps of a PostScript function, which has no loops; a step takes as long as the stack is high
  /// where it copies or rolls an unknown part of it.
  static double program(COSStream function) throws IOException {
    String text;
    try (InputStream program = function.createInputStream()) {
      text = new String(program.readNBytes(Packed.MOST_PROGRAM + 1), StandardCharsets.ISO_8859_1);
    }
    double steps = 0;
    double height = INPUTS;
    double last = Double.POSITIVE_INFINITY;
    double before = Double.POSITIVE_INFINITY;
    for (Matcher tokens = TOKEN.matcher(text); tokens.find(); ) {
      String token = tokens.group();
      if (token.startsWith("%")) {
        continue;
      }
      double number = number(token);
      double moved =
          switch (token) {
            case "copy" -> Math.min(height, last);
            case "roll" -> Math.min(height, Math.max(before, last));
            default -> 1;
          };
      steps += Math.max(1, moved);
      height += token.equals("copy") ? moved : 1;
      before = last;
      last = number;
    }
    return steps;
  }

  /// How large a number is; endless if it is none.
  private static double number(String token) {
    try {
      return Math.abs(Double.parseDouble(token));
    } catch (NumberFormatException e) {
      return Double.POSITIVE_INFINITY; // of an operator
    }
  }
}
