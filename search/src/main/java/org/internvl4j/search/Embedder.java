package org.internvl4j.search;

import java.util.List;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.Features;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionModel;
import org.internvl4j.models.contrastive.ContrastiveConfig;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;

/// What turns pictures, and maybe texts, into vectors. The caller closes it. One thread at a time.
public interface Embedder extends AutoCloseable {
  /// What the vectors are.
  Kind kind();

  /// Numbers a vector.
  int dimension();

  /// @return a vector of any length; an index keeps its direction
  float[] picture(Picture picture);

  /// @return a vector of any length
  /// @throws SearchException if this model has none for texts
  float[] text(String text);

  @Override
  void close();

  /// What a model can make: C if it puts pictures and texts into one space, else VIT.
  static Kind kindOf(Checkpoint checkpoint) {
    return ContrastiveConfig.isOf(checkpoint.config()) ? Kind.C : Kind.VIT;
  }

  /// Opens the part of a model that makes one kind of vectors.
  ///
  /// @param checkpoint belongs to the embedder from now on, also if opening fails
  static Embedder open(Checkpoint checkpoint, OpenOptions options, Kind kind) {
    return switch (kind) {
      case C -> new OfContrast(ContrastiveModel.open(checkpoint, options), kind);
      case G -> new OfContrast(ContrastiveModel.open(checkpoint, options), kind);
      case VIT -> new OfTower(VisionModel.open(checkpoint, options, 0));
    };
  }

  /// Pictures and texts in one space; a whole picture is squeezed into the model's square.
  record OfContrast(ContrastiveModel model, Kind kind) implements Embedder {
    @Override
    public int dimension() {
      return model.config().clipEmbedDim();
    }

    @Override
    public float[] picture(Picture picture) {
      ContrastiveModel.Mode mode =
          kind == Kind.G ? ContrastiveModel.Mode.G : ContrastiveModel.Mode.C;
      return model.imageFeatures(model.squeezed(picture), mode).getFirst();
    }

    @Override
    public float[] text(String text) {
      return model.textFeatures(List.of(text)).getFirst();
    }

    @Override
    public void close() {
      model.close();
    }
  }

  /// The mean of a tower's patches, of a whole picture squeezed into the tower's square.
  record OfTower(VisionModel model) implements Embedder {
    @Override
    public Kind kind() {
      return Kind.VIT;
    }

    @Override
    public int dimension() {
      return model.config().hiddenSize();
    }

    @Override
    public float[] picture(Picture picture) {
      Features all = model.features(model.squeezed(picture));
      float[] rows = all.tiles().getFirst();
      int columns = all.columns();
      float[] mean = new float[columns];
      for (int c = 0; c < columns; c++) {
        double sum = 0;
        for (int row = 1; row < all.rows(); row++) { // behind the class token
          sum += rows[row * columns + c];
        }
        mean[c] = (float) (sum / (all.rows() - 1));
      }
      return mean;
    }

    @Override
    public float[] text(String text) {
      throw new SearchException(noTexts(model.name()));
    }

    @Override
    public void close() {
      model.close();
    }
  }

  /// Why a text finds nothing.
  ///
  /// @param what a model or an index
  static String noTexts(String what) {
    return what
        + ": has features of InternViT, which know pictures alone; search by a picture, or index"
        + " with InternVL-14B, whose C and G know texts";
  }

  /// A vector's direction.
  ///
  /// @return of length 1, or null where there is none: all zeros, or not numbers
  static float @Nullable [] unit(float[] vector) {
    double squares = 0;
    for (float v : vector) {
      squares += (double) v * v;
    }
    if (!(squares > 0) || Double.isInfinite(squares)) {
      return null;
    }
    float[] unit = new float[vector.length];
    double scale = 1 / Math.sqrt(squares);
    for (int i = 0; i < unit.length; i++) {
      unit[i] = (float) (vector[i] * scale);
    }
    return unit;
  }
}
