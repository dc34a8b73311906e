package org.internvl4j.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.Features;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionModel;
import org.internvl4j.models.contrastive.ZeroShot;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.jspecify.annotations.Nullable;

/// What towers do with rows: a vector of the picture, or the classes that it resembles. One picture
/// after the other, each with all threads; others are decoded meanwhile.
final class Looking implements Worker.Skill {
  private static final int AT_ONCE = 8;

  /// A part of a model, and what is made with it.
  private interface Eye extends AutoCloseable {
    Tiles cut(Picture picture);

    Outcome see(Tiles tiles);

    /// See [Worker.Skill#with].
    @Nullable Eye with(Task task);

    @Override
    void close();
  }

  private final Eye eye;
  private final PictureReader reader;
  private final ReentrantLock turn;

  private Looking(Eye eye, PictureReader reader) {
    this(eye, reader, new ReentrantLock(true));
  }

  private Looking(Eye eye, PictureReader reader, ReentrantLock turn) {
    this.eye = eye;
    this.reader = reader;
    this.turn = turn;
  }

  static Looking embedding(
      Checkpoint checkpoint, OpenOptions options, Task.Vectors vectors, PictureReader reader) {
    return new Looking(
        switch (vectors) {
          case CLASS, MEAN -> new Tower(VisionModel.open(checkpoint, options, 0), vectors);
          case C -> contrast(checkpoint, options, ContrastiveModel.Mode.C);
          case G -> contrast(checkpoint, options, ContrastiveModel.Mode.G);
          case STATES -> throw new AssertionError("a decoder's");
        },
        reader);
  }

  private static Eye contrast(
      Checkpoint checkpoint, OpenOptions options, ContrastiveModel.Mode mode) {
    return new Contrast(ContrastiveModel.open(checkpoint, options), mode);
  }

  static Looking classifying(
      Checkpoint checkpoint, OpenOptions options, Task.Classifying task, PictureReader reader) {
    ContrastiveModel model = ContrastiveModel.open(checkpoint, options);
    try {
      return new Looking(Classes.of(model, task), reader);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  @Override
  public @Nullable Looking with(Task task) {
    turn.lock(); // texts are read by the model, too
    try {
      Eye other = eye.with(task);
      return other == null ? null : new Looking(other, reader, turn);
    } finally {
      turn.unlock();
    }
  }

  @Override
  public int atOnce() {
    return AT_ONCE;
  }

  @Override
  public Outcome work(Row.Item item) throws InterruptedException {
    if (item.pictures().size() > 1) {
      throw new IllegalArgumentException(
          "row: has " + item.pictures().size() + " pictures, expected one");
    }
    Tiles tiles = reader.read(item, pictures -> eye.cut(pictures.getFirst()));
    turn.lockInterruptibly();
    try {
      return eye.see(tiles);
    } finally {
      turn.unlock();
    }
  }

  @Override
  public void close() {
    turn.lock();
    try {
      eye.close();
    } finally {
      turn.unlock();
    }
  }

  /// The tower alone.
  private record Tower(VisionModel model, Task.Vectors vectors) implements Eye {
    @Override
    public Tiles cut(Picture picture) {
      return model.cropped(picture);
    }

    @Override
    public Outcome see(Tiles tiles) {
      Features all = model.features(tiles);
      float[] rows = all.tiles().getFirst();
      int from = vectors == Task.Vectors.CLASS ? 0 : 1;
      int to = vectors == Task.Vectors.CLASS ? 1 : all.rows();
      float[] mean = new float[all.columns()];
      for (int c = 0; c < mean.length; c++) {
        double sum = 0;
        for (int row = from; row < to; row++) {
          sum += rows[row * mean.length + c];
        }
        mean[c] = (float) (sum / (to - from));
      }
      return new Outcome.Embedded(mean, 0);
    }

    @Override
    public @Nullable Eye with(Task task) {
      return task instanceof Task.Embedding(Task.Vectors other)
              && (other == Task.Vectors.CLASS || other == Task.Vectors.MEAN)
          ? new Tower(model, other)
          : null;
    }

    @Override
    public void close() {
      model.close();
    }
  }

  /// Pictures and texts in one space.
  private record Contrast(ContrastiveModel model, ContrastiveModel.Mode mode) implements Eye {
    @Override
    public Tiles cut(Picture picture) {
      return model.squeezed(picture);
    }

    float[] feature(Tiles tiles) {
      return model.imageFeatures(tiles, mode).getFirst();
    }

    @Override
    public Outcome see(Tiles tiles) {
      return new Outcome.Embedded(feature(tiles), 0);
    }

    @Override
    public @Nullable Eye with(Task task) {
      return switch (task) {
        case Task.Classifying classifying -> Classes.of(model, classifying);
        case Task.Embedding(Task.Vectors vectors) ->
            switch (vectors) {
              case C -> new Contrast(model, ContrastiveModel.Mode.C);
              case G -> new Contrast(model, ContrastiveModel.Mode.G);
              case CLASS, MEAN, STATES -> null;
            };
        case Task.Asking _ -> null;
      };
    }

    @Override
    public void close() {
      model.close();
    }
  }

  /// Classes that are described in words.
  private record Classes(Contrast contrast, ZeroShot classes, int top) implements Eye {
    static Classes of(ContrastiveModel model, Task.Classifying task) {
      List<float[]> vectors = new ArrayList<>();
      for (String name : task.prompts().classes()) {
        vectors.add(ZeroShot.vector(model.textFeatures(task.prompts().about(name))));
      }
      ZeroShot classes = new ZeroShot(task.prompts().classes(), vectors);
      return new Classes(new Contrast(model, task.mode()), classes, task.top());
    }

    @Override
    public Tiles cut(Picture picture) {
      return contrast.model().cropped(picture);
    }

    @Override
    public Outcome see(Tiles tiles) {
      List<ZeroShot.Guess> guesses = classes.classify(contrast.feature(tiles));
      return new Outcome.Classified(guesses.subList(0, Math.min(top, guesses.size())));
    }

    @Override
    public @Nullable Eye with(Task task) {
      return contrast.with(task);
    }

    @Override
    public void close() {
      contrast.close();
    }
  }
}
