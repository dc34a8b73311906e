package org.internvl4j.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.RawTensors;

/// Writes adapters from the definition, and says in doubles what they add.
final class LoraFiles {
  private static final Device DEVICE = Devices.open("reference", 1);

  private final RawTensors tensors = new RawTensors();
  private final Random random;
  private final int rank;

  LoraFiles(int rank, long seed) {
    this.rank = rank;
    this.random = new Random(seed);
  }

  RawTensors tensors() {
    return tensors;
  }

  private float[] gaussian(int n, double spread) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (spread * random.nextGaussian());
    }
    return values;
  }

  /// Adds the factors of a change whose numbers are about a quarter of those of a matrix.
  ///
  /// @param a name of A
  /// @param b name of B
  /// @return `scale · B·A`
  double[][] change(String a, String b, double[][] matrix, double scale) {
    return change(a, b, matrix, scale, rank);
  }

  double[][] change(String a, String b, double[][] matrix, double scale, int r) {
    int out = matrix.length;
    int in = matrix[0].length;
    double size = 0;
    for (double[] row : matrix) {
      for (double v : row) {
        size += v * v / out / in;
      }
    }
    float[] first = gaussian(r * in, 1);
    float[] second = gaussian(out * r, 0.25 * Math.sqrt(size / r) / scale);
    tensors.floats(a, first, r, in);
    tensors.floats(b, second, out, r);
    double[][] change = new double[out][in];
    for (int n = 0; n < out; n++) {
      for (int k = 0; k < in; k++) {
        for (int j = 0; j < r; j++) {
          change[n][k] += scale * second[n * r + j] * first[j * in + k];
        }
      }
    }
    return change;
  }

  /// Adds the factors of a module of a PEFT adapter.
  double[][] module(String module, double[][] matrix, double scale) {
    String name = "base_model.model." + module;
    return change(name + ".lora_A.weight", name + ".lora_B.weight", matrix, scale);
  }

  /// Adds the factors of all matrices of a model, by its own names.
  ///
  /// @return what is added to each
  Map<String, double[][]> everything(String fixture, Pattern which, double scale) {
    Map<String, double[][]> changes = new HashMap<>();
    matrices(fixture, which).forEach((n, w) -> changes.put(n, module(moduleOf(n), w, scale)));
    return changes;
  }

  static String moduleOf(String weight) {
    return weight.substring(0, weight.length() - ".weight".length());
  }

  /// Writes a PEFT adapter.
  ///
  /// @param more further fields of its configuration, each with a comma before it
  Path write(Path folder, double alpha, String more) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve("adapter_config.json"),
        """
        {"peft_type": "LORA", "r": %d, "lora_alpha": %s, "bias": "none", "lora_dropout": 0.05,
         "target_modules": ["wqkv"], "modules_to_save": null, "base_model_name_or_path": "x"%s}\
        """
            .formatted(rank, alpha, more));
    Files.write(folder.resolve("adapter_model.safetensors"), tensors.toBytes());
    return folder;
  }

  // ---- models

  static Map<String, double[][]> matrices(String fixture, Pattern which) {
    Map<String, double[][]> matrices = new HashMap<>();
    try (Checkpoint from = Checkpoint.open(Fixtures.folder(fixture))) {
      for (String name : from.names()) {
        if (which.matcher(name).matches()) {
          matrices.put(name, QuantisedModel.matrix(from.tensor(name, DEVICE)));
        }
      }
    }
    return matrices;
  }

  /// Writes a fixture with other names and other matrices, which are floats.
  static Path model(
      String fixture,
      Path folder,
      Pattern which,
      UnaryOperator<String> names,
      BiFunction<String, double[][], double[][]> change,
      RawTensors more)
      throws IOException {
    try (Checkpoint from = Checkpoint.open(Fixtures.folder(fixture))) {
      for (String name : from.names()) {
        if (which.matcher(name).matches()) {
          double[][] w = change.apply(name, QuantisedModel.matrix(from.tensor(name, DEVICE)));
          more.floats(names.apply(name), QuantisedModel.flat(w), w.length, w[0].length);
        } else {
          more.copy(from, name, names.apply(name));
        }
      }
    }
    QuantisedModel.write(fixture, more, null, folder);
    return folder;
  }

  /// Writes the numbers of a model and changes, as floats.
  static Path sum(Path model, Map<String, double[][]> changes, String fixture, Path to)
      throws IOException {
    RawTensors tensors = new RawTensors();
    try (Checkpoint from = Checkpoint.open(model)) {
      for (String name : from.names()) {
        if (changes.containsKey(name)) {
          double[][] w = QuantisedModel.matrix(from.tensor(name, DEVICE));
          float[] sum = QuantisedModel.flat(plus(w, changes.get(name)));
          tensors.floats(name, sum, w.length, w[0].length);
        } else {
          tensors.copy(from, name);
        }
      }
    }
    QuantisedModel.write(fixture, tensors, null, to);
    return to;
  }

  static double[][] plus(double[][] a, double[][] b) {
    double[][] sum = new double[a.length][a[0].length];
    for (int n = 0; n < a.length; n++) {
      for (int k = 0; k < a[n].length; k++) {
        sum[n][k] = a[n][k] + b[n][k];
      }
    }
    return sum;
  }

  static double[][] times(double factor, double[][] a) {
    double[][] product = new double[a.length][a[0].length];
    for (int n = 0; n < a.length; n++) {
      for (int k = 0; k < a[n].length; k++) {
        product[n][k] = factor * a[n][k];
      }
    }
    return product;
  }
}
