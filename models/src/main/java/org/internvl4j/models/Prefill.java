package org.internvl4j.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.models.nn.Layer;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// Brings prompts into caches: tiles become image tokens, then all goes through the decoder, chunk
/// by chunk, up to the first token of the answer.
final class Prefill implements AutoCloseable {
  /// Tiles of a picture: the default limit and the thumbnail.
  private static final int MOST_TILES = 13;

  private final InternVl net;
  private final int chunk;
  private final int together; // tiles
  private final Workspace steps;
  private final ImageTokens imageTokens;
  private final TilePixels pixels;
  private final @Nullable VisionStep[] seeing; // by number of tiles

  /// @param chunk prompt tokens that go through the decoder together
  /// @param steps where activations go; belongs to the caller
  /// @param imageTokens of tiles that were seen; belongs to the caller
  Prefill(InternVl net, int chunk, Workspace steps, ImageTokens imageTokens) {
    int rows = net.decoder().device().rows();
    this.net = net;
    this.chunk = chunk;
    this.together = Math.clamp(rows / net.tower().rows(), 1, MOST_TILES);
    this.seeing = new VisionStep[1 + together];
    this.steps = steps;
    this.imageTokens = imageTokens;
    this.pixels = new TilePixels(steps.device());
  }

  // ---- tiles

  /// Encodes the tiles of a prompt that have not been seen before.
  ///
  /// @return how many those were
  int see(Prompt prompt, AnswerListener listener) {
    List<Prompt.Tile> tiles = unseen(prompt, 0);
    for (int done = 0; done < tiles.size(); ) {
      List<Prompt.Tile> next = group(tiles, done);
      seeing(next).finish();
      for (int i = 0; i < next.size(); i++) {
        listener.tileEncoded(++done, tiles.size());
      }
    }
    pixels.clear();
    return tiles.size();
  }

  /// The tiles that have to be seen before a prompt can be read from token `from` on, each once.
  List<Prompt.Tile> unseen(Prompt prompt, int from) {
    Map<String, Prompt.Tile> fresh = new LinkedHashMap<>();
    for (Prompt.Tile tile : prompt.tilesFrom(from)) {
      if (!imageTokens.has(tile.digest())) {
        fresh.put(tile.digest(), tile);
      }
    }
    return List.copyOf(fresh.values());
  }

  /// Those from `done` on that go through the tower together.
  List<Prompt.Tile> group(List<Prompt.Tile> tiles, int done) {
    return tiles.subList(done, Math.min(done + together, tiles.size()));
  }

  /// Encodes some tiles and keeps their image tokens.
  ///
  /// One tile keeps a CPU busy: it goes layer by layer, so that it can be cancelled between any two
  /// kernels and others may compute in turn. Where several are needed for that, their pass is
  /// recorded and one piece.
  ///
  /// @param tiles a [#group]
  Pieces seeing(List<Prompt.Tile> tiles) {
    Workspace.Mark mark = steps.mark();
    return new Pieces(
        () ->
            together == 1 ? pixels(tiles.getFirst()) : visionStep(tiles.size()).run(tiles, pixels),
        together == 1 ? vision() : List.of(),
        tokens -> {
          for (int i = 0; i < tiles.size(); i++) {
            imageTokens.add(tiles.get(i).digest(), tokens.select(0, i));
          }
          steps.reset(mark);
        });
  }

  private Tensor pixels(Prompt.Tile tile) {
    int side = tile.tiles().side();
    return steps.of(tile.tiles().pixels(tile.index()), 1, 3, side, side);
  }

  private List<Layer> vision() {
    List<Layer> layers = new ArrayList<>(net.tower().layers(net.config().visionBlocks()));
    layers.add(new Layer(net.projector().device(), net.projector()::forward));
    return layers;
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

  // ---- tokens

  /// Reads the prompt of a sequence from token `from` on and lets it choose its first token.
  void read(Sequence sequence, int from, AnswerListener listener) {
    int length = sequence.prompt().length();
    for (int start = from; start < length; start += chunk) {
      int done = Math.min(start + chunk, length) - from;
      reading(sequence, start, null, () -> listener.promptRead(done, length - from)).finish();
    }
  }

  /// Reads a chunk of a prompt; the last one lets the sequence choose its first token.
  ///
  /// @param start its first token; all before it have been read
  /// @param pooled gets the states of all tokens in place of that; null for a prompt that is to be
  ///   answered
  /// @param read hears that the chunk has been read, before that token is chosen
  Pieces reading(Sequence sequence, int start, @Nullable Pooled pooled, Runnable read) {
    Prompt prompt = sequence.prompt();
    int rows = Math.min(chunk, prompt.length() - start);
    KvCache cache = sequence.cache();
    Workspace.Mark mark = steps.mark();
    Step step = net.decoder().step(List.of(new Step.Span(rows, cache, prompt.length())), steps);
    return new Pieces(
        () -> {
          step.begin();
          return embed(prompt, start, rows);
        },
        net.decoder().layers(step),
        x -> {
          step.advance();
          read.run();
          boolean isLast = start + rows == prompt.length();
          if (pooled != null) {
            pooled.add(net.decoder().norm().forward(x));
            if (isLast) {
              sequence.end(Answer.Finish.STOP);
            }
          } else if (isLast) {
            Tensor last = net.decoder().norm().forward(x.narrow(0, rows - 1, 1));
            sequence.take(first(sequence, net.decoder().logits(last)).fetch(), 0);
          }
          steps.reset(mark);
        });
  }

  /// Chooses the first token of an answer.
  private static Logits first(Sequence sequence, Tensor logits) {
    Workspace here = logits.workspace();
    Tensor ranked = logits;
    if (sequence.isBiased()) {
      Bias bias = new Bias(1, logits.dim(1), here);
      bias.follow(0, sequence);
      ranked = bias.addTo(logits);
    }
    if (sequence.options().takesLikeliest()) {
      return new Logits(logits, ranked.argMax());
    }
    Sampler sampler = new Sampler(1, logits.dim(1), here);
    sampler.follow(0, sequence.options(), sequence.made());
    return new Logits(logits, sampler.choose(ranked, here.of(new int[1], 1)));
  }

  /// Embeddings of tokens, image tokens in their places.
  Tensor embed(Prompt prompt, int start, int rows) {
    int[] ids = Arrays.copyOfRange(prompt.ids(), start, start + rows);
    Tensor x = net.decoder().embed(steps.on(net.decoder().device()).of(known(ids), rows));
    int place = prompt.placesBefore(start);
    int perTile = prompt.tokensPerTile();
    for (int i = 0; i < rows; ) {
      if (ids[i] != prompt.imageToken()) {
        i++;
        continue;
      }
      int inTile = place % perTile;
      int run = Math.min(perTile - inTile, rows - i);
      Tensor tile = imageTokens.of(prompt.tiles().get(place / perTile).digest());
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

  @Override
  public void close() {
    pixels.close();
  }
}
