package org.internvl4j.models;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// Runs the network for a session: tiles to image tokens, prompts into caches, one token after
/// another.
final class Generator implements AutoCloseable {
  /// Prompt tokens that go through the decoder together: enough to keep it busy, few enough to stay
  /// in cache.
  private static final int CHUNK = 512;

  private final InternVl net;
  private final Workspace steps;
  private final Workspace pictures;
  private final Map<String, Tensor> imageTokens = new HashMap<>();
  private final @Nullable DecodeStep[] decoding = new DecodeStep[1 + Drafts.MOST];
  private Workspace.@Nullable Mark decodingStart;

  /// @param steps where activations go; belongs to the caller
  Generator(InternVl net, Workspace steps) {
    this.net = net;
    this.steps = steps;
    this.pictures = new Workspace(net.decoder().device(), "session");
  }

  /// Encodes the tiles of a prompt that this session has not encoded before.
  ///
  /// @return how many those were
  int see(Prompt prompt, AnswerListener listener) {
    Map<String, Prompt.Tile> fresh = new LinkedHashMap<>();
    for (Prompt.Tile tile : prompt.tiles()) {
      if (!imageTokens.containsKey(tile.digest())) {
        fresh.put(tile.digest(), tile);
      }
    }
    int done = 0;
    for (Prompt.Tile tile : fresh.values()) {
      imageTokens.put(tile.digest(), see(tile));
      listener.tileEncoded(++done, fresh.size());
    }
    return done;
  }

  private Tensor see(Prompt.Tile tile) {
    Workspace.Mark mark = steps.mark();
    int side = tile.tiles().side();
    Tensor pixels = steps.of(tile.tiles().pixels(tile.index()), 1, 3, side, side);
    Tensor seen = net.tower().forward(pixels, net.config().visionBlocks(), x -> {});
    Tensor projected = net.projector().forward(seen);
    Tensor kept = pictures.activations(projected.dim(1), projected.dim(2));
    kept.copyFrom(projected.select(0, 0));
    steps.reset(mark);
    return kept;
  }

  /// Reads the prompt of a sequence from token `from` on and lets it choose its first token.
  void read(Sequence sequence, int from, AnswerListener listener) {
    Prompt prompt = sequence.prompt();
    KvCache cache = sequence.cache();
    for (int start = from; start < prompt.length(); start += CHUNK) {
      int rows = Math.min(CHUNK, prompt.length() - start);
      Workspace.Mark mark = steps.mark();
      Tensor x = embed(prompt, start, rows);
      Step step =
          net.decoder().step(List.of(new Step.Span(rows, cache, prompt.length())), steps).begin();
      Tensor y = net.decoder().forward(x, step, h -> {});
      step.advance();
      listener.promptRead(start + rows - from, prompt.length() - from);
      if (start + rows == prompt.length()) {
        sequence.choose(new Logits(net.decoder().logits(y.narrow(0, rows - 1, 1))), 0);
      }
      steps.reset(mark);
    }
  }

  /// Embeddings of tokens, image tokens in their places.
  Tensor embed(Prompt prompt, int start, int rows) {
    int[] ids = Arrays.copyOfRange(prompt.ids(), start, start + rows);
    Tensor x = net.decoder().embed(steps.on(net.decoder().device()).of(ids, rows));
    int place = 0;
    for (int i = 0; i < start; i++) {
      place += prompt.ids()[i] == prompt.imageToken() ? 1 : 0;
    }
    int perTile = prompt.tokensPerTile();
    for (int i = 0; i < rows; ) {
      if (ids[i] != prompt.imageToken()) {
        i++;
        continue;
      }
      int inTile = place % perTile;
      int run = Math.min(perTile - inTile, rows - i);
      Tensor tile = imageTokens.get(prompt.tiles().get(place / perTile).digest());
      if (tile == null) {
        throw new IllegalStateException("generator: a tile of the prompt was not seen");
      }
      x.narrow(0, i, run).copyFrom(tile.narrow(0, inTile, run));
      i += run;
      place += run;
    }
    return x;
  }

  /// One more token for each of some sequences, in one pass over the weights; for a single one also
  /// those that it guessed right. Allocates nothing from the second time on, while the sequences
  /// are the same.
  void advance(List<Sequence> sequences) {
    int guesses = sequences.size() == 1 ? sequences.getFirst().draft() : 0;
    DecodeStep step = decodeStep(sequences, guesses);
    for (int i = 0; i < sequences.size(); i++) {
      for (int row = 0; row <= guesses; row++) {
        step.put(i + row, sequences.get(i).row(row));
      }
    }
    Logits logits = step.run();
    for (int i = 0; i < sequences.size(); i++) {
      sequences.get(i).choose(logits, i, guesses);
    }
  }

  /// One is kept for each number of guesses; they are never in use together and share their memory.
  private DecodeStep decodeStep(List<Sequence> sequences, int guesses) {
    DecodeStep last = decoding[guesses];
    if (last != null && fits(last, sequences)) {
      return last;
    }
    if (decodingStart == null) {
      decodingStart = steps.mark();
    }
    steps.reset(decodingStart);
    List<Step.Span> spans =
        sequences.stream()
            .map(s -> new Step.Span(1 + guesses, s.cache(), s.prompt().length()))
            .toList();
    DecodeStep step = new DecodeStep(net, steps, spans);
    decoding[guesses] = step;
    return step;
  }

  private static boolean fits(DecodeStep step, List<Sequence> sequences) {
    boolean fits = step.sequences() == sequences.size();
    for (int i = 0; fits && i < sequences.size(); i++) {
      fits = step.fits(i, sequences.get(i));
    }
    return fits;
  }

  @Override
  public void close() {
    pictures.close();
  }
}
