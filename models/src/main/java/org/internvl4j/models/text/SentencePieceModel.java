package org.internvl4j.models.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.jspecify.annotations.Nullable;

/// A SentencePiece model (Kudo & Richardson 2018) of type BPE, as its file `tokenizer.model` holds
/// it (`sentencepiece_model.proto`).
///
/// @param pieces in the order of their ids
/// @param unkId the piece of characters without a piece
/// @param byteIds the pieces `<0x00>` … `<0xFF>`; empty without byte fallback
/// @param unkSurface what the unknown piece decodes to
record SentencePieceModel(
    List<Piece> pieces, Flags flags, int unkId, int[] byteIds, String unkSurface) {

  /// How a text is prepared, and what decoding undoes.
  record Flags(boolean addDummyPrefix, boolean removeExtraWhitespaces, boolean escapeWhitespaces) {}

  /// @param score pairs with a higher one are merged first
  record Piece(String text, float score, PieceType type) {}

  enum PieceType {
    NORMAL,
    UNKNOWN,
    CONTROL,
    USER_DEFINED,
    UNUSED,
    BYTE;

    /// The type of a number of the file, or null.
    static @Nullable PieceType of(long number) {
      return number >= 1 && number <= values().length ? values()[(int) number - 1] : null;
    }

    /// Whether text can become such a piece.
    boolean isText() {
      return this == NORMAL || this == USER_DEFINED || this == UNUSED;
    }
  }

  /// The same pieces, with or without the space in front.
  SentencePieceModel withDummyPrefix(boolean add) {
    Flags changed = new Flags(add, flags.removeExtraWhitespaces, flags.escapeWhitespaces);
    return new SentencePieceModel(pieces, changed, unkId, byteIds, unkSurface);
  }

  /// The bytes of a piece behind others; none of a control piece or the unknown one.
  byte[] bytes(int id) {
    Piece piece = pieces.get(id);
    return switch (piece.type) {
      case BYTE -> new byte[] {(byte) byteOf(piece.text)};
      case CONTROL, UNKNOWN -> new byte[0];
      case NORMAL, USER_DEFINED, UNUSED ->
          piece.text.replace(SentencePieceEncoder.SPACE, ' ').getBytes(StandardCharsets.UTF_8);
    };
  }

  /// @param file what errors name
  /// @throws CheckpointException if the file is damaged or of another kind
  static SentencePieceModel read(byte[] bytes, String file) {
    return new Parser(file).parse(new ProtoReader(bytes, file));
  }

  private static final class Parser {
    private final String file;
    private final List<Piece> pieces = new ArrayList<>();
    private long modelType = 1;
    private boolean byteFallback;
    private String unkSurface = " \u2047 ";
    private boolean addDummyPrefix = true;
    private boolean removeExtraWhitespaces = true;
    private boolean escapeWhitespaces = true;

    Parser(String file) {
      this.file = file;
    }

    SentencePieceModel parse(ProtoReader model) {
      for (int field = model.next(); field != 0; field = model.next()) {
        switch (field) {
          case 1 -> pieces.add(piece(model.message()));
          case 2 -> trainer(model.message());
          case 3 -> normalizer(model.message());
          default -> model.skip();
        }
      }
      if (modelType != 2) {
        throw new CheckpointException(
            file, "trainer_spec.model_type is " + modelType + ", expected 2 (BPE)");
      }
      Flags flags = new Flags(addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces);
      return new SentencePieceModel(List.copyOf(pieces), flags, unkId(), byteIds(), unkSurface);
    }

    private Piece piece(ProtoReader message) {
      String text = "";
      float score = 0;
      long type = 1;
      for (int field = message.next(); field != 0; field = message.next()) {
        switch (field) {
          case 1 -> text = message.text();
          case 2 -> score = message.float32();
          case 3 -> type = message.integer();
          default -> message.skip();
        }
      }
      String where = "piece " + pieces.size();
      if (pieces.size() >= Vocabulary.MAX_SIZE) {
        throw new CheckpointException(
            file, "more than " + Vocabulary.MAX_SIZE + " pieces are not supported");
      }
      if (text.isEmpty()) {
        throw new CheckpointException(file, where + " is empty");
      }
      if (Float.isNaN(score)) {
        throw new CheckpointException(
            file, where + " " + Vocabulary.quote(text) + " has score NaN, expected a number");
      }
      PieceType kind = PieceType.of(type);
      if (kind == null) {
        throw new CheckpointException(
            file, where + " " + Vocabulary.quote(text) + " has type " + type + ", expected 1 … 6");
      }
      return new Piece(text, score, kind);
    }

    private void trainer(ProtoReader message) {
      for (int field = message.next(); field != 0; field = message.next()) {
        switch (field) {
          case 3 -> modelType = message.integer();
          case 24 -> refuse(message.bool(), "trainer_spec.treat_whitespace_as_suffix");
          case 35 -> byteFallback = message.bool();
          case 44 -> unkSurface = message.text();
          default -> message.skip();
        }
      }
    }

    private void normalizer(ProtoReader message) {
      for (int field = message.next(); field != 0; field = message.next()) {
        switch (field) {
          case 2 -> refuse(message.skipBytes() > 0, "normalizer_spec.precompiled_charsmap");
          case 3 -> addDummyPrefix = message.bool();
          case 4 -> removeExtraWhitespaces = message.bool();
          case 5 -> escapeWhitespaces = message.bool();
          default -> message.skip();
        }
      }
    }

    private void refuse(boolean set, String what) {
      if (set) {
        throw new CheckpointException(
            file, what + " is set, which is not supported; expected the identity normalizer");
      }
    }

    private int unkId() {
      int unk = -1;
      for (int id = 0; id < pieces.size(); id++) {
        if (pieces.get(id).type == PieceType.UNKNOWN) {
          if (unk >= 0) {
            throw new CheckpointException(
                file, "pieces " + unk + " and " + id + " are both the unknown piece");
          }
          unk = id;
        }
      }
      if (unk < 0) {
        throw new CheckpointException(file, "there is no unknown piece");
      }
      return unk;
    }

    private int[] byteIds() {
      int[] ids = new int[256];
      int count = 0;
      for (int id = 0; id < pieces.size(); id++) {
        Piece piece = pieces.get(id);
        if (piece.type == PieceType.BYTE) {
          int value = byteOf(piece.text);
          if (value < 0 || !byteFallback) {
            throw new CheckpointException(
                file,
                "byte piece "
                    + Vocabulary.quote(piece.text)
                    + (byteFallback ? " is not <0x00> … <0xFF>" : " but byte_fallback is false"));
          }
          ids[value] = id;
          count++;
        }
      }
      if (byteFallback && count != 256) {
        throw new CheckpointException(
            file, "byte_fallback is true but there are " + count + " byte pieces, expected 256");
      }
      return byteFallback ? ids : new int[0];
    }
  }

  /// The byte that `<0xHH>` stands for, or -1.
  static int byteOf(String piece) {
    if (piece.length() != 6 || !piece.startsWith("<0x") || piece.charAt(5) != '>') {
      return -1;
    }
    int high = Character.digit(piece.charAt(3), 16);
    int low = Character.digit(piece.charAt(4), 16);
    boolean ascii = piece.charAt(3) <= 'f' && piece.charAt(4) <= 'f';
    return ascii && high >= 0 && low >= 0 ? (high << 4) + low : -1;
  }
}
