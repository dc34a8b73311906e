package org.internvl4j.search;

import java.io.IOException;
import java.util.function.Supplier;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.OpenOptions;
import org.jspecify.annotations.Nullable;

/// The model that an index is made with: what it is, and how to open it once it is needed.
public interface IndexModel {
  /// What the user calls it, for [Index#model].
  String name();

  /// What its vectors are.
  Kind kind();

  /// What else changes them, in words.
  String options();

  /// What is compared before weights are read; empty if nothing can be.
  String files() throws IOException;

  /// What tells its weights from others.
  String weights() throws IOException;

  /// Opens it; the caller closes it.
  Embedder open();

  /// A model by its checkpoint.
  ///
  /// @param checkpoint opens it, each time anew
  /// @param kind null for what the model can make, [Embedder#kindOf]
  static IndexModel of(
      String name, Supplier<Checkpoint> checkpoint, OpenOptions options, @Nullable Kind kind) {
    if (!options.adapters().isEmpty()) {
      throw new IllegalArgumentException(
          "index: adapters change vectors and are not among what an index is bound to");
    }
    Kind made = kind;
    if (made == null) {
      try (Checkpoint c = checkpoint.get()) {
        made = Embedder.kindOf(c);
      }
    }
    return new OfCheckpoint(name, made, checkpoint, options);
  }

  /// @see #of
  record OfCheckpoint(String name, Kind kind, Supplier<Checkpoint> checkpoint, OpenOptions opening)
      implements IndexModel {
    @Override
    public String options() {
      return switch (kind) { // a tower stays as it is stored
        case C, G -> opening.weights().toString();
        case VIT -> "";
      };
    }

    @Override
    public String files() throws IOException {
      try (Checkpoint c = checkpoint.get()) {
        return WeightFiles.stamp(c);
      }
    }

    @Override
    public String weights() {
      try (Checkpoint c = checkpoint.get()) {
        return c.sha256();
      }
    }

    @Override
    public Embedder open() {
      return Embedder.open(checkpoint.get(), opening, kind);
    }
  }

  /// [#weights], or what is known of files that have not changed.
  default String weights(Manifest known) throws IOException {
    String files = files();
    return !files.isEmpty() && files.equals(known.files()) ? known.weights() : weights();
  }
}
