package org.internvl4j.search;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;

/// What an index is bound to: `index.json`.
///
/// @param model what the user called the model: a folder, a name, `demo`
/// @param weights SHA-256 of it, [org.internvl4j.loader.Checkpoint#sha256()]
/// @param files names, sizes and times of the files of weights, [WeightFiles#stamp]: while they are
///   the same, so are the weights
/// @param kind what the vectors are
/// @param dimension C, numbers a vector
/// @param options what else changes vectors, in words
/// @param numbers what their last bits depend on, in words; empty if it was not said
/// @param generation of the log and the vectors, in the names of their files; counts from 1
record Manifest(
    String model,
    String weights,
    String files,
    Kind kind,
    int dimension,
    String options,
    String numbers,
    int generation) {
  static final String FILE = "index.json";
  static final int MOST_DIMENSION = 1 << 16;
  private static final int FORMAT = 1;
  private static final String NUMBERS = "numbers"; // not in those of older versions
  private static final int MOST_BYTES = 1 << 20;

  /// @throws SearchException if there is none, or none that can be understood
  static Manifest read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw damaged(file, "is too long for a manifest");
      }
      return of(Json.parse(Files.readAllBytes(file), file.toString()));
    } catch (NoSuchFileException e) {
      throw new SearchException(
          folder + ": is no index, it has no " + FILE + "; 'internvl index' makes one", e);
    } catch (CheckpointException e) {
      throw new SearchException(e.getMessage() + "; make the index anew", e);
    }
  }

  private static Manifest of(Json json) {
    Json format = json.at("format");
    if (format.asInt() != FORMAT) {
      throw format.wrong(FORMAT + ", which this version writes");
    }
    Json kind = json.at("vectors");
    Json dimension = json.at("dimension");
    Json generation = json.at("generation");
    if (dimension.asInt() < 1 || dimension.asInt() > MOST_DIMENSION) {
      throw dimension.wrong("1 to " + MOST_DIMENSION);
    }
    if (generation.asInt() < 1) {
      throw generation.wrong("at least 1");
    }
    return new Manifest(
        json.at("model").asText(),
        json.at("weights").asText(),
        json.at("files").asText(),
        Arrays.stream(Kind.values())
            .filter(k -> k.toString().equals(kind.asText()))
            .findFirst()
            .orElseThrow(() -> kind.wrong("c, g or vit")),
        dimension.asInt(),
        json.at("options").asText(),
        json.has(NUMBERS) ? json.getText(NUMBERS) : "",
        generation.asInt());
  }

  static SearchException damaged(Path file, String what) {
    return new SearchException(file + ": " + what + "; make the index anew");
  }

  /// Replaces the file at once.
  void write(Path folder) throws IOException {
    String text =
        new JsonWriter()
            .object()
            .field("format", FORMAT)
            .field("model", model)
            .field("weights", weights)
            .field("files", files)
            .field("vectors", kind.toString())
            .field("dimension", dimension)
            .field("options", options)
            .field(NUMBERS, numbers)
            .field("generation", generation)
            .end()
            .toString();
    Path part = folder.resolve(FILE + ".part");
    Files.write(part, (text + "\n").getBytes(StandardCharsets.UTF_8));
    Files.move(
        part,
        folder.resolve(FILE),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  /// Refuses to go on with another model or other options.
  ///
  /// @throws SearchException in one sentence
  void requireSame(Manifest other, Path folder) {
    String difference =
        kind != other.kind || dimension != other.dimension
            ? "%s of %d numbers, not %s of %d"
                .formatted(kind.title(), dimension, other.kind.title(), other.dimension)
            : !weights.equals(other.weights)
                ? "vectors of " + model + ", whose weights are not those of " + other.model
                : !options.equals(other.options)
                    ? "vectors made with " + options + ", not with " + other.options
                    : !numbers.equals(other.numbers)
                            && !numbers.isEmpty()
                            && !other.numbers.isEmpty()
                        ? "vectors made with " + numbers + ", not with " + other.numbers
                        : null;
    if (difference != null) {
      throw new SearchException(
          folder + ": holds " + difference + "; go on as it was begun, or name another folder");
    }
  }

  Manifest next() {
    return new Manifest(model, weights, files, kind, dimension, options, numbers, generation + 1);
  }

  Path log(Path folder) {
    return folder.resolve("log-" + generation);
  }

  Path vectors(Path folder) {
    return folder.resolve("vectors-" + generation + ".f32");
  }
}
