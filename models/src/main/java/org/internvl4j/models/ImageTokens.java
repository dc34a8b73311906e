package org.internvl4j.models;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// Image tokens of tiles that were seen, by what was seen, so that none is encoded twice: as many
/// as fit a budget, those used longest ago go first. Once it is full, new ones are written where
/// those lie, so that tiles without end neither ask for memory nor leave garbage.
final class ImageTokens implements AutoCloseable {
  private final Device device;
  private final String owner;
  private final long budget;
  private final Supplier<Set<String>> needed;
  private final Map<String, Tensor> kept = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  /// @param device where the decoder gets them
  /// @param budget bytes that may be kept; those that a prompt needs at once are not counted
  /// @param owner who closes this, for messages
  /// @param needed those that must stay
  ImageTokens(Device device, long budget, String owner, Supplier<Set<String>> needed) {
    this.device = device;
    this.budget = budget;
    this.owner = owner;
    this.needed = needed;
  }

  boolean has(String digest) {
    return kept.containsKey(digest);
  }

  /// @return `[P/4, C]`
  /// @throws IllegalStateException if that tile was not seen
  Tensor of(String digest) {
    Tensor found = kept.get(digest);
    if (found == null) {
      throw new IllegalStateException("image tokens: a tile of the prompt was not seen");
    }
    return found;
  }

  /// Keeps a copy of the image tokens of a tile, unless another prompt saw it meanwhile.
  ///
  /// @param tokens `[P/4, C]`, on any device
  void add(String digest, Tensor tokens) {
    if (!has(digest)) {
      Tensor here = tokens.to(device);
      kept.put(digest, place(here.shape()).copyFrom(here));
    }
  }

  /// Where image tokens go: kernels that still read what was there come before the copy.
  private Tensor place(Shape shape) {
    long size = shape.size() * device.activations().bytes();
    if (bytes + size > budget) {
      Tensor oldest = takeOldest(needed.get());
      if (oldest != null && oldest.shape().equals(shape)) {
        return oldest;
      }
      close(oldest);
    }
    bytes += size;
    return Tensor.of(device.allocate(size, owner), device.activations(), shape, device);
  }

  private @Nullable Tensor takeOldest(Set<String> needed) {
    Iterator<Map.Entry<String, Tensor>> oldest = kept.entrySet().iterator();
    while (oldest.hasNext()) {
      Map.Entry<String, Tensor> entry = oldest.next();
      if (!needed.contains(entry.getKey())) {
        oldest.remove();
        return entry.getValue();
      }
    }
    return null;
  }

  private void close(@Nullable Tensor tokens) {
    if (tokens != null) {
      Memory memory = tokens.memory();
      bytes -= memory.byteSize();
      memory.close();
    }
  }

  /// Lets go of what the budget has no room for.
  void trim() {
    if (bytes > budget) {
      drop(budget, needed.get());
    }
  }

  /// Lets go of all that may go.
  void forget() {
    drop(0, needed.get());
  }

  private void drop(long most, Set<String> needed) {
    device.synchronize();
    while (bytes > most) {
      Tensor oldest = takeOldest(needed);
      if (oldest == null) {
        return;
      }
      close(oldest);
    }
  }

  @Override
  public void close() {
    drop(0, Set.of());
  }
}
