package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.LongConsumer;
import javax.imageio.ImageIO;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.demo.Scenes;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.OpenOptions;

/// Pictures of the demo model's world, and batches over them.
final class Scenery {
  static final String QUESTION = "How many shapes are in the image?";

  private Scenery() {}

  /// Paints scenes: `00000.png`, `00001.png` …
  static Path paint(Path folder, int count) throws IOException {
    Files.createDirectories(folder);
    for (int i = 0; i < count; i++) {
      Path file = folder.resolve("%05d.png".formatted(i));
      ImageIO.write(Scenes.shapes(i).image(), "png", file.toFile());
    }
    return folder;
  }

  static Worker worker(Task task) {
    return Worker.open(
        DemoModel.checkpoint(), OpenOptions.DEFAULT.withThreads(2), task, PictureOptions.DEFAULT);
  }

  static Manifest manifest(Task task, String input) {
    try (Checkpoint checkpoint = DemoModel.checkpoint()) {
      return Manifest.of(
          checkpoint.name(), checkpoint.sha256(), Map.of(), task, PictureOptions.DEFAULT, input);
    }
  }

  /// Runs a batch over a folder to its end.
  static Batch.Result run(Path folder, Path out, Task task)
      throws IOException, InterruptedException {
    return run(folder, out, task, Long.MAX_VALUE, _ -> {});
  }

  /// Runs a batch over a folder, or what a pattern fits.
  ///
  /// @param stop behind how many rows it is stopped
  /// @param found hears how many rows were there
  static Batch.Result run(Path folder, Path out, Task task, long stop, LongConsumer found)
      throws IOException, InterruptedException {
    try (Input input =
        Inputs.open(folder.toString(), Columns.USUAL, InputStream.nullInputStream())) {
      Batch[] batch = new Batch[1];
      Batch.Listener listener =
          new Batch.Listener() {
            @Override
            public void found(long rows) {
              found.accept(rows);
            }

            @Override
            public void done(Outcome outcome, long done, long size) {
              assertThat(size).isEqualTo(input.size());
              if (done >= stop) {
                batch[0].stop();
              }
            }
          };
      Manifest manifest = manifest(task, folder.toString());
      Batch.Output output = Batch.Output.of(out, false, task);
      batch[0] = new Batch(() -> worker(task), input, output, manifest, listener);
      return batch[0].run();
    }
  }
}
