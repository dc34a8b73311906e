package org.internvl4j.models.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.internvl4j.models.text.SentencePieceModel.Flags;
import org.internvl4j.models.text.SentencePieceModel.Piece;
import org.internvl4j.models.text.SentencePieceModel.PieceType;

/// Writes SentencePiece models and other protocol buffers.
final class ModelWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /// A `tokenizer.model` of type BPE.
  static byte[] model(List<Piece> pieces, Flags flags, boolean byteFallback) {
    ModelWriter model = new ModelWriter();
    for (Piece piece : pieces) {
      model.bytes(1, piece(piece.text(), piece.score(), number(piece.type())));
    }
    model.bytes(2, new ModelWriter().integer(3, 2).integer(35, byteFallback ? 1 : 0).toBytes());
    ModelWriter normalizer =
        new ModelWriter()
            .text(1, "identity")
            .integer(3, flags.addDummyPrefix() ? 1 : 0)
            .integer(4, flags.removeExtraWhitespaces() ? 1 : 0)
            .integer(5, flags.escapeWhitespaces() ? 1 : 0);
    return model.bytes(3, normalizer.toBytes()).toBytes();
  }

  static byte[] piece(String text, float score, int type) {
    return new ModelWriter().text(1, text).float32(2, score).integer(3, type).toBytes();
  }

  private static int number(PieceType type) {
    return switch (type) {
      case NORMAL -> 1;
      case UNKNOWN -> 2;
      case CONTROL -> 3;
      case USER_DEFINED -> 4;
      case UNUSED -> 5;
      case BYTE -> 6;
    };
  }

  ModelWriter integer(int field, long value) {
    varint((long) field << 3);
    varint(value);
    return this;
  }

  ModelWriter float32(int field, float value) {
    varint(((long) field << 3) | 5);
    int bits = Float.floatToIntBits(value);
    for (int i = 0; i < 4; i++) {
      out.write(bits >>> (8 * i));
    }
    return this;
  }

  ModelWriter text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  ModelWriter bytes(int field, byte[] value) {
    varint(((long) field << 3) | 2);
    varint(value.length);
    out.writeBytes(value);
    return this;
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) (rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    out.write((int) rest);
  }
}
