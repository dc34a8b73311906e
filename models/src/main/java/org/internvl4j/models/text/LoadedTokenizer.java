package org.internvl4j.models.text;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A tokenizer: added tokens, a base tokenizer for what is between them, and a decoder.
final class LoadedTokenizer implements Tokenizer {
  /// What a tokenizer is made of.
  ///
  /// @param vocabulary base and added tokens
  /// @param added found in the text first
  /// @param normalizer what prepares the text between added tokens; null for nothing
  /// @param encoder of that text
  /// @param unknown the id of the unknown token, or -1
  /// @param prefix ids in front of every text
  /// @param suffix ids behind every text
  /// @param spacesWhole whether the whole text gets one U+2581 in front, which is dropped again if
  ///   a special token follows (transformers `tokenization_llama.py`, not legacy)
  /// @param cleansUp whether decoding drops spaces before punctuation
  /// @param decoder makes a decoder of one sequence
  record Parts(
      Vocabulary vocabulary,
      AddedTokens added,
      @Nullable Normalizer normalizer,
      TextEncoder encoder,
      int unknown,
      int[] prefix,
      int[] suffix,
      boolean spacesWhole,
      boolean cleansUp,
      Function<TokenDecoder.Tokens, TokenDecoder> decoder) {}

  private final Parts parts;

  /// What literal text must not become.
  private final IdSet controls;

  LoadedTokenizer(Parts parts) {
    this.parts = parts;
    this.controls = parts.added.ids().without(parts.unknown);
  }

  @Override
  public int size() {
    return parts.vocabulary.size();
  }

  @Override
  public OptionalInt id(String token) {
    return parts.vocabulary.id(token);
  }

  @Override
  public String token(int id) {
    String token = parts.vocabulary.find(id);
    if (token == null) {
      throw new IllegalArgumentException(
          "no token has id " + id + " (ids are 0 … " + (size() - 1) + ")");
    }
    return token;
  }

  @Override
  public int[] encode(PromptText text) {
    PromptText clean = text.withText(Utf8.withoutLoneSurrogates(text.toString()));
    IntList ids = new IntList();
    ids.addAll(parts.prefix);
    if (parts.spacesWhole && !clean.isEmpty()) {
      encodeSpaced(clean, ids);
    } else {
      for (AddedTokens.Part part : parts.added.split(clean)) {
        encodePart(clean, part, "", ids);
      }
    }
    ids.addAll(parts.suffix);
    return ids.toArray();
  }

  private void encodeSpaced(PromptText text, IntList ids) {
    String space = String.valueOf(SentencePieceEncoder.SPACE);
    PromptText spaced = text.withText(text.toString().replace(space, " "));
    List<AddedTokens.Part> split = parts.added.split(spaced);
    AddedTokens.Part first = split.getFirst();
    if (!first.isText()) {
      int before = ids.size();
      parts.encoder.encode(space, true, IdSet.NONE, ids);
      AddedToken token = parts.added.find(first.id());
      boolean lone =
          ids.size() == before + 1 && space.equals(parts.vocabulary.find(ids.get(before)));
      if (lone && token != null && token.special()) {
        ids.truncate(before);
      }
    }
    for (AddedTokens.Part part : split) {
      encodePart(spaced, part, part.start() == 0 ? space : "", ids);
    }
  }

  private void encodePart(PromptText text, AddedTokens.Part part, String lead, IntList ids) {
    if (!part.isText()) {
      ids.add(part.id());
      return;
    }
    boolean trusted = text.isTrusted(part.start(), part.end());
    boolean first = part.start() == 0;
    String plain = lead + text.toString().substring(part.start(), part.end());
    String normal = parts.normalizer == null ? plain : parts.normalizer.apply(plain);
    if (trusted && parts.added.hasNormalized()) {
      for (AddedTokens.Part inner : parts.added.splitNormalized(normal)) {
        if (inner.isText()) {
          String piece = normal.substring(inner.start(), inner.end());
          parts.encoder.encode(piece, first && inner.start() == 0, IdSet.NONE, ids);
        } else {
          ids.add(inner.id());
        }
      }
    } else if (!normal.isEmpty()) {
      encodeBase(normal, first, trusted, ids);
    }
  }

  /// A base vocabulary can hold the very strings of control tokens (Yi's does): where literal text
  /// would become one, it is encoded again without them.
  private void encodeBase(String text, boolean first, boolean trusted, IntList ids) {
    int before = ids.size();
    parts.encoder.encode(text, first, IdSet.NONE, ids);
    for (int i = before; i < ids.size() && !trusted; i++) {
      if (controls.contains(ids.get(i))) {
        ids.truncate(before);
        parts.encoder.encode(text, first, controls, ids);
        return;
      }
    }
  }

  @Override
  public String decode(int[] ids, Specials specials) {
    TokenStream stream = stream(specials);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(stream.push(id));
    }
    return text.append(stream.finish()).toString();
  }

  @Override
  public byte[] bytes(int id) {
    if (id < 0) {
      throw new IllegalArgumentException("token id is " + id + ", expected 0 or more");
    }
    boolean text =
        parts.vocabulary.find(id) != null && parts.added.find(id) == null && id != parts.unknown;
    return text ? plainDecoder().bytes(id) : new byte[0];
  }

  @Override
  public boolean dropsFirstSpace() {
    return plainDecoder().dropsFirstSpace();
  }

  private TokenDecoder plainDecoder() {
    return parts.decoder.apply(
        new TokenDecoder.Tokens(parts.vocabulary, parts.added, Specials.SKIP));
  }

  @Override
  public TokenStream stream(Specials specials) {
    TokenDecoder.Tokens tokens = new TokenDecoder.Tokens(parts.vocabulary, parts.added, specials);
    return new Stream(
        parts.vocabulary, parts.decoder.apply(tokens), parts.cleansUp ? new CleanUp() : null);
  }

  private static final class Stream implements TokenStream {
    private final Vocabulary vocabulary;
    private final TokenDecoder decoder;
    private final @Nullable CleanUp cleanUp;
    private final StringBuilder out = new StringBuilder();
    private boolean finished;

    Stream(Vocabulary vocabulary, TokenDecoder decoder, @Nullable CleanUp cleanUp) {
      this.vocabulary = vocabulary;
      this.decoder = decoder;
      this.cleanUp = cleanUp;
    }

    @Override
    public String push(int id) {
      if (id < 0) {
        throw new IllegalArgumentException("token id is " + id + ", expected 0 or more");
      }
      checkOpen();
      if (vocabulary.find(id) == null) {
        return "";
      }
      decoder.push(id, out);
      return take(false);
    }

    @Override
    public String finish() {
      checkOpen();
      finished = true;
      decoder.finish(out);
      return take(true);
    }

    private void checkOpen() {
      if (finished) {
        throw new IllegalStateException("this token stream is finished; begin another");
      }
    }

    private String take(boolean last) {
      String text = out.toString();
      out.setLength(0);
      if (cleanUp == null) {
        return text;
      }
      String clean = cleanUp.push(text);
      return last ? clean + cleanUp.finish() : clean;
    }
  }
}
