package org.internvl4j.models.text;

import java.nio.charset.StandardCharsets;

/// Tokens of [ByteTable]'s characters, to the UTF-8 text of their bytes.
final class ByteLevelDecoder implements TokenDecoder {
  private final Tokens tokens;
  private final boolean cutsAtAdded;
  private final Utf8 utf8 = new Utf8(false);

  /// @param cutsAtAdded whether an added token is copied as it is and ends an incomplete character
  ///   in front of it, as in Python tokenizers; else its characters stand for bytes too
  ByteLevelDecoder(Tokens tokens, boolean cutsAtAdded) {
    this.tokens = tokens;
    this.cutsAtAdded = cutsAtAdded;
  }

  @Override
  public void push(int id, StringBuilder out) {
    if (tokens.skips(id)) {
      return;
    }
    String text = tokens.text(id);
    if (cutsAtAdded && tokens.added().find(id) != null) {
      utf8.flush(out);
      out.append(text);
    } else if (text.chars().allMatch(c -> ByteTable.byteOf((char) c) >= 0)) {
      text.chars().forEach(c -> utf8.push(ByteTable.byteOf((char) c), out));
    } else {
      for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
        utf8.push(b & 0xFF, out);
      }
    }
  }

  @Override
  public byte[] bytes(int id) {
    String text = tokens.text(id);
    if (!text.chars().allMatch(c -> ByteTable.byteOf((char) c) >= 0)) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    byte[] bytes = new byte[text.length()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) ByteTable.byteOf(text.charAt(i));
    }
    return bytes;
  }

  @Override
  public boolean dropsFirstSpace() {
    return false;
  }

  @Override
  public void finish(StringBuilder out) {
    utf8.flush(out);
  }
}
