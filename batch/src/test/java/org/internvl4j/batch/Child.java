package org.internvl4j.batch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.image.Picture;
import org.internvl4j.testkit.Effort;

/// A batch in a process of its own, to be killed. With the whole effort the demo model answers;
/// else rows are what their pixels add up to, so that the moments are many and short.
final class Child {
  private Child() {}

  /// What starts it.
  ///
  /// @param pictures a folder or a pattern
  static List<String> command(Path pictures, Path out) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "--add-modules=jdk.incubator.vector",
        "-XX:+UseSerialGC",
        "-Dinternvl4j.sweep=" + Effort.isWhole(),
        "-cp",
        System.getProperty("java.class.path"),
        Child.class.getName(),
        pictures.toString(),
        out.toString());
  }

  public static void main(String[] args) throws Exception {
    run(Path.of(args[0]), Path.of(args[1]));
  }

  /// What the process does.
  static Batch.Result run(Path pictures, Path out) throws IOException, InterruptedException {
    Task task = Task.Asking.of(Scenery.QUESTION);
    if (Effort.isWhole()) {
      return Scenery.run(pictures, out, task);
    }
    Task sums = new Task.Embedding(Task.Vectors.MEAN);
    try (Input input =
        Inputs.open(pictures.toString(), Columns.USUAL, InputStream.nullInputStream())) {
      Manifest manifest = Scenery.manifest(sums, pictures.toString());
      Batch.Output output = Batch.Output.of(out, false, sums);
      return new Batch(() -> Worker.of(new Sums()), input, output, manifest, Batch.Listener.NONE)
          .run();
    }
  }

  private static final class Sums implements Worker.Skill {
    private static final int NUMBERS = 8;

    @Override
    public int atOnce() {
      return 4;
    }

    @Override
    public Outcome work(Row.Item item) {
      Picture picture = item.pictures().getFirst().open(PictureOptions.DEFAULT).read();
      float[] sums = new float[NUMBERS];
      byte[] rgb = picture.rgb();
      for (int i = 0; i < rgb.length; i++) {
        sums[i % NUMBERS] += rgb[i] / 256f;
      }
      return new Outcome.Embedded(sums, 0);
    }

    @Override
    public void close() {}
  }
}
