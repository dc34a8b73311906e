package org.internvl4j.models;

import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Shape;

/// The numbers of a golden file, and what was compared with them so far.
final class GoldenFile {
  /// The largest NMSE and the largest error, of the tensor's RMS, that pass.
  private record Limits(double nmse, double error) {
    /// f32 rounding through tens of layers stays two orders below both.
    static final Limits F32 = new Limits(1e-9, 1e-4);

    /// The reference itself, computing in bf16: 4.4e-5 for what it sees, 4.8e-4 for what it says.
    static Limits ofBf16(String name) {
      return new Limits(name.startsWith("vision.") ? 1e-4 : 1e-3, Double.POSITIVE_INFINITY);
    }
  }

  private final SafeTensors golden;
  private final Device device;
  private final Consumer<Verifier.Check> out;
  private final boolean inBf16;
  private final Set<String> compared = new HashSet<>();

  GoldenFile(SafeTensors golden, Device device, Consumer<Verifier.Check> out) {
    this.golden = golden;
    this.device = device;
    this.out = out;
    this.inBf16 = device.multiplied() == DType.BF16;
  }

  /// Whether near ties may be decided either way.
  boolean inBf16() {
    return inBf16;
  }

  String name() {
    return golden.name();
  }

  boolean has(String name) {
    return golden.names().contains(name);
  }

  float[] values(String name) {
    return golden.tensor(name, device).toFloats();
  }

  int[] ids(String name) {
    float[] values = values(name);
    int[] ids = new int[values.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) values[i];
    }
    return ids;
  }

  /// The tiles that the file is about, one array each.
  ///
  /// @param side of a tile in pixels
  float[][] pixels(int side) {
    String name = "pixel_values";
    Shape shape = golden.tensor(name, device).shape();
    int[] dims = shape.toArray();
    if (dims.length != 4 || dims[2] != side || dims[3] != side) {
      throw new CheckpointException(
          name(), name + " is " + shape + ", expected [tiles, 3, " + side + ", " + side + "]");
    }
    used(name);
    float[] all = values(name);
    int tile = all.length / dims[0];
    float[][] pixels = new float[dims[0]][];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = Arrays.copyOfRange(all, i * tile, (i + 1) * tile);
    }
    return pixels;
  }

  /// Tells a comparison of a tensor that was made elsewhere.
  void tell(Verifier.Check check) {
    compared.add(check.name());
    out.accept(check);
  }

  /// Says that a tensor went into what is compared.
  void used(String name) {
    compared.add(name);
  }

  /// Names what nothing was compared with.
  void tellTheRest() {
    for (String name : golden.names()) {
      if (!compared.contains(name)) {
        out.accept(new Verifier.Check(name, true, "not compared: not a result of this model"));
      }
    }
  }

  void compareIds(String name, int[] expected, int[] found) {
    compared.add(name);
    boolean equal = Arrays.equals(expected, found);
    out.accept(
        new Verifier.Check(
            name,
            equal,
            equal
                ? expected.length + " ids equal"
                : "expected " + Arrays.toString(expected) + ", found " + Arrays.toString(found)));
  }

  void compare(String name, float[] found) {
    if (!golden.names().contains(name)) {
      return;
    }
    compared.add(name);
    float[] expected = values(name);
    if (expected.length != found.length) {
      out.accept(
          new Verifier.Check(
              name, false, "expected " + expected.length + " values, found " + found.length));
      return;
    }
    double square = 0;
    double error = 0;
    double largest = 0;
    double product = 0;
    double foundSquare = 0;
    for (int i = 0; i < expected.length; i++) {
      double difference = Math.abs((double) expected[i] - found[i]);
      largest = Double.isNaN(difference) ? Double.NaN : Math.max(largest, difference);
      error += difference * difference;
      square += (double) expected[i] * expected[i];
      foundSquare += (double) found[i] * found[i];
      product += (double) expected[i] * found[i];
    }
    double rms = Math.sqrt(square / expected.length);
    double nmse = error / square;
    double cosine = product / Math.sqrt(square * foundSquare);
    Limits limits = inBf16 ? Limits.ofBf16(name) : Limits.F32;
    SequencedMap<String, Double> figures = new LinkedHashMap<>();
    figures.put("max_error", largest);
    figures.put("max_error_of_rms", largest / rms);
    figures.put("nmse", nmse);
    figures.put("cosine", cosine);
    out.accept(
        new Verifier.Check(
            name,
            nmse <= limits.nmse && largest <= limits.error * rms,
            String.format(
                Locale.ROOT,
                "max error %.2e (%.2e of RMS), NMSE %.2e, cosine %.9f",
                figures.values().toArray()),
            figures));
  }
}
