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
  /// Prompt tokens that go through the decoder together, unless the device asks for more: enough to
  /// keep it busy, few enough to stay in cache.
  private static final int CHUNK = 512;

  /// Tiles of a picture: the default limit and the thumbnail.
  private static final int MOST_TILES = 13;

  private final InternVl net;
  private final int chunk;
  private final int together; // tiles
  private final Workspace steps;
  private final Workspace pictures;
  private final TilePixels pixels;
  private final Map<String, Tensor> imageTokens = new HashMap<>();
  private final @Nullable VisionStep[] seeing; // by number of tiles
  private final @Nullable DecodeStep[] decoding = new DecodeStep[1 + Drafts.MOST];
  private final Workspace[] decodingInputs = new Workspace[decoding.length];
  private Workspace.@Nullable Mark decodingStart;

  /// @param steps where activations go; belongs to the caller
  Generator(InternVl net, Workspace steps) {
    int rows = net.decoder().device().rows();
    this.net = net;
    this.chunk = Math.max(CHUNK, rows);
    this.together = Math.clamp(rows / net.tower().rows(), 1, MOST_TILES);
    this.seeing = new VisionStep[1 + together];
    this.steps = steps;
    this.pictures = new Workspace(net.decoder().device(), "session");
    this.pixels = new TilePixels(steps.device());
    for (int i = 0; i < decodingInputs.length; i++) {
      decodingInputs[i] = new Workspace(steps.device(), "session");
    }
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
    List<Prompt.Tile> tiles = List.copyOf(fresh.values());
    for (int done = 0; done < tiles.size(); ) {
      List<Prompt.Tile> next = tiles.subList(done, Math.min(done + together, tiles.size()));
      Tensor tokens = encode(next);
      for (int i = 0; i < next.size(); i++) {
        imageTokens.put(next.get(i).digest(), tokens.select(0, i));
        listener.tileEncoded(++done, tiles.size());
      }
    }
    pixels.clear();
    return tiles.size();
  }

  /// @param tiles at most [#together]
  /// @return `[N, P/4, C]`, kept as long as the session
  private Tensor encode(List<Prompt.Tile> tiles) {
    Workspace.Mark mark = steps.mark();
    Tensor tokens =
        together == 1 ? encode(tiles.getFirst()) : visionStep(tiles.size()).run(tiles, pixels);
    Tensor kept = pictures.activations(tokens.shape().toArray()).copyFrom(tokens);
    steps.reset(mark);
    return kept;
  }

  /// One tile that keeps the device busy: kernel after kernel, so that it can be cancelled between
  /// any two and others may compute in turn.
  private Tensor encode(Prompt.Tile tile) {
    int side = tile.tiles().side();
    Tensor pixels = steps.of(tile.tiles().pixels(tile.index()), 1, 3, side, side);
    return net.projector()
        .forward(net.tower().forward(pixels, net.config().visionBlocks(), x -> {}));
  }

  /// One is kept for each number of tiles; they are never in use together and share their memory.
  private VisionStep visionStep(int tiles) {
    VisionStep step = seeing[tiles];
    if (step == null) {
      step = new VisionStep(net, steps, tiles);
      seeing[tiles] = step;
    }
    return step;
  }

  /// Reads the prompt of a sequence from token `from` on and lets it choose its first token.
  void read(Sequence sequence, int from, AnswerListener listener) {
    Prompt prompt = sequence.prompt();
    KvCache cache = sequence.cache();
    for (int start = from; start < prompt.length(); start += chunk) {
      int rows = Math.min(chunk, prompt.length() - start);
      Workspace.Mark mark = steps.mark();
      Tensor x = embed(prompt, start, rows);
      Step step =
          net.decoder().step(List.of(new Step.Span(rows, cache, prompt.length())), steps).begin();
      Tensor y = net.decoder().forward(x, step, h -> {});
      step.advance();
      listener.promptRead(start + rows - from, prompt.length() - from);
      if (start + rows == prompt.length()) {
        sequence.take(first(sequence, net.decoder().logits(y.narrow(0, rows - 1, 1))).fetch(), 0);
      }
      steps.reset(mark);
    }
  }

  /// Chooses the first token of an answer.
  private static Logits first(Sequence sequence, Tensor logits) {
    if (sequence.options().takesLikeliest()) {
      return new Logits(logits, logits.argMax());
    }
    Workspace here = logits.workspace();
    Sampler sampler = new Sampler(1, logits.dim(1), here);
    sampler.follow(0, sequence.options(), sequence.made());
    return new Logits(logits, sampler.choose(logits, here.of(new int[1], 1)));
  }

  /// Embeddings of tokens, image tokens in their places.
  Tensor embed(Prompt prompt, int start, int rows) {
    int[] ids = Arrays.copyOfRange(prompt.ids(), start, start + rows);
    Tensor x = net.decoder().embed(steps.on(net.decoder().device()).of(known(ids), rows));
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

  /// The ids, with another where an image token goes whose id may be none of the vocabulary.
  private int[] known(int[] ids) {
    int vocabulary = net.config().language().vocabSize();
    return Arrays.stream(ids).map(id -> id < vocabulary ? id : 0).toArray();
  }

  /// One more token for each of some sequences, in one pass over the weights; for a single one also
  /// those that it guessed right. Allocates nothing from the second time on, while the sequences
  /// are the same.
  void advance(List<Sequence> sequences) {
    int guesses = sequences.size() == 1 ? sequences.getFirst().draft() : 0;
    DecodeStep step = decodeStep(sequences, guesses);
    for (int i = 0; i < sequences.size(); i++) {
      step.follow(i, sequences.get(i));
      for (int row = 0; row <= guesses; row++) {
        step.put(i + row, sequences.get(i).row(row));
      }
    }
    Logits logits = step.run();
    for (int i = 0; i < sequences.size(); i++) {
      sequences.get(i).take(logits, i, guesses);
    }
  }

  /// One is kept for each number of guesses; they are never in use together and share the memory of
  /// their activations.
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
    decodingInputs[guesses].reset();
    boolean draws = !sequences.stream().allMatch(s -> s.options().takesLikeliest());
    DecodeStep step = new DecodeStep(net, decodingInputs[guesses], steps, spans, draws);
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
    pixels.close();
    List.of(decodingInputs).forEach(Workspace::close);
  }
}
