package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.sentencepiece.SpTokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.models.text.SentencePieceModel.Flags;
import org.internvl4j.models.text.SentencePieceModel.Piece;
import org.internvl4j.models.text.SentencePieceModel.PieceType;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The same ids and texts as the SentencePiece library, on random texts and ids.
final class SentencePieceDifferentialTest {
  static Stream<Arguments> models() {
    return Stream.of(
        Arguments.of("internvl2-26b", 1, file("internvl2-26b")),
        Arguments.of("internvl-chat-v1-1", 2, file("internvl-chat-v1-1")),
        Arguments.of("internvl2-40b", 3, file("internvl2-40b")),
        Arguments.of("extra spaces removed", 4, changed(new Flags(true, true, true), true, false)),
        Arguments.of("no dummy prefix", 5, changed(new Flags(false, true, true), true, true)),
        Arguments.of("no byte fallback", 6, changed(new Flags(true, false, true), false, true)),
        Arguments.of("spaces unescaped", 7, changed(new Flags(true, true, false), false, true)));
  }

  private static byte[] file(String fixture) {
    byte[] bytes = TokenizerFixtures.read(Fixtures.folder(fixture).resolve("tokenizer.model"));
    assertThat(bytes).isNotNull();
    return bytes == null ? new byte[0] : bytes;
  }

  /// A fixture's model with other flags, and pieces that are unused, user-defined or of equal
  /// score.
  private static byte[] changed(Flags flags, boolean byteFallback, boolean pieceKinds) {
    SentencePieceModel model = SentencePieceModel.read(file("internvl-chat-v1-1"), "model");
    List<Piece> pieces = new ArrayList<>();
    for (Piece piece : model.pieces()) {
      if (piece.type() == PieceType.BYTE && !byteFallback) {
        continue;
      }
      int id = pieces.size();
      boolean unused = pieceKinds && piece.type() == PieceType.NORMAL && id % 5 == 0;
      float score = pieceKinds && id % 3 == 0 ? -7 : piece.score();
      pieces.add(new Piece(piece.text(), score, unused ? PieceType.UNUSED : piece.type()));
    }
    pieces.add(new Piece("\u2581\u2581user", 0, PieceType.USER_DEFINED));
    pieces.add(new Piece("  ", 0, PieceType.USER_DEFINED));
    pieces.add(new Piece("the", 0, PieceType.USER_DEFINED));
    pieces.add(new Piece("there", 0, PieceType.USER_DEFINED));
    pieces.add(new Piece("<mark>", 0, PieceType.USER_DEFINED));
    return ModelWriter.model(pieces, flags, byteFallback);
  }

  @ParameterizedTest(name = "{0}, seed {1}")
  @MethodSource("models")
  void encodesAndDecodesLikeSentencePiece(String name, long seed, byte[] file) {
    RustTokenizer.offline();
    SentencePieceModel model = SentencePieceModel.read(file, "tokenizer.model");
    SentencePieceEncoder ours = new SentencePieceEncoder(model, "tokenizer.model");
    RandomText random = new RandomText(seed, model.pieces().stream().map(Piece::text).toList());
    int compared = 0;
    try (SpTokenizer oracle = new SpTokenizer(file)) {
      for (int i = 0; i < Effort.texts(); i++) {
        String text = random.next();
        int[] ids = oracle.getProcessor().encode(text);
        assertThat(encode(ours, text)).as("ids of %s", text).isEqualTo(ids);
        int[] changed = RustDifferentialTest.shuffled(ids, random, model.pieces().size());
        String decoded = decode(model, changed);
        if (passesJni(decoded)) {
          compared++;
          assertThat(decoded)
              .as("text of %s", changed)
              .isEqualTo(oracle.getProcessor().decode(changed));
        }
      }
      assertThat(compared).isGreaterThan(Effort.texts() / 4);
    }
  }

  /// The oracle returns texts through JNI's own UTF-8, which has neither U+0000 nor characters
  /// beyond the basic plane.
  private static boolean passesJni(String text) {
    return text.chars().noneMatch(c -> c == 0 || Character.isSurrogate((char) c));
  }

  private static int[] encode(SentencePieceEncoder encoder, String text) {
    IntList ids = new IntList();
    if (!text.isEmpty()) {
      encoder.encode(text, true, IdSet.NONE, ids);
    }
    return ids.toArray();
  }

  private static String decode(SentencePieceModel model, int[] ids) {
    PieceDecoder decoder = new PieceDecoder(model);
    StringBuilder out = new StringBuilder();
    for (int id : ids) {
      decoder.push(model.pieces().get(id).text(), id, out);
    }
    decoder.finish(out);
    return out.toString();
  }
}
