package org.internvl4j.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.QuantisedWriter;
import org.internvl4j.testkit.RawTensors;
import org.jspecify.annotations.Nullable;

/// A fixture whose matrices are quantised, and one that holds the same numbers plainly.
final class QuantisedModel {
  /// The matrices of a decoder's blocks, in either layout.
  static final Pattern BLOCKS =
      Pattern.compile(".*language_model.*\\.layers\\..*(?:_proj|\\.wqkv|\\.wo|\\.w[123])\\.weight");

  /// These, and those of the tower and the projector.
  static final Pattern ALL =
      Pattern.compile(BLOCKS + "|.*\\.(?:qkv|proj|fc1|fc2)\\.weight|mlp1\\.[13]\\.weight");

  private static final Device DEVICE = Devices.open("reference", 1);

  private QuantisedModel() {}

  /// @param which names of the matrices to quantise
  /// @param folder gets `quantised`, `plain-f32` and `plain-bf16`, the same numbers as floats and
  ///   rounded once
  static void write(String fixture, QuantisedWriter format, Pattern which, Path folder)
      throws IOException {
    RawTensors quantised = new RawTensors();
    RawTensors wide = new RawTensors();
    RawTensors narrow = new RawTensors();
    try (Checkpoint from = Checkpoint.open(Fixtures.folder(fixture))) {
      for (String name : from.names()) {
        if (which.matcher(name).matches()) {
          String path = name.substring(0, name.length() - ".weight".length());
          double[][] meant = format.write(quantised, path, matrix(from.tensor(name, DEVICE)));
          float[] values = flat(meant);
          wide.floats(name, values, meant.length, meant[0].length);
          narrow.bfloats(name, values, meant.length, meant[0].length);
        } else {
          quantised.copy(from, name);
          wide.copy(from, name);
          narrow.copy(from, name);
        }
      }
    }
    write(fixture, quantised, format.config(), folder.resolve("quantised"));
    write(fixture, wide, null, folder.resolve("plain-f32"));
    write(fixture, narrow, null, folder.resolve("plain-bf16"));
  }

  static void write(String fixture, RawTensors tensors, @Nullable String quantisation, Path to)
      throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(Fixtures.folder(fixture))) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (!name.endsWith(".safetensors") && !name.equals("cases.json")) {
          Files.copy(file, to.resolve(name));
        }
      }
    }
    if (quantisation != null) {
      Path config = to.resolve("config.json");
      String text = Files.readString(config);
      String place =
          text.contains("\"llm_config\": {") ? "\"llm_config\": {" : "\"text_config\": {";
      Files.writeString(
          config, text.replace(place, place + "\"quantization_config\": " + quantisation + ","));
    }
    Files.write(to.resolve("model.safetensors"), tensors.toBytes());
  }

  static double[][] matrix(Tensor t) {
    float[] values = t.toFloats();
    double[][] w = new double[t.dim(0)][t.dim(1)];
    for (int i = 0; i < values.length; i++) {
      w[i / t.dim(1)][i % t.dim(1)] = values[i];
    }
    return w;
  }

  static float[] flat(double[][] w) {
    float[] values = new float[w.length * w[0].length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) w[i / w[0].length][i % w[0].length];
    }
    return values;
  }
}
