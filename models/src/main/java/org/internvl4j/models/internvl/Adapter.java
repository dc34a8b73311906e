package org.internvl4j.models.internvl;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.Digests;
import org.internvl4j.loader.LowRank.Factor;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.UnsupportedModelException;

/// A folder with a LoRA adapter (Hu et al. 2021) as PEFT writes it: `adapter_config.json` and
/// `adapter_model.safetensors`.
///
/// Its tensors are mapped and read when they are asked for, until [#close].
public final class Adapter implements AutoCloseable {
  private static final String CONFIG = "adapter_config.json";
  private static final String TENSORS = "adapter_model.safetensors";
  private static final String PICKLE = "adapter_model.bin";
  private static final int MOST_CONFIG = 1 << 20;
  private static final String PREFIX = "base_model.model.";

  /// What it adds to a module.
  record Change(String module, Factor a, Factor b, double scale) {}

  private final String name;
  private final String path; // of the tensors, for messages
  private final SafeTensors file;
  private final List<Change> changes = new ArrayList<>();
  private final Map<String, Factor> replaced = new LinkedHashMap<>();

  private Adapter(String name, SafeTensors file, AdapterConfig config) {
    this.name = name;
    this.path = name + "/" + TENSORS;
    this.file = file;
    for (String tensor : file.names()) {
      read(tensor, config);
    }
    if (changes.isEmpty() && replaced.isEmpty()) {
      throw new CheckpointException(path, "has no tensors");
    }
  }

  /// Maps an adapter and checks what it says; which model it is for is not looked at.
  ///
  /// @throws CheckpointException if a file is missing or wrong, naming it
  /// @throws UnsupportedModelException if it is another kind of adapter
  public static Adapter open(Path folder) {
    String name = String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    if (!Files.isDirectory(folder)) {
      throw new CheckpointException(
          folder.toString(), Files.exists(folder) ? "is not a folder" : "no such folder");
    }
    AdapterConfig config = AdapterConfig.of(config(folder, name + "/" + CONFIG));
    SafeTensors file = tensors(folder, name);
    try {
      return new Adapter(name, file, config);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /// SHA-256 of its two files, which are all that it changes a model by. 64 lower-case hexadecimal
  /// digits.
  ///
  /// @throws CheckpointException if one is missing or wrong, naming it
  /// @throws UnsupportedModelException if it is another kind of adapter
  public static String sha256(Path folder) {
    MessageDigest all = Digests.sha256();
    try (Adapter adapter = open(folder)) {
      for (String file : List.of(CONFIG, TENSORS)) {
        add(all, folder.resolve(file), adapter.name + "/" + file);
      }
    }
    return HexFormat.of().formatHex(all.digest());
  }

  private static void add(MessageDigest all, Path file, String name) {
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), all)) {
      long bytes = in.transferTo(OutputStream.nullOutputStream());
      all.update(("\n" + bytes + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new CheckpointException(name, "cannot be read: " + e.getMessage(), e);
    }
  }

  private static SafeTensors tensors(Path folder, String name) {
    if (!Files.exists(folder.resolve(TENSORS)) && Files.exists(folder.resolve(PICKLE))) {
      throw new CheckpointException(
          name,
          "has its tensors only as a PyTorch pickle, "
              + PICKLE
              + "; save the adapter again with safe_serialization=True");
    }
    try {
      return SafeTensors.open(folder.resolve(TENSORS));
    } catch (CheckpointException e) {
      throw new CheckpointException(name + "/" + e.file(), e.what(), e); // there may be several
    }
  }

  private static Json config(Path folder, String name) {
    Path file = folder.resolve(CONFIG);
    try {
      if (!Files.isRegularFile(file)) {
        throw new CheckpointException(name, "not found");
      }
      if (Files.size(file) > MOST_CONFIG) {
        throw new CheckpointException(
            name, "has " + Files.size(file) + " bytes, more than the " + MOST_CONFIG + " allowed");
      }
      return Json.parse(Files.readAllBytes(file), name);
    } catch (IOException e) {
      throw new CheckpointException(name, "cannot be read: " + e.getMessage(), e);
    }
  }

  private void read(String tensor, AdapterConfig config) {
    String place = tensor.startsWith(PREFIX) ? tensor.substring(PREFIX.length()) : tensor;
    requirePlain(path, tensor);
    LoraName lora = LoraName.of(place);
    if (lora == null) {
      replaced.put(place.replace(".modules_to_save.", "."), factor(tensor));
    } else if (lora.isA()) {
      String other = tensor.replace(".lora_A.", ".lora_B.");
      if (!file.names().contains(other)) {
        throw new CheckpointException(path, tensor + " has no " + other + " beside it");
      }
      requireRank(tensor, config.rank(lora.module()));
      changes.add(
          new Change(lora.module(), factor(tensor), factor(other), config.scale(lora.module())));
    } else if (!file.names().contains(tensor.replace(".lora_B.", ".lora_A."))) {
      throw new CheckpointException(path, tensor + " has no lora_A beside it");
    }
  }

  private void requireRank(String tensor, int rank) {
    SafeTensors.TensorInfo info = file.info(tensor);
    if (info.shape().isEmpty() || info.shape().getFirst() != rank) {
      throw new CheckpointException(
          path, tensor + " is " + info + ", expected " + rank + " rows, the rank in " + CONFIG);
    }
  }

  /// Refuses parts of adapters that are more than a low-rank change of a matrix.
  static void requirePlain(String file, String tensor) {
    String kind =
        tensor.contains(".lora_magnitude_vector")
            ? "DoRA"
            : tensor.contains(".lora_embedding_")
                ? "a change of embeddings"
                : tensor.contains(".lora_") && tensor.endsWith(".bias") ? "a bias" : "";
    if (!kind.isEmpty()) {
      throw new UnsupportedModelException(
          file
              + ": "
              + tensor
              + " belongs to "
              + kind
              + ", which is not supported; supported is"
              + " plain LoRA of matrices");
    }
  }

  private Factor factor(String tensor) {
    return new Factor(path, file.info(tensor), () -> file.bytes(tensor));
  }

  /// What it adds, by module.
  List<Change> changes() {
    return changes;
  }

  /// What stands in place of weights, by the names of its writer.
  Map<String, Factor> replaced() {
    return replaced;
  }

  /// The folder's name.
  public String name() {
    return name;
  }

  /// `scenes, rank 8, 14 matrices`.
  @Override
  public String toString() {
    List<Long> ranks =
        changes.stream().map(c -> c.a().info().shape().getFirst()).distinct().sorted().toList();
    String rank =
        switch (ranks.size()) {
          case 0 -> "";
          case 1 -> ", rank " + ranks.getFirst();
          default -> ", ranks " + ranks.getFirst() + " to " + ranks.getLast();
        };
    return name
        + rank
        + ", "
        + changes.size()
        + (changes.size() == 1 ? " matrix" : " matrices")
        + (replaced.isEmpty() ? "" : ", " + replaced.size() + " tensors replaced");
  }

  @Override
  public void close() {
    file.close();
  }
}
