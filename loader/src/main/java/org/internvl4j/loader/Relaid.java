package org.internvl4j.loader;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;

/// A source whose tensors have other names, and some of which are several below each other.
public final class Relaid implements WeightSource {
  /// What a tensor is called here.
  ///
  /// @param part which part it is of the tensor of this name, from 0; the only one where there is
  ///   no part 1
  public record Place(String name, int part) {
    /// A tensor that is whole.
    public static Place of(String name) {
      return new Place(name, 0);
    }
  }

  private final WeightSource source;
  private final Map<String, List<String>> parts;

  private Relaid(WeightSource source, Map<String, List<String>> parts) {
    this.source = source;
    this.parts = parts;
  }

  /// @param layout where a tensor of `source` goes
  /// @throws CheckpointException if two go to one place, or a part is missing before another
  public static Relaid of(WeightSource source, Function<String, Place> layout) {
    Map<String, TreeMap<Integer, String>> found = new LinkedHashMap<>();
    for (String name : source.names()) {
      Place place = layout.apply(name);
      String other =
          found.computeIfAbsent(place.name, n -> new TreeMap<>()).putIfAbsent(place.part, name);
      if (other != null) {
        throw new CheckpointException(
            name, "is the same weight as " + other + " under another name; expected one of them");
      }
    }
    Map<String, List<String>> parts = new LinkedHashMap<>();
    found.forEach((name, byPart) -> {
      if (byPart.lastKey() != byPart.size() - 1) {
        throw new CheckpointException(
            byPart.lastEntry().getValue(),
            "is a part of " + name + ", of which others are missing");
      }
      parts.put(name, List.copyOf(byPart.values()));
    });
    return new Relaid(source, parts);
  }

  @Override
  public Set<String> names() {
    return parts.keySet();
  }

  private List<String> parts(String name) {
    List<String> found = parts.get(name);
    if (found == null) {
      throw Nearest.missing(name, "not in this checkpoint", names());
    }
    return found;
  }

  @Override
  public TensorInfo info(String name) {
    List<TensorInfo> infos = parts(name).stream().map(source::info).toList();
    TensorInfo first = infos.getFirst();
    List<Long> shape = new ArrayList<>(first.shape());
    long bytes = first.bytes();
    for (TensorInfo next : infos.subList(1, infos.size())) {
      requireAlike(first, next);
      shape.set(0, shape.getFirst() + next.shape().getFirst());
      bytes += next.bytes();
    }
    return new TensorInfo(name, first.dtype(), shape, 0, bytes);
  }

  private static void requireAlike(TensorInfo first, TensorInfo next) {
    boolean alike =
        !first.shape().isEmpty()
            && !next.shape().isEmpty()
            && first
                .shape()
                .subList(1, first.shape().size())
                .equals(next.shape().subList(1, next.shape().size()))
            && first.dtype().equals(next.dtype());
    if (!alike) {
      throw new CheckpointException(
          next.name(),
          "is " + next + ", expected rows like those of " + first.name() + " " + first);
    }
  }

  @Override
  public Tensor tensor(String name, Device device, Scratch space) {
    List<String> names = parts(name);
    if (names.size() == 1) {
      return source.tensor(names.getFirst(), device, space);
    }
    TensorInfo info = info(name);
    int[] dims = info.shape().stream().mapToInt(Math::toIntExact).toArray();
    List<Tensor> tensors = names.stream().map(n -> source.tensor(n, device, space)).toList();
    Tensor joined = space.tensor(tensors.getFirst().dtype(), Shape.of(dims), device);
    long at = joined.byteOffset();
    for (Tensor part : tensors) {
      joined
          .segment()
          .asSlice(at, part.byteSize())
          .copyFrom(part.segment().asSlice(part.byteOffset(), part.byteSize()));
      at += part.byteSize();
    }
    return joined;
  }

  @Override
  public List<String> stored(String name) {
    return parts(name).stream().flatMap(n -> source.stored(n).stream()).toList();
  }

  @Override
  public String reading(String name) {
    return parts(name).stream().map(source::reading).distinct().collect(Collectors.joining("; "));
  }
}
