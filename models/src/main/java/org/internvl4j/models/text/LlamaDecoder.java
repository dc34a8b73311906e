package org.internvl4j.models.text;

/// The decoding of Python's SentencePiece tokenizers (transformers `tokenization_utils.py`,
/// `tokenization_llama.py`; `tokenization_internlm2.py`).
///
/// Added tokens that lie outside the model are segments of their own, and so are the runs between;
/// segments are joined by one space. Within a run, special tokens are copied and what is between is
/// decoded by the model.
final class LlamaDecoder implements TokenDecoder {
  /// How a run is put together.
  enum Style {
    /// A space in front of the text before a special token; a first space dropped.
    LLAMA_LEGACY,
    /// A first space dropped.
    LLAMA,
    /// A space in front of the text before a special token; spaces before punctuation dropped.
    INTERNLM2
  }

  /// What is the same for all sequences.
  ///
  /// @param segments added tokens that are not part of a run
  /// @param dropsSpace whether a run loses its first space; never in INTERNLM2
  record Rules(
      SentencePieceModel model,
      SentencePieceEncoder pieces,
      Style style,
      IdSet segments,
      boolean dropsSpace) {
    boolean spacesBeforeSpecial() {
      return style != Style.LLAMA;
    }
  }

  private final Tokens tokens;
  private final Rules rules;
  private final PieceDecoder decoder;
  private final CleanUp cleanUp = new CleanUp();

  /// Whether the text of a run waits for a special token, which would put a space in front of it.
  private final boolean waits;

  private final StringBuilder run = new StringBuilder();

  /// Text between special tokens, as long as it waits.
  private final StringBuilder held = new StringBuilder();

  private boolean segmentBefore;
  private boolean runIsOut;
  private int index;
  private boolean afterSpecial;

  LlamaDecoder(Tokens tokens, Rules rules) {
    this.tokens = tokens;
    this.rules = rules;
    this.decoder = new PieceDecoder(rules.model);
    waits = rules.spacesBeforeSpecial() && tokens.added().anyMatch(this::isInner);
  }

  /// Whether a token is special, kept and part of a run.
  private boolean isInner(int id) {
    return tokens.added().find(id) != null && !rules.segments.contains(id) && !tokens.skips(id);
  }

  @Override
  public void push(int id, StringBuilder out) {
    if (tokens.skips(id)) {
      return;
    }
    if (rules.segments.contains(id)) {
      endRun(out);
      runIsOut = false;
      join(out);
      out.append(tokens.text(id));
      return;
    }
    if (isInner(id)) {
      special(tokens.text(id));
    } else {
      ordinary(id);
    }
    index++;
    drain(out);
  }

  @Override
  public byte[] bytes(int id) {
    return id < rules.model.pieces().size() ? rules.model.bytes(id) : new byte[0];
  }

  @Override
  public boolean dropsFirstSpace() {
    SentencePieceModel.Flags flags = rules.model.flags();
    return rules.dropsSpace || flags.addDummyPrefix() || flags.removeExtraWhitespaces();
  }

  @Override
  public void finish(StringBuilder out) {
    if (index > 0) {
      endRun(out);
      if (!runIsOut) {
        join(out);
      }
    }
  }

  private void special(String token) {
    decoder.finish(held);
    boolean first = index == 0 && rules.style != Style.INTERNLM2;
    if (rules.spacesBeforeSpecial() && !afterSpecial && !first) {
      run.append(' ');
    }
    run.append(held).append(token);
    held.setLength(0);
    afterSpecial = true;
  }

  private void ordinary(int id) {
    String piece = tokens.text(id);
    int pieceId = id;
    boolean spaced = piece.charAt(0) == SentencePieceEncoder.SPACE;
    if (rules.dropsSpace && index == 0 && spaced) {
      piece = piece.substring(1);
      pieceId = rules.pieces.idOf(piece);
    }
    if (rules.dropsSpace && index == 1 && afterSpecial && !spaced) {
      run.append(' ');
    }
    decoder.push(piece, pieceId, held);
    if (!waits) {
      run.append(held);
      held.setLength(0);
    }
    afterSpecial = false;
  }

  private void endRun(StringBuilder out) {
    decoder.finish(held);
    run.append(held);
    held.setLength(0);
    if (rules.style == Style.INTERNLM2) {
      String rest = cleanUp.push(run) + cleanUp.finish();
      run.setLength(0);
      run.append(rest);
    }
    write(run, out);
    run.setLength(0);
    index = 0;
    afterSpecial = false;
  }

  private void drain(StringBuilder out) {
    if (rules.style == Style.INTERNLM2) {
      write(cleanUp.push(run), out);
    } else {
      write(run, out);
    }
    run.setLength(0);
  }

  private void write(CharSequence text, StringBuilder out) {
    if (!text.isEmpty()) {
      if (!runIsOut) {
        join(out);
        runIsOut = true;
      }
      out.append(text);
    }
  }

  private void join(StringBuilder out) {
    if (segmentBefore) {
      out.append(' ');
    }
    segmentBefore = true;
  }
}
