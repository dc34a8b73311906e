package org.internvl4j.spark;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.internvl4j.batch.Batch;
import org.internvl4j.batch.Input;
import org.internvl4j.batch.Inputs;
import org.internvl4j.batch.Manifest;
import org.internvl4j.batch.Task;
import org.internvl4j.batch.Worker;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.demo.Scenes;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.OpenOptions;

/// The demo model as a folder, pictures of its world, and what a batch answers about them.
final class Demo {
  static final String QUESTION = "How many shapes are in the image?";

  private Demo() {}

  /// The model's files.
  static Path model(Path folder) throws IOException {
    Files.createDirectories(folder);
    try (Checkpoint checkpoint = DemoModel.checkpoint()) {
      for (String name : checkpoint.files()) {
        byte[] bytes = DemoModel.file(name);
        if (bytes != null) {
          Files.write(folder.resolve(name), bytes);
        }
      }
    }
    return folder;
  }

  /// Scenes `00000.png`, `00001.png` …, and among them files that are none.
  static Path pictures(Path folder, int count) throws IOException {
    Files.createDirectories(folder);
    for (int i = 0; i < count; i++) {
      Path file = folder.resolve("%05d.png".formatted(i));
      if (i % 50 == 7) {
        Files.writeString(file, "no picture");
      } else {
        ImageIO.write(Scenes.shapes(i).image(), "png", file.toFile());
      }
    }
    return folder;
  }

  /// What a batch answers, by file name; of a row that failed, its code.
  static Map<String, String> batch(Path model, Path pictures, Path out) throws Exception {
    Task task = Task.Asking.of(QUESTION);
    OpenOptions options = OpenOptions.DEFAULT.withThreads(1);
    Manifest manifest =
        Manifest.of("demo", "", Map.of(), task, PictureOptions.DEFAULT, pictures.toString());
    try (Input input = Inputs.folder(pictures)) {
      new Batch(
              () -> Worker.open(Checkpoint.open(model), options, task, PictureOptions.DEFAULT),
              input,
              Batch.Output.of(out, false, task),
              manifest,
              Batch.Listener.NONE)
          .run();
    }
    Map<String, String> answers = new HashMap<>();
    for (String line : Files.readAllLines(out)) {
      Json row = Json.parse(line.getBytes(StandardCharsets.UTF_8), "row");
      answers.put(
          row.getText("id"),
          row.has("answer") ? row.getText("answer") : row.at("error").getText("code"));
    }
    return answers;
  }

  /// The same of a table with a column `path`.
  static Map<String, String> answers(Dataset<Row> table) {
    List<Row> rows = table.select("path", "answer", "error.code").collectAsList();
    Map<String, String> answers = new HashMap<>();
    for (Row row : rows) {
      String path = row.getString(0);
      String answer = row.isNullAt(1) ? row.getString(2) : row.getString(1);
      String twice = answers.put(path.substring(path.lastIndexOf('/') + 1), answer);
      if (twice != null) {
        throw new AssertionError(path + " is there twice");
      }
    }
    return answers;
  }
}
