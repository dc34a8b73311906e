package org.internvl4j.search;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.search.Entry.Stamp;

/// Small pictures, a model that looks at their pixels alone, and indices of vectors.
final class Drawn {
  static final int DIMENSION = 12;

  private Drawn() {}

  /// A picture of 2 × 2 pixels, no two seeds alike.
  static Picture picture(int seed) {
    byte[] rgb = new byte[DIMENSION];
    new SplittableRandom(seed).nextBytes(rgb);
    return Picture.ofRgb(2, 2, rgb);
  }

  /// Writes `NNNN.png` of seeds `0 … count - 1`.
  static Path folder(Path folder, int count) throws IOException {
    Files.createDirectories(folder);
    for (int seed = 0; seed < count; seed++) {
      Pictures.writePng(picture(seed), folder.resolve("%04d.png".formatted(seed)));
    }
    return folder;
  }

  /// A vector is a picture's pixels.
  static class Model implements IndexModel {
    int embedded; // how many pictures it has seen
    int opened;
    String weights = "of the pixels";
    String options = "";

    @Override
    public String name() {
      return "pixels";
    }

    @Override
    public Kind kind() {
      return Kind.VIT;
    }

    @Override
    public String options() {
      return options;
    }

    @Override
    public String files() {
      return "";
    }

    @Override
    public String weights() {
      return weights;
    }

    float[] vector(Picture picture) {
      return pixels(picture);
    }

    @Override
    public Embedder open() {
      opened++;
      return new Embedder() {
        @Override
        public Kind kind() {
          return Kind.VIT;
        }

        @Override
        public int dimension() {
          return DIMENSION;
        }

        @Override
        public float[] picture(Picture picture) {
          embedded++;
          return vector(picture);
        }

        @Override
        public float[] text(String text) {
          throw new AssertionError(text);
        }

        @Override
        public void close() {}
      };
    }
  }

  static float[] pixels(Picture picture) {
    byte[] rgb = picture.rgb();
    float[] vector = new float[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      vector[i] = rgb[i];
    }
    return vector;
  }

  static Indexed index(Path index, Model model, Path... folders) throws IOException {
    try (Indexer indexer = Indexer.open(index, model, IndexOptions.DEFAULT, IndexListener.NONE)) {
      return indexer.update(Arrays.asList(folders));
    }
  }

  /// Damages a byte.
  static void flip(Path file, long at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[(int) at] ^= 0x40;
    Files.write(file, bytes);
  }

  /// The files that an index is, by name.
  static Map<String, byte[]> bytes(Path index) {
    Map<String, byte[]> bytes = new TreeMap<>();
    try (Stream<Path> files = Files.list(index)) {
      for (Path file : files.toList()) {
        if (!file.endsWith(FolderLock.FILE)) {
          bytes.put(file.getFileName().toString(), Files.readAllBytes(file));
        }
      }
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Writes an index of vectors, whose paths are `names`; two of a name's content share a row.
  static void index(Path index, String[] names, float[][] vectors) throws IOException {
    Files.createDirectories(index);
    Manifest manifest = new Manifest("none", "", "", Kind.VIT, vectors[0].length, "[]", "", 1);
    manifest.write(index);
    try (Store store = Store.open(index, manifest, Store.Opener.SYSTEM, IndexListener.NONE)) {
      for (int i = 0; i < names.length; i++) {
        float[] unit = Embedder.unit(vectors[i]);
        store.add(names[i], new Stamp(i, i), new ContentHash(i, 0, 0, 0), unit);
      }
    }
  }

  /// Vectors around `centres` directions.
  static float[][] clusters(long seed, int count, int dimension, int centres, double spread) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] middle = new float[centres][dimension];
    for (float[] m : middle) {
      for (int i = 0; i < dimension; i++) {
        m[i] = (float) random.nextGaussian();
      }
    }
    float[][] vectors = new float[count][dimension];
    for (float[] v : vectors) {
      float[] m = middle[random.nextInt(centres)];
      for (int i = 0; i < dimension; i++) {
        v[i] = (float) (m[i] + spread * random.nextGaussian());
      }
    }
    return vectors;
  }
}
