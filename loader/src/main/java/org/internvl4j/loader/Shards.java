package org.internvl4j.loader;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.internvl4j.loader.json.Json;

/// The files of weights of a checkpoint, opened and checked against their index.
///
/// @param byTensor the file that holds each tensor
/// @param files all files
record Shards(Map<String, TensorFile> byTensor, List<TensorFile> files) implements AutoCloseable {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  /// @throws CheckpointException if there are no weights, only pickles, or files and index disagree
  static Shards open(Source source, String owner) {
    Set<String> names = source.names();
    Map<String, String> index = Map.of();
    Set<String> wanted;
    if (names.contains(SINGLE)) {
      wanted = Set.of(SINGLE);
    } else if (names.contains(INDEX)) {
      index = index(source);
      wanted = new LinkedHashSet<>(index.values());
      requireAll(wanted, names);
    } else {
      throw noWeights(source.name(), names);
    }
    Shards shards = new Shards(new LinkedHashMap<>(), new ArrayList<>());
    try {
      for (String file : wanted) {
        shards.add(source.open(file, owner), index);
      }
      shards.requireIndexed(index);
    } catch (RuntimeException e) {
      shards.close();
      throw e;
    }
    return new Shards(Collections.unmodifiableMap(shards.byTensor), List.copyOf(shards.files));
  }

  /// Where the bytes of a file are.
  static MappedFile mapped(TensorFile file) {
    return switch (file) {
      case SafeTensors safe -> safe.mapped();
    };
  }

  /// The state of a file when it was opened.
  static SourceFile source(TensorFile file) {
    return switch (file) {
      case SafeTensors safe -> safe.source();
    };
  }

  private void add(TensorFile file, Map<String, String> index) {
    files.add(file);
    for (String tensor : file.names()) {
      TensorFile other = byTensor.putIfAbsent(tensor, file);
      if (other != null) {
        throw new CheckpointException(file.name(), tensor + " is also in " + other.name());
      }
      String expected = index.getOrDefault(tensor, file.name());
      if (!expected.equals(file.name())) {
        throw new CheckpointException(
            INDEX, tensor + " is said to be in " + expected + " but is in " + file.name());
      }
    }
  }

  private void requireIndexed(Map<String, String> index) {
    index.forEach((tensor, file) -> {
      if (!byTensor.containsKey(tensor)) {
        throw new CheckpointException(INDEX, tensor + " is said to be in " + file + " but is not");
      }
    });
  }

  private static Map<String, String> index(Source source) {
    byte[] bytes = source.read(INDEX);
    Map<String, String> index = new LinkedHashMap<>();
    Json map = Json.parse(bytes == null ? new byte[0] : bytes, INDEX).at("weight_map");
    map.fields()
        .forEach((tensor, file) -> {
          if (!Source.isPlain(file.asText()) || !file.asText().endsWith(".safetensors")) {
            throw file.wrong("the name of a .safetensors file in the same folder");
          }
          index.put(tensor, file.asText());
        });
    if (index.isEmpty()) {
      throw map.wrong("at least one tensor");
    }
    return index;
  }

  private static void requireAll(Set<String> wanted, Set<String> names) {
    List<String> missing = wanted.stream().filter(f -> !names.contains(f)).sorted().toList();
    if (!missing.isEmpty()) {
      throw new CheckpointException(
          INDEX,
          missing.size()
              + " of "
              + wanted.size()
              + " shards are not in the folder ("
              + some(missing)
              + "); the download looks incomplete");
    }
  }

  private static CheckpointException noWeights(String model, Set<String> names) {
    List<String> pickles =
        names.stream()
            .filter(f -> f.endsWith(".bin") || f.endsWith(".pth") || f.endsWith(".pt"))
            .toList();
    List<String> others = names.stream().filter(f -> f.endsWith(".safetensors")).toList();
    String what;
    if (!others.isEmpty()) {
      what = "has " + some(others) + " but neither " + SINGLE + " nor " + INDEX;
    } else if (!pickles.isEmpty()) {
      what =
          "has its weights only as PyTorch pickles ("
              + some(pickles)
              + "), which can run code and are never opened; convert it with transformers"
              + " save_pretrained(…, safe_serialization=True) or take a repository with"
              + " .safetensors files";
    } else {
      what = "has no weights: neither " + SINGLE + " nor " + INDEX + " is there";
    }
    return new CheckpointException(model, what);
  }

  private static String some(List<String> names) {
    return names.stream().limit(3).collect(Collectors.joining(", "))
        + (names.size() > 3 ? ", …" : "");
  }

  @Override
  public void close() {
    files.forEach(TensorFile::close);
  }
}
