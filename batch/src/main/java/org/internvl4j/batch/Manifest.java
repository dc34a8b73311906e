package org.internvl4j.batch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.media.PictureOptions;
import org.jspecify.annotations.Nullable;

/// Everything that rows depend on, in a file beside them: what was begun with one manifest is not
/// gone on with under another. Immutable.
public final class Manifest {
  private static final String VERSION = "internvl4j.batch";
  private static final int FORM = 2;
  private static final String ROWS = "rows"; // of an output that is complete

  /// What manifests of the first form do not say.
  private static final Set<String> SINCE_2 = Set.of("activations", "adapters_sha256", "kernels");

  private final Json.Obj content;

  private Manifest(Json content) {
    this.content = (Json.Obj) content;
  }

  /// @param model its name
  /// @param weights SHA-256 of the model: [org.internvl4j.loader.Checkpoint#sha256()]
  /// @param computing what else numbers depend on: device, kernels, format of weights, adapters; by
  ///   name
  /// @param input what the rows come from, as the user says it
  public static Manifest of(
      String model,
      String weights,
      Map<String, String> computing,
      Task task,
      PictureOptions pictures,
      String input) {
    return of(model, weights, computing, task::describe, pictures, input);
  }

  /// As above, for what is not a [Task].
  ///
  /// @param task writes what tells it from every other one: fields of the object that was begun
  ///   last
  public static Manifest of(
      String model,
      String weights,
      Map<String, String> computing,
      Consumer<JsonWriter> task,
      PictureOptions pictures,
      String input) {
    JsonWriter json = new JsonWriter().object().field(VERSION, FORM);
    json.field("model", model).field("weights_sha256", weights);
    computing.forEach(json::field);
    task.accept(json.object("task"));
    json.end().object("pictures");
    json.field("oriented", pictures.applyOrientation()).field("max_pixels", pictures.maxPixels());
    String text = json.end().field("input", input).end().toString();
    return new Manifest(Json.parse(text.getBytes(StandardCharsets.UTF_8), "manifest"));
  }

  /// The file of what an output was made with.
  static Path file(Path output) {
    return output.resolveSibling(output.getFileName() + ".manifest.json");
  }

  /// The same, for rows that tell how long they took, or do not.
  Manifest withTimes(boolean times) {
    return with("times", new Json.Bool(times, content.place()));
  }

  /// The same, of an output that is complete.
  Manifest withRows(long rows) {
    return with(ROWS, new Json.Num(String.valueOf(rows), content.place()));
  }

  private Manifest with(String name, Json value) {
    Map<String, Json> fields = new LinkedHashMap<>(content.fields());
    fields.put(name, value);
    return new Manifest(new Json.Obj(fields, content.place()));
  }

  private Manifest without(Set<String> names) {
    Map<String, Json> fields = new LinkedHashMap<>(content.fields());
    fields.keySet().removeAll(names);
    return new Manifest(new Json.Obj(fields, content.place()));
  }

  /// The same, less what another one of an older form could not say.
  private Manifest inFormOf(Manifest other) {
    Json form = other.content.at(VERSION);
    return form.toString().equals("1") ? without(SINCE_2).with(VERSION, form) : this;
  }

  /// How many rows an output had when it was complete; −1 if its manifest does not say.
  static long rows(Path output) throws IOException {
    Manifest manifest = read(output);
    return manifest == null ? -1 : manifest.content.getLong(ROWS, -1);
  }

  /// Writes it beside the output.
  ///
  /// @throws IOException if the disk is full, say; what was there stays
  void write(Path output) throws IOException {
    Path file = file(output);
    Path half = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      Files.writeString(half, content + "\n");
      Files.move(half, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      Files.deleteIfExists(half);
      throw new IOException(
          file
              + ": cannot be written: "
              + CheckpointException.reason(e)
              + "; make room and run the same again",
          e);
    }
  }

  /// Whether something was begun.
  ///
  /// @throws BatchException if the file is none of these
  static boolean isThere(Path output) throws IOException {
    return read(output) != null;
  }

  /// What an output was begun with; null if it was not.
  ///
  /// @throws BatchException if the file is none
  private static @Nullable Manifest read(Path output) throws IOException {
    Path file = file(output);
    try {
      Json json = Json.parse(Files.readAllBytes(file), file.toString());
      if (!(json instanceof Json.Obj) || !json.has(VERSION)) {
        throw new BatchException(file + ": is no manifest of a batch; name another output file");
      }
      return new Manifest(json);
    } catch (NoSuchFileException e) {
      return null;
    } catch (CheckpointException e) {
      throw new BatchException(e.getMessage() + "; name another output file", e);
    }
  }

  /// Refuses to go on with what was begun in another way.
  ///
  /// @throws BatchException naming the first thing that is not the same
  void requireBegun(Path output) throws IOException {
    Manifest begun = read(output);
    String other =
        begun == null
            ? "no manifest"
            : difference(begun.without(Set.of(ROWS)).content, inFormOf(begun).content, "");
    if (other != null) {
      throw new BatchException(
          output + ": was begun with " + other + "; go on with that, or name another output file");
    }
  }

  private static @Nullable String difference(Json before, Json now, String path) {
    if (before.toString().equals(now.toString())) {
      return null;
    }
    if (!(before instanceof Json.Obj old) || !(now instanceof Json.Obj fresh)) {
      return path + " " + before + " and is asked to go on with " + now;
    }
    for (Map.Entry<String, Json> field : fresh.fields().entrySet()) {
      String name = path.isEmpty() ? field.getKey() : path + "." + field.getKey();
      Json was = old.fields().get(field.getKey());
      String other =
          was == null
              ? "no " + name + " and is asked to go on with " + field.getValue()
              : difference(was, field.getValue(), name);
      if (other != null) {
        return other;
      }
    }
    return "other options";
  }
}
