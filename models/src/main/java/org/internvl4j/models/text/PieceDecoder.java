package org.internvl4j.models.text;

import org.internvl4j.models.text.SentencePieceModel.PieceType;

/// Pieces to text, as SentencePiece itself does it (`sentencepiece_processor.cc`).
final class PieceDecoder {
  private final SentencePieceModel model;
  private final Utf8 utf8 = new Utf8(true);
  private boolean empty = true;
  private boolean atStart = true;
  private boolean spaceDropped;

  PieceDecoder(SentencePieceModel model) {
    this.model = model;
  }

  /// @param id of the piece; that of the unknown piece if there is no such piece
  void push(String piece, int id, StringBuilder out) {
    int before = out.length();
    if (model.pieces().get(id).type() == PieceType.BYTE) {
      utf8.push(SentencePieceModel.byteOf(piece), out);
      empty = false;
      return;
    }
    utf8.flush(out);
    if (spaceDropped || !empty) {
      atStart = false;
    }
    spaceDropped = false;
    switch (model.pieces().get(id).type()) {
      case CONTROL -> {}
      case UNKNOWN ->
          out.append(piece.equals(model.pieces().get(id).text()) ? model.unkSurface() : piece);
      default -> out.append(withoutFirstSpace(piece).replace(SentencePieceEncoder.SPACE, ' '));
    }
    empty &= out.length() == before;
  }

  private String withoutFirstSpace(String piece) {
    SentencePieceModel.Flags flags = model.flags();
    boolean drop =
        atStart
            && (flags.addDummyPrefix() || flags.removeExtraWhitespaces())
            && piece.charAt(0) == SentencePieceEncoder.SPACE;
    spaceDropped = drop && !flags.removeExtraWhitespaces();
    return drop ? piece.substring(1) : piece;
  }

  /// Ends the text and begins another.
  void finish(StringBuilder out) {
    utf8.flush(out);
    empty = true;
    atStart = true;
    spaceDropped = false;
  }
}
