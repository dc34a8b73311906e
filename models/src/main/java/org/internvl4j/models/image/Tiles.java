package org.internvl4j.models.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.internvl4j.loader.Digests;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// The tiles that a vision tower reads: N squares of S pixels a side, in order.
///
/// Made from pictures, they keep the bytes and normalise when asked, and those that a picture is
/// cut into are made when asked; made from a tensor, they keep its values. Immutable and safe for
/// use by many threads.
public final class Tiles {
  private final int side;
  private final List<Tile> tiles;
  private @Nullable String digest;

  private Tiles(int side, List<Tile> tiles) {
    this.side = side;
    this.tiles = List.copyOf(tiles);
  }

  /// Tiles from square pictures, all of the same size.
  ///
  /// @throws IllegalArgumentException if there is none, or one has another size
  public static Tiles of(List<Picture> pictures, Normalization normalization) {
    if (pictures.isEmpty()) {
      throw new IllegalArgumentException("tiles: expected at least one picture, found none");
    }
    int side = pictures.getFirst().width();
    List<Tile> tiles = new ArrayList<>();
    for (Picture picture : pictures) {
      if (picture.width() != side || picture.height() != side) {
        throw new IllegalArgumentException(
            "tiles: expected %d x %d pixels in tile %d, found %d x %d"
                .formatted(side, side, tiles.size(), picture.width(), picture.height()));
      }
      tiles.add(new Rgb(picture, normalization));
    }
    return new Tiles(side, tiles);
  }

  /// Tiles that a picture is cut into.
  static Tiles of(Cutting cutting, int side) {
    List<Tile> tiles = new ArrayList<>();
    for (int i = 0; i < cutting.count(); i++) {
      tiles.add(new Cut(cutting, i));
    }
    return new Tiles(side, tiles);
  }

  /// Tiles from RGB bytes.
  ///
  /// @param rgb `[count, side, side, 3]`, copied
  /// @throws IllegalArgumentException if `rgb` has another length
  public static Tiles ofRgb(byte[] rgb, int count, int side, Normalization normalization) {
    int size = checkedSize(rgb.length, count, side, "rgb");
    List<Tile> tiles = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] tile = Arrays.copyOfRange(rgb, i * size, (i + 1) * size);
      tiles.add(new Rgb(Picture.owning(side, side, tile), normalization));
    }
    return new Tiles(side, tiles);
  }

  /// Tiles from values that are normalised already, such as the `pixel_values` of the reference.
  ///
  /// @param pixels `[count, 3, side, side]`, copied
  /// @throws IllegalArgumentException if `pixels` has another length
  public static Tiles ofPixels(float[] pixels, int count, int side) {
    int size = checkedSize(pixels.length, count, side, "pixels");
    List<Tile> tiles = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      tiles.add(new Values(Arrays.copyOfRange(pixels, i * size, (i + 1) * size)));
    }
    return new Tiles(side, tiles);
  }

  /// All tiles of all parts, in order.
  ///
  /// @throws IllegalArgumentException if there is no part, or their sides differ
  public static Tiles concat(List<Tiles> parts) {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("tiles: expected at least one part, found none");
    }
    int side = parts.getFirst().side;
    List<Tile> all = new ArrayList<>();
    for (Tiles part : parts) {
      if (part.side != side) {
        throw new IllegalArgumentException(
            "tiles: cannot join tiles of side %d and of side %d".formatted(side, part.side));
      }
      all.addAll(part.tiles);
    }
    return new Tiles(side, all);
  }

  private static int checkedSize(int length, int count, int side, String name) {
    if (count < 1 || side < 1 || length != 3L * side * side * count) {
      throw new IllegalArgumentException(
          "tiles: %s of %d tiles of side %d has %d values, found %d"
              .formatted(name, count, side, 3L * side * side * count, length));
    }
    return length / count;
  }

  /// Number of tiles, N.
  public int count() {
    return tiles.size();
  }

  /// Side of a tile in pixels, S.
  public int side() {
    return side;
  }

  /// Tiles `from` to `to` (exclusive) alone; nothing is copied.
  public Tiles slice(int from, int to) {
    if (from < 0 || to > count() || from >= to) {
      throw new IllegalArgumentException(
          "tiles: no tiles %d to %d among %d".formatted(from, to, count()));
    }
    return new Tiles(side, tiles.subList(from, to));
  }

  /// Whether [#rgb] and [#picture] know this tile: it was made from a picture.
  public boolean hasRgb(int tile) {
    return !(tiles.get(tile) instanceof Values);
  }

  /// The bytes of one tile, `[S, S, 3]`, a copy.
  ///
  /// @throws IllegalStateException if the tile was made from a tensor
  public byte[] rgb(int tile) {
    return picture(tile).rgb();
  }

  /// One tile as a picture.
  ///
  /// @throws IllegalStateException if the tile was made from a tensor
  public Picture picture(int tile) {
    return switch (tiles.get(tile)) {
      case Rgb(Picture picture, Normalization _) -> picture;
      case Cut(Cutting cutting, int index) -> cutting.tiles().get(index);
      case Values _ ->
          throw new IllegalStateException(
              "tiles: tile %d was made from a tensor and has no RGB bytes".formatted(tile));
    };
  }

  /// The normalised values of one tile, `[3, S, S]`, a copy.
  public float[] pixels(int tile) {
    return switch (tiles.get(tile)) {
      case Rgb(Picture picture, Normalization normalization) -> normalise(picture, normalization);
      case Cut(Cutting cutting, int index) ->
          normalise(cutting.tiles().get(index), cutting.normalization());
      case Values(float[] pixels) -> pixels.clone();
    };
  }

  private static float[] normalise(Picture picture, Normalization normalization) {
    byte[] rgb = picture.raw();
    int plane = rgb.length / 3;
    float[] pixels = new float[rgb.length];
    for (int channel = 0; channel < 3; channel++) {
      float[] table = normalization.table(channel);
      int out = channel * plane;
      for (int i = channel; i < rgb.length; i += 3) {
        pixels[out++] = table[rgb[i] & 255];
      }
    }
    return pixels;
  }

  /// The normalised values of all tiles on a device: made there if these are all tiles of a picture
  /// that nobody has asked for before, else copied. The numbers are the same.
  ///
  /// @param workspace where they go, and what they are made from
  /// @return `[N, 3, S, S]`, f32 or activations
  public Tensor pixels(Workspace workspace) {
    if (tiles.getFirst() instanceof Cut(Cutting cutting, int index)
        && index == 0
        && tiles.getLast().equals(new Cut(cutting, count() - 1))
        && count() == cutting.count()) {
      Picture source = cutting.source();
      if (source != null) {
        return cutting.cut(source, workspace);
      }
    }
    Tensor y = workspace.allocate(DType.F32, count(), 3, side, side);
    for (int tile = 0; tile < count(); tile++) {
      y.select(0, tile).fromHost(MemorySegment.ofArray(pixels(tile)));
    }
    return y;
  }

  /// Writes the normalised values of all tiles, `[N, 3, S, S]` float32, to the start of `target`.
  ///
  /// @param target at least `4 · N · 3 · S · S` bytes
  /// @throws IndexOutOfBoundsException if `target` is smaller
  public void writeTo(MemorySegment target) {
    long bytes = 12L * side * side;
    for (int tile = 0; tile < count(); tile++) {
      float[] pixels = tiles.get(tile) instanceof Values(float[] values) ? values : pixels(tile);
      MemorySegment.copy(
          pixels, 0, target, ValueLayout.JAVA_FLOAT_UNALIGNED, tile * bytes, pixels.length);
    }
  }

  /// Cuts what is still to be cut, on this thread; whole pictures are let go.
  public void cut() {
    for (Tile tile : tiles) {
      if (tile instanceof Cut(Cutting cutting, _)) {
        cutting.tiles();
      }
    }
  }

  /// Bytes of the samples, once [#cut].
  public long bytes() {
    long samples = 3L * side * side * count();
    return tiles.getFirst() instanceof Values ? samples * Float.BYTES : samples;
  }

  /// What tells these tiles from all others: SHA-256 of side, samples or the picture and how it is
  /// cut, and normalisation, 64 lower-case hexadecimal digits; computed once. Tiles that differ in
  /// how they were made may differ in this alone.
  public String digest() {
    String known = digest;
    if (known == null) {
      MessageDigest hash = Digests.sha256();
      hash.update(ByteBuffer.allocate(8).putInt(side).putInt(count()).flip());
      for (Tile tile : tiles) {
        tile.addTo(hash);
      }
      known = HexFormat.of().formatHex(hash.digest());
      digest = known;
    }
    return known;
  }

  @Override
  public String toString() {
    return count() + " tiles of " + side + " x " + side;
  }

  private sealed interface Tile {
    void addTo(MessageDigest hash);
  }

  private record Rgb(Picture picture, Normalization normalization) implements Tile {
    @Override
    public void addTo(MessageDigest hash) {
      ByteBuffer head = ByteBuffer.allocate(1 + 24).put((byte) 'u');
      normalization.addTo(head);
      hash.update(head.flip());
      hash.update(picture.raw());
    }
  }

  private record Cut(Cutting cutting, int index) implements Tile {
    @Override
    public void addTo(MessageDigest hash) {
      ByteBuffer head = ByteBuffer.allocate(1 + 24 + 4).put((byte) 'c');
      cutting.normalization().addTo(head);
      hash.update(head.putInt(index).flip());
      hash.update(cutting.digest().getBytes(StandardCharsets.UTF_8));
    }
  }

  private record Values(float[] pixels) implements Tile {
    @Override
    public void addTo(MessageDigest hash) {
      ByteBuffer bytes = ByteBuffer.allocate(1 + 4 * pixels.length).put((byte) 'f');
      bytes.asFloatBuffer().put(pixels);
      hash.update(bytes.rewind());
    }
  }
}
