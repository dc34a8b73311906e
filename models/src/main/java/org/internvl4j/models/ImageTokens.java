package org.internvl4j.models;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Tensor;

/// Image tokens of tiles that were seen, by what was seen, so that none is encoded twice: as many
/// as fit a budget, those used longest ago go first.
final class ImageTokens implements AutoCloseable {
  private record Kept(Memory memory, Tensor tokens) {}

  private final Device device;
  private final String owner;
  private final long budget;
  private final Map<String, Kept> kept = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  /// @param device where the decoder gets them
  /// @param budget bytes that may be kept; those that a prompt needs at once are not counted
  /// @param owner who closes this, for messages
  ImageTokens(Device device, long budget, String owner) {
    this.device = device;
    this.budget = budget;
    this.owner = owner;
  }

  boolean has(String digest) {
    return kept.containsKey(digest);
  }

  /// @return `[P/4, C]`
  /// @throws IllegalStateException if that tile was not seen
  Tensor of(String digest) {
    Kept found = kept.get(digest);
    if (found == null) {
      throw new IllegalStateException("image tokens: a tile of the prompt was not seen");
    }
    return found.tokens();
  }

  /// Keeps a copy of the image tokens of a tile.
  ///
  /// @param tokens `[P/4, C]`, on any device
  void add(String digest, Tensor tokens) {
    Memory memory = device.allocate(tokens.shape().size() * device.activations().bytes(), owner);
    Tensor copy = Tensor.of(memory, device.activations(), tokens.shape(), device);
    copy.copyFrom(tokens.to(device));
    bytes += memory.byteSize();
    kept.put(digest, new Kept(memory, copy));
  }

  /// Lets go of what the budget has no room for.
  ///
  /// @param needed those that must stay
  void trim(Set<String> needed) {
    drop(budget, needed);
  }

  /// Lets go of all others.
  void keepOnly(Set<String> needed) {
    drop(0, needed);
  }

  private void drop(long most, Set<String> needed) {
    if (bytes <= most) {
      return;
    }
    device.synchronize();
    Iterator<Map.Entry<String, Kept>> oldest = kept.entrySet().iterator();
    while (bytes > most && oldest.hasNext()) {
      Map.Entry<String, Kept> entry = oldest.next();
      if (!needed.contains(entry.getKey())) {
        Memory memory = entry.getValue().memory();
        bytes -= memory.byteSize();
        memory.close();
        oldest.remove();
      }
    }
  }

  @Override
  public void close() {
    keepOnly(Set.of());
  }
}
