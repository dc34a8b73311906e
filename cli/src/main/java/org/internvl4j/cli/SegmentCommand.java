package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.media.ClassMap;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Segmenter;
import org.internvl4j.models.heads.Segmentation;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "segment",
    description = {
      "Says of which class each pixel of a picture is, of those that a head was trained for.",
      "Needs the InternViT that the head was trained on, or a head's file with a tower of its own."
    })
final class SegmentCommand implements Computing {
  private final Console console;

  @Mixin private final ModelOptions model = new ModelOptions();
  @Mixin private final PictureInput pictures = new PictureInput();

  @Parameters(paramLabel = "PICTURE", description = "A picture file.")
  private Path file = Path.of("");

  @Option(
      names = "--head",
      required = true,
      paramLabel = "FILE",
      description = "A segmentation head, linear or UperNet, .safetensors or .pth.")
  private Path head = Path.of("");

  @Option(
      names = "--block",
      paramLabel = "N",
      defaultValue = "-1",
      description =
          "Which of the tower's blocks a linear head looks at, from 0. Default: 44 of 48, or the last one if the"
              + " head's file has a tower.")
  private int block;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "OUT.png",
      description = "A PNG file whose values are the numbers of classes, in colours of a palette.")
  private @Nullable Path out;

  @Option(
      names = "--overlay",
      description = "Write the picture with these colours laid over it instead.")
  private boolean overlay;

  @Option(
      names = "--classes",
      paramLabel = "FILE",
      description = "Names of the classes: a JSON list, JSON lists by data set, or a name a line.")
  private @Nullable Path classes;

  @Option(
      names = "--dataset",
      paramLabel = "NAME",
      defaultValue = "",
      description = "Which of the data sets in this file.")
  private String dataset = "";

  @Option(names = "--json", description = "One line of JSON in place of the table.")
  private boolean json;

  SegmentCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Logging.to(console);
    if (out != null) {
      DrawOption.requireTarget(out, List.of(file));
    } else if (overlay) {
      throw new UsageException("--overlay: expected -o OUT.png, where it goes");
    }
    List<String> names = classes == null ? List.of() : ClassNames.read(classes, dataset);
    OpenOptions options = model.openOptions(console);
    Picture picture = pictures.read(file);
    try (Segmenter segmenter =
        Segmenter.open(
            model.checkpoint(console),
            head,
            options,
            Segmenter.Options.PUBLISHED.withBlock(block))) {
      ClassNames.require(names, segmenter.classes(), head);
      requirePalette(segmenter.classes());
      Progress progress = new Progress(console);
      Segmentation found =
          segmenter.segment(
              picture, (done, total) -> progress.show("looking through windows", done, total));
      progress.clear();
      if (out != null) {
        write(picture, found, out);
      }
      tell(found, names);
      return ExitCodes.OK;
    }
  }

  private void requirePalette(int count) {
    if (out != null && !overlay && count > ClassMap.MOST_CLASSES) {
      throw new UsageException(
          "-o: %s has %d classes, a palette has room for %d; use --overlay"
              .formatted(head, count, ClassMap.MOST_CLASSES));
    }
  }

  private void write(Picture picture, Segmentation found, Path to) {
    if (overlay) {
      Pictures.writePng(ClassMap.overlay(picture, found), to);
    } else {
      ClassMap.writePng(found, to);
    }
    console.note(to.toString());
  }

  /// The classes that are there, the largest first.
  private void tell(Segmentation found, List<String> names) {
    double[] shares = found.shares();
    List<Integer> there =
        IntStream.range(0, shares.length)
            .filter(id -> shares[id] > 0)
            .boxed()
            .sorted(Comparator.comparingDouble(id -> -shares[id]))
            .toList();
    if (json) {
      JsonWriter line =
          new JsonWriter()
              .object()
              .field("picture", file.toString())
              .field("width", found.width())
              .field("height", found.height())
              .array("classes");
      for (int id : there) {
        line.object()
            .field("class", ClassNames.of(names, id))
            .field("index", id)
            .field("share", shares[id])
            .end();
      }
      console.out().println(line.end().end());
    } else {
      for (int id : there) {
        console
            .out()
            .println("  %5.1f %%  %s".formatted(100 * shares[id], ClassNames.of(names, id)));
      }
    }
  }
}
