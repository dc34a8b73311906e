package org.internvl4j.models.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.internvl4j.loader.CheckpointException;
import org.jspecify.annotations.Nullable;

/// Byte-level BPE (Radford et al. 2019): each word's UTF-8 bytes, merged.
///
/// Words seen before are looked up in a bounded cache.
final class BytePairEncoder implements TextEncoder {
  private static final int CACHE_SLOTS = 1 << 13;
  private static final int CACHED_LENGTH = 48;

  private final WordSplitter words;
  private final MergeTable merges;
  private final int[] byteIds;

  /// Ids of whole words that are not merged but looked up; null if none are.
  private final @Nullable Vocabulary whole;

  private final AtomicReferenceArray<@Nullable Word> cache =
      new AtomicReferenceArray<>(CACHE_SLOTS);

  private record Word(String text, int[] ids) {}

  /// @param vocabulary of tokens spelled as in [ByteTable]
  /// @param ignoreMerges whether a word that is a token becomes that token whatever the merges say
  /// @throws CheckpointException if a byte has no token
  BytePairEncoder(
      WordSplitter words,
      MergeTable merges,
      Vocabulary vocabulary,
      boolean ignoreMerges,
      String file) {
    this.words = words;
    this.merges = merges;
    this.whole = ignoreMerges ? vocabulary : null;
    byteIds = new int[256];
    for (int b = 0; b < 256; b++) {
      String token = String.valueOf(ByteTable.charOf(b));
      byteIds[b] = vocabulary.idOrNone(token);
      if (byteIds[b] < 0) {
        throw new CheckpointException(
            file, "there is no token %s for byte 0x%02X".formatted(Vocabulary.quote(token), b));
      }
    }
  }

  @Override
  public void encode(String text, boolean first, IdSet banned, IntList ids) {
    for (int at = 0; at < text.length(); ) {
      int end = words.end(text, at);
      if (banned.isEmpty() && end - at <= CACHED_LENGTH) {
        ids.addAll(cached(text.substring(at, end)));
      } else {
        ids.addAll(merge(text.substring(at, end), banned));
      }
      at = end;
    }
  }

  private int[] cached(String word) {
    int slot = (word.hashCode() * 0x9E37_79B9) >>> (32 - 13);
    Word known = cache.get(slot);
    if (known != null && known.text.equals(word)) {
      return known.ids;
    }
    int[] ids = merge(word, IdSet.NONE);
    cache.set(slot, new Word(word, ids));
    return ids;
  }

  private int[] merge(String word, IdSet banned) {
    byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
    if (whole != null) {
      StringBuilder spelled = new StringBuilder(bytes.length);
      for (byte b : bytes) {
        spelled.append(ByteTable.charOf(b & 0xFF));
      }
      int id = whole.idOrNone(spelled.toString());
      if (id >= 0 && !banned.contains(id)) {
        return new int[] {id};
      }
    }
    int[] symbols = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      symbols[i] = byteIds[bytes[i] & 0xFF];
    }
    int count = merges.merge(symbols, symbols.length, banned);
    return Arrays.copyOf(symbols, count);
  }
}
