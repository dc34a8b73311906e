package org.internvl4j.cli;

import java.util.List;
import java.util.Locale;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.Features;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.VisionModel;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.image.Tiling;
import org.jspecify.annotations.Nullable;

/// What turns pictures, or texts, into vectors: the part of a model that they are wanted of.
sealed interface Embedder extends AutoCloseable {
  /// What is written.
  enum What {
    /// All vectors of the tower's last block, class token first: `[N, 1 + P, C]`.
    TOWER,
    /// The class token alone, which is the tower's pooled output: `[N, C]`.
    CLASS,
    /// All but the class token: `[N, P, C]`.
    PATCHES,
    /// The mean of the patches: `[N, C]`.
    MEAN,
    /// The projected image tokens that a chat model's decoder sees: `[N, P/4, C]`.
    TOKENS,
    /// InternVL-C: in one space with texts, `[E]`.
    C,
    /// InternVL-G: the same, and what queries find: `[E]`.
    G,
    /// Of texts, what their encoder makes of every token: `[80, C]`.
    STATES;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// How a picture becomes tiles.
  enum Cut {
    /// Short side to S, the middle square: what the towers' own processor does.
    CENTER,
    /// Squeezed into one square.
    SQUEEZE,
    /// As for a chat.
    TILES
  }

  /// Numbers and their shape.
  record Embedded(int[] shape, float[] values) {}

  /// @param maxTiles null for the model's
  Embedded picture(Picture picture, Cut cut, @Nullable Integer maxTiles);

  /// @throws UsageException if this model, or this part of it, reads no texts
  default Embedded text(String text) {
    throw new UsageException("--text needs a model that puts texts into one space with pictures");
  }

  @Override
  void close();

  /// @param side of pictures in pixels, 0 for the model's
  static Embedder open(Checkpoint checkpoint, OpenOptions options, What what, int side) {
    if (what != What.TOKENS && what != What.C && what != What.G && what != What.STATES) {
      return new OfTower(VisionModel.open(checkpoint, options, side), what);
    }
    if (side != 0) {
      checkpoint.close();
      throw new UsageException("--size is for what the tower makes, not for --what " + what);
    }
    return what == What.TOKENS
        ? new OfChat(VisionLanguageModel.open(checkpoint, options))
        : new OfContrast(ContrastiveModel.open(checkpoint, options), what);
  }

  /// What the tower makes.
  record OfTower(VisionModel model, What what) implements Embedder {
    @Override
    public Embedded picture(Picture picture, Cut cut, @Nullable Integer maxTiles) {
      Tiles tiles =
          switch (cut) {
            case CENTER -> model.cropped(picture);
            case SQUEEZE -> model.squeezed(picture);
            case TILES -> Tiling.of(model.side(), maxTiles == null ? 12 : maxTiles).cut(picture);
          };
      Features all = model.features(tiles);
      return switch (what) {
        case CLASS -> vectors(all, 0, 1);
        case PATCHES -> rows(all, 1, all.rows() - 1);
        case MEAN -> vectors(all, 1, all.rows() - 1);
        default -> rows(all, 0, all.rows());
      };
    }

    /// Rows `from … from + n - 1` of every tile.
    private static Embedded rows(Features all, int from, int n) {
      int columns = all.columns();
      float[] values = new float[all.tiles().size() * n * columns];
      for (int i = 0; i < all.tiles().size(); i++) {
        System.arraycopy(all.tiles().get(i), from * columns, values, i * n * columns, n * columns);
      }
      return new Embedded(new int[] {all.tiles().size(), n, columns}, values);
    }

    /// The mean of rows `from … from + n - 1` of every tile.
    private static Embedded vectors(Features all, int from, int n) {
      int columns = all.columns();
      float[] values = new float[all.tiles().size() * columns];
      for (int i = 0; i < all.tiles().size(); i++) {
        for (int c = 0; c < columns; c++) {
          double sum = 0;
          for (int row = from; row < from + n; row++) {
            sum += all.tiles().get(i)[row * columns + c];
          }
          values[i * columns + c] = (float) (sum / n);
        }
      }
      return new Embedded(new int[] {all.tiles().size(), columns}, values);
    }

    @Override
    public void close() {
      model.close();
    }
  }

  /// What a chat model's decoder sees.
  record OfChat(VisionLanguageModel model) implements Embedder {
    @Override
    public Embedded picture(Picture picture, Cut cut, @Nullable Integer maxTiles) {
      Tiling tiling = maxTiles == null ? model.tiling() : model.tiling().withMaxTiles(maxTiles);
      Tiles tiles =
          cut == Cut.TILES
              ? tiling.cut(picture, model.config().normalization())
              : Tiling.squeeze(tiling.imageSize()).cut(picture, model.config().normalization());
      Features all = model.imageTokens(tiles);
      return OfTower.rows(all, 0, all.rows());
    }

    @Override
    public void close() {
      model.close();
    }
  }

  /// Pictures and texts in one space.
  record OfContrast(ContrastiveModel model, What what) implements Embedder {
    @Override
    public Embedded picture(Picture picture, Cut cut, @Nullable Integer maxTiles) {
      Tiles tiles =
          switch (cut) {
            case CENTER -> model.cropped(picture);
            case SQUEEZE -> model.squeezed(picture);
            case TILES ->
                throw new UsageException(
                    "--cut tiles is for towers and chat models, not for C and G");
          };
      ContrastiveModel.Mode mode =
          switch (what) {
            case C -> ContrastiveModel.Mode.C;
            case G -> ContrastiveModel.Mode.G;
            default ->
                throw new UsageException("--what " + what + " is for texts; name some with --text");
          };
      float[] feature = model.imageFeatures(tiles, mode).getFirst();
      return new Embedded(new int[] {feature.length}, feature);
    }

    @Override
    public Embedded text(String text) {
      if (what == What.STATES) {
        Features states = model.textStates(text);
        return new Embedded(new int[] {states.rows(), states.columns()}, states.tiles().getFirst());
      }
      float[] feature = model.textFeatures(List.of(text)).getFirst();
      return new Embedded(new int[] {feature.length}, feature);
    }

    @Override
    public void close() {
      model.close();
    }
  }
}
