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
  /// How a format names its files.
  ///
  /// @param single the file that holds everything
  /// @param index the list of files that hold it together
  /// @param ending of those
  private record Format(String single, String index, String ending) {
    Format(String single, String ending) {
      this(single, single + ".index.json", ending);
    }

    boolean isIn(Set<String> names) {
      return names.contains(single) || names.contains(index);
    }
  }

  private static final Format SAFE = new Format("model.safetensors", ".safetensors");
  private static final Format TORCH = new Format("pytorch_model.bin", ".bin");

  /// Safetensors, or files of `torch.save` where there are none.
  ///
  /// @throws CheckpointException if there are no weights, or files and index disagree
  static Shards open(Source source, String owner) {
    Set<String> names = source.names();
    Format format = SAFE.isIn(names) ? SAFE : TORCH;
    Map<String, String> index = Map.of();
    Set<String> wanted;
    if (names.contains(format.single)) {
      wanted = Set.of(format.single);
    } else if (names.contains(format.index)) {
      index = index(source, format);
      wanted = new LinkedHashSet<>(index.values());
      requireAll(wanted, names, format);
    } else {
      throw noWeights(source.name(), names);
    }
    Shards shards = new Shards(new LinkedHashMap<>(), new ArrayList<>());
    try {
      for (String file : wanted) {
        shards.add(source.open(file, owner), index, format);
      }
      shards.requireIndexed(index, format);
    } catch (RuntimeException e) {
      shards.close();
      throw e;
    }
    return new Shards(Collections.unmodifiableMap(shards.byTensor), List.copyOf(shards.files));
  }

  /// The tensors of one file.
  ///
  /// @param file its name in `source`
  static Shards open(Source source, String file, String owner) {
    TensorFile only = source.open(file, owner);
    Map<String, TensorFile> byTensor = new LinkedHashMap<>();
    only.names().forEach(tensor -> byTensor.put(tensor, only));
    return new Shards(Collections.unmodifiableMap(byTensor), List.of(only));
  }

  /// Where the bytes of a file are.
  static MappedFile mapped(TensorFile file) {
    return switch (file) {
      case SafeTensors safe -> safe.mapped();
      case TorchFile torch -> torch.mapped();
    };
  }

  /// The state of a file when it was opened.
  static SourceFile source(TensorFile file) {
    return switch (file) {
      case SafeTensors safe -> safe.source();
      case TorchFile torch -> torch.source();
    };
  }

  private void add(TensorFile file, Map<String, String> index, Format format) {
    files.add(file);
    for (String tensor : file.names()) {
      TensorFile other = byTensor.putIfAbsent(tensor, file);
      if (other != null) {
        throw new CheckpointException(file.name(), tensor + " is also in " + other.name());
      }
      String expected = index.getOrDefault(tensor, file.name());
      if (!expected.equals(file.name())) {
        throw new CheckpointException(
            format.index, tensor + " is said to be in " + expected + " but is in " + file.name());
      }
    }
  }

  private void requireIndexed(Map<String, String> index, Format format) {
    index.forEach((tensor, file) -> {
      if (!byTensor.containsKey(tensor)) {
        throw new CheckpointException(
            format.index, tensor + " is said to be in " + file + " but is not");
      }
    });
  }

  private static Map<String, String> index(Source source, Format format) {
    byte[] bytes = source.read(format.index);
    Map<String, String> index = new LinkedHashMap<>();
    Json map = Json.parse(bytes == null ? new byte[0] : bytes, format.index).at("weight_map");
    map.fields()
        .forEach((tensor, file) -> {
          if (!Source.isPlain(file.asText()) || !file.asText().endsWith(format.ending)) {
            throw file.wrong("the name of a " + format.ending + " file in the same folder");
          }
          index.put(tensor, file.asText());
        });
    if (index.isEmpty()) {
      throw map.wrong("at least one tensor");
    }
    return index;
  }

  private static void requireAll(Set<String> wanted, Set<String> names, Format format) {
    List<String> missing = wanted.stream().filter(f -> !names.contains(f)).sorted().toList();
    if (!missing.isEmpty()) {
      throw new CheckpointException(
          format.index,
          missing.size()
              + " of "
              + wanted.size()
              + " shards are not in the folder ("
              + some(missing)
              + "); the download looks incomplete");
    }
  }

  private static CheckpointException noWeights(String model, Set<String> names) {
    List<String> safe = names.stream().filter(f -> f.endsWith(SAFE.ending)).toList();
    List<String> torch = names.stream().filter(f -> f.matches(".*[.](bin|pth|pt)")).toList();
    String what;
    if (!safe.isEmpty()) {
      what = "has " + some(safe) + " but neither " + SAFE.single + " nor " + SAFE.index;
    } else if (!torch.isEmpty()) {
      what = "has " + some(torch) + " but neither " + TORCH.single + " nor " + TORCH.index;
    } else {
      what = "has no weights: neither " + SAFE.single + " nor " + SAFE.index + " is there";
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
