package org.internvl4j.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Shape;

/// Writes features as the ending of a file's name says: a tensor each, one array of all, or a line
/// of JSON each. Nobody ever sees half of a file.
enum FeatureFile {
  SAFETENSORS {
    @Override
    void write(Path out, List<String> names, FeatureLog log, Map<String, String> about)
        throws IOException {
      SafeTensorsWriter writer = new SafeTensorsWriter();
      about.forEach(writer::metadata);
      for (String name : names) {
        FeatureLog.Entry entry = entry(log, name);
        writer.add(name, DType.F32, Shape.of(entry.shape()), () -> log.values(entry));
      }
      writer.write(out);
    }
  },
  NPY {
    @Override
    void write(Path out, List<String> names, FeatureLog log, Map<String, String> about)
        throws IOException {
      int[] each = entry(log, names.getFirst()).shape();
      for (String name : names) {
        if (!Arrays.equals(entry(log, name).shape(), each)) {
          throw new IllegalArgumentException(
              "%s: %s has the shape %s and %s %s, but one array holds one shape; name a .safetensors file"
                  .formatted(
                      out,
                      names.getFirst(),
                      Arrays.toString(each),
                      name,
                      Arrays.toString(entry(log, name).shape())));
        }
      }
      replace(
          out,
          to -> {
            to.write(header(names.size(), each));
            for (String name : names) {
              to.write(log.values(entry(log, name)).toArray(ValueLayout.JAVA_BYTE));
            }
          });
      replace(
          out.resolveSibling(out.getFileName() + ".names.txt"),
          to -> to.write((String.join("\n", names) + "\n").getBytes(StandardCharsets.UTF_8)));
    }
  },
  JSONL {
    @Override
    void write(Path out, List<String> names, FeatureLog log, Map<String, String> about)
        throws IOException {
      replace(
          out,
          to -> {
            PrintStream lines = new PrintStream(to, false, StandardCharsets.UTF_8);
            for (String name : names) {
              FeatureLog.Entry entry = entry(log, name);
              float[] values =
                  log.values(entry)
                      .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
              lines.println(line(about.getOrDefault("of", "name"), name, entry.shape(), values));
            }
            lines.flush();
          });
    }
  };

  /// @param names in the order of the file
  /// @param about what they are features of
  abstract void write(Path out, List<String> names, FeatureLog log, Map<String, String> about)
      throws IOException;

  /// What a name ends in.
  ///
  /// @throws UsageException if it is none of these
  static FeatureFile of(Path out) {
    String name = String.valueOf(out.getFileName()).toLowerCase(Locale.ROOT);
    for (FeatureFile kind : values()) {
      if (name.endsWith("." + kind.name().toLowerCase(Locale.ROOT))) {
        return kind;
      }
    }
    throw new UsageException(out + ": expected a name that ends in .safetensors, .npy or .jsonl");
  }

  /// A feature as one line of JSON.
  ///
  /// @param of what it is a feature of: `picture`, `text`
  static String line(String of, String name, int[] shape, float[] values) {
    JsonWriter json = new JsonWriter().object().field(of, name).array("shape");
    for (int dim : shape) {
      json.value(dim);
    }
    json.end().array("values");
    for (float value : values) {
      json.value(value);
    }
    return json.end().end().toString();
  }

  private static FeatureLog.Entry entry(FeatureLog log, String name) {
    FeatureLog.Entry entry = log.entries().get(name);
    if (entry == null) {
      throw new IllegalStateException("features: none of " + name);
    }
    return entry;
  }

  /// Version 1.0 of NumPy's format: everything up to the numbers.
  private static byte[] header(int count, int[] each) {
    List<String> dims = new ArrayList<>(List.of(String.valueOf(count)));
    Arrays.stream(each).forEach(dim -> dims.add(String.valueOf(dim)));
    String text =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + String.join(", ", dims) + "), }";
    int padded = (10 + text.length() + 1 + 63) / 64 * 64 - 10;
    String line = text + " ".repeat(padded - text.length() - 1) + "\n";
    byte[] header = new byte[10 + padded];
    byte[] magic = {
      (byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) padded, (byte) (padded >> 8)
    };
    System.arraycopy(magic, 0, header, 0, magic.length);
    System.arraycopy(line.getBytes(StandardCharsets.US_ASCII), 0, header, 10, padded);
    return header;
  }

  @FunctionalInterface
  private interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private static void replace(Path out, Content content) throws IOException {
    Path part = out.resolveSibling(out.getFileName() + ".incomplete");
    try {
      try (OutputStream to = new BufferedOutputStream(Files.newOutputStream(part))) {
        content.writeTo(to);
      }
      Files.move(part, out, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }
}
