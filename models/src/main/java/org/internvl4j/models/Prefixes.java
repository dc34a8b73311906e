package org.internvl4j.models;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.internvl4j.loader.Digests;
import org.internvl4j.runtime.KvCache;
import org.jspecify.annotations.Nullable;

/// What prompts began with, read already: for those that begin alike, system message and pictures
/// included. Whole chunks only, so that all that comes behind them is computed as if they had been
/// read anew, to the last bit.
final class Prefixes implements AutoCloseable {
  /// The first tokens of a prompt that was read.
  private record Kept(KvCache cache, List<String> chunks) {}

  private final int chunk;
  private final Map<String, Kept> byChunk = new HashMap<>();
  private final SequencedMap<String, Kept> byAge =
      new LinkedHashMap<>(16, 0.75f, true); // by last chunk

  /// @param chunk tokens
  Prefixes(int chunk) {
    this.chunk = chunk;
  }

  /// What tells each chunk of a prompt, and all before it, from all others; the last token, behind
  /// which the answer begins, always has to be read.
  ///
  /// @param regime of the prompt's positions
  List<String> chunks(Prompt prompt, long regime) {
    List<String> names = new ArrayList<>();
    MessageDigest hash = Digests.sha256();
    hash.update(ByteBuffer.allocate(12).putLong(regime).putInt(chunk).flip());
    int place = 0;
    for (int i = 0; i + 1 < prompt.length(); i++) {
      int id = prompt.ids()[i];
      hash.update(ByteBuffer.allocate(4).putInt(id).flip());
      if (id == prompt.imageToken()) {
        String tile = prompt.tiles().get(place / prompt.tokensPerTile()).digest();
        hash.update(ByteBuffer.allocate(4).putInt(place % prompt.tokensPerTile()).flip());
        hash.update(tile.getBytes(StandardCharsets.UTF_8));
        place++;
      }
      if ((i + 1) % chunk == 0) {
        byte[] name = hash.digest();
        names.add(HexFormat.of().formatHex(name));
        hash.update(name);
      }
    }
    return names;
  }

  /// A cache that begins with as many of these chunks as are there; null if none is.
  ///
  /// @param owner who closes it, for messages
  @Nullable KvCache find(List<String> chunks, String owner) {
    for (int n = chunks.size(); n > 0; n--) {
      Kept kept = byChunk.get(chunks.get(n - 1));
      if (kept != null) {
        byAge.get(kept.chunks().getLast());
        return kept.cache().fork(n * chunk, owner);
      }
    }
    return null;
  }

  /// Keeps what a prompt begins with.
  ///
  /// @param read has read the whole prompt; stays the caller's
  void keep(List<String> chunks, KvCache read) {
    if (chunks.isEmpty() || byAge.get(chunks.getLast()) != null) {
      return;
    }
    Kept kept = new Kept(read.fork(chunks.size() * chunk, "prefixes"), chunks);
    byAge.put(chunks.getLast(), kept);
    chunks.forEach(name -> byChunk.put(name, kept));
  }

  /// Lets go of the one that was of use longest ago.
  ///
  /// @return whether there was one
  @SuppressWarnings("ReferenceEquality") // what is kept is itself
  boolean dropOldest() {
    Map.Entry<String, Kept> first = byAge.pollFirstEntry();
    if (first == null) {
      return false;
    }
    Kept oldest = first.getValue();
    oldest
        .chunks()
        .forEach(name -> byChunk.computeIfPresent(name, (_, kept) -> kept == oldest ? null : kept));
    oldest.cache().close();
    return true;
  }

  @Override
  public void close() {
    while (dropOldest()) {}
  }
}
