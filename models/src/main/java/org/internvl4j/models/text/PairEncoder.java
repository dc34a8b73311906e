package org.internvl4j.models.text;

import java.nio.charset.StandardCharsets;
import org.internvl4j.loader.CheckpointException;

/// BPE over characters, as in a `tokenizer.json` made of a SentencePiece model: a character without
/// a token becomes its bytes' tokens, or the unknown token.
final class PairEncoder implements TextEncoder {
  /// When a text gets the space symbol in front (`Metaspace`).
  enum Prepend {
    ALWAYS,
    FIRST,
    NEVER
  }

  /// How spaces are written and texts cut.
  ///
  /// @param symbol what stands for a space; 0 if the text is taken as it is
  /// @param split whether each symbol begins a word of its own
  record Metaspace(char symbol, Prepend prepend, boolean split) {
    static final Metaspace NONE = new Metaspace('\0', Prepend.NEVER, false);
  }

  /// @param byteFallback whether a character without a token becomes its bytes' tokens
  /// @param fuseUnknown whether unknown characters side by side become one token
  /// @param ignoreMerges whether a word that is a token becomes that token whatever the merges say
  record Options(boolean byteFallback, boolean fuseUnknown, boolean ignoreMerges) {}

  private final Metaspace metaspace;
  private final MergeTable merges;
  private final Vocabulary vocabulary;
  private final Options options;
  private final int unknown;
  private final int[] byteIds = new int[256];

  /// @param unknown the id of the unknown token, or -1 to drop such characters
  PairEncoder(
      Metaspace metaspace,
      MergeTable merges,
      Vocabulary vocabulary,
      Options options,
      int unknown,
      String file) {
    this.metaspace = metaspace;
    this.merges = merges;
    this.vocabulary = vocabulary;
    this.options = options;
    this.unknown = unknown;
    for (int b = 0; b < 256 && options.byteFallback; b++) {
      byteIds[b] = vocabulary.idOrNone("<0x%02X>".formatted(b));
      if (byteIds[b] < 0) {
        throw new CheckpointException(
            file, "model.byte_fallback is true but there is no token <0x%02X>".formatted(b));
      }
    }
  }

  @Override
  public void encode(String text, boolean first, IdSet banned, IntList ids) {
    if (metaspace.symbol == 0) {
      merge(text, banned, ids);
      return;
    }
    String spaced = text.replace(' ', metaspace.symbol);
    boolean prepends =
        metaspace.prepend == Prepend.ALWAYS || (metaspace.prepend == Prepend.FIRST && first);
    if (prepends && spaced.charAt(0) != metaspace.symbol) {
      spaced = metaspace.symbol + spaced;
    }
    for (int at = 0; at < spaced.length(); ) {
      int end = metaspace.split ? spaced.indexOf(metaspace.symbol, at + 1) : -1;
      end = end < 0 ? spaced.length() : end;
      merge(spaced.substring(at, end), banned, ids);
      at = end;
    }
  }

  private void merge(String word, IdSet banned, IntList ids) {
    int whole = options.ignoreMerges ? vocabulary.idOrNone(word) : -1;
    if (whole >= 0 && !banned.contains(whole)) {
      ids.add(whole);
      return;
    }
    IntList symbols = new IntList();
    boolean afterUnknown = false;
    for (int at = 0; at < word.length(); ) {
      int end = at + Character.charCount(word.codePointAt(at));
      String character = word.substring(at, end);
      int id = vocabulary.idOrNone(character);
      boolean known = id >= 0 && !banned.contains(id);
      if (known) {
        symbols.add(id);
      } else if (options.byteFallback) {
        for (byte b : character.getBytes(StandardCharsets.UTF_8)) {
          symbols.add(byteIds[b & 0xFF]);
        }
      } else if (unknown >= 0 && !(afterUnknown && options.fuseUnknown)) {
        symbols.add(unknown);
      }
      afterUnknown = !known && !options.byteFallback;
      at = end;
    }
    int[] merged = symbols.toArray();
    int count = merges.merge(merged, merged.length, banned);
    for (int i = 0; i < count; i++) {
      ids.add(merged[i]);
    }
  }
}
