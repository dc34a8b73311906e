package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.search.IndexModel;
import org.internvl4j.search.IndexOptions;
import org.internvl4j.search.Indexed;
import org.internvl4j.search.Indexer;
import org.internvl4j.search.Kind;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "index",
    description = {
      "Embeds folders of pictures into an index on disk, for 'search'.",
      "Run again, it looks at what is new or has changed; what is gone drops out. With InternVL-14B texts find"
          + " pictures, with other models pictures find pictures. A command that was stopped goes on where it was."
    })
final class IndexCommand implements Computing {
  private final Console console;

  @Mixin private final ModelOptions model = new ModelOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "FOLDER",
      description = "Folders of pictures, or pictures.")
  private List<Path> folders = List.of();

  @Option(
      names = {"-x", "--index"},
      required = true,
      paramLabel = "DIR",
      description = "The index's own folder; made if it is not there.")
  private Path index = Path.of("");

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      description =
          "Of InternVL-14B, c (default): what the tower sees; g: and what QLLaMA finds in it, slower.")
  private ContrastiveModel.@Nullable Mode mode;

  @Option(
      names = "--orient",
      description = "Turn pictures as their EXIF data says; the reference implementation does not.")
  private boolean orient;

  @Option(
      names = "--max-pixels",
      paramLabel = "N",
      converter = PictureInput.Pixels.class,
      description =
          "Most pixels of a picture file; 300M is 300 million. Default: 100M. Each takes 3 bytes or more.")
  private long maxPixels = PictureOptions.DEFAULT.maxPixels();

  @Option(
      names = "--again",
      description = "Try files once more that could not be read, though they have not changed.")
  private boolean again;

  @Option(
      names = "--graph",
      description =
          "Make a graph for 'search --approximate', too, worthwhile past a million pictures; once there, it grows"
              + " with the index.")
  private boolean graph;

  IndexCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Logging.to(console);
    requireNamed();
    if (!model.adapters().isEmpty()) {
      throw new UsageException("--lora is not for indices, which are bound to a model as it is");
    }
    OpenOptions opening = model.openOptions(console);
    Kind kind = mode == null ? null : mode == ContrastiveModel.Mode.G ? Kind.G : Kind.C;
    IndexModel made =
        IndexModel.of(name(model.model), () -> model.checkpoint(console), opening, kind);
    PictureOptions pictures =
        PictureOptions.DEFAULT.withOrientation(orient).withMaxPixels(maxPixels);
    IndexProgress progress = new IndexProgress(console);
    IndexOptions options = new IndexOptions(pictures, again, numbers());
    try (Indexer indexer = Indexer.open(index, made, options, progress)) {
      return run(indexer, progress);
    } finally {
      progress.clear();
    }
  }

  private void requireNamed() {
    if (index.toString().equals("-")) {
      throw new UsageException(
          "--index names no folder; name one of its own, such as photos.index");
    }
  }

  private int run(Indexer indexer, IndexProgress progress) throws IOException {
    Object before = Signals.register("INT", indexer::stop);
    try {
      Indexed done = indexer.update(folders);
      if (graph || indexer.hasGraph()) {
        indexer.extendGraph(part -> progress.part("making the graph", part));
      }
      progress.clear();
      console.note(ExitCodes.line(summary(done)));
      return ExitCodes.OK;
    } catch (CancellationException e) {
      progress.clear();
      console.note(ExitCodes.line(index + ": stopped; the same command goes on"));
      return ExitCodes.CANCELLED;
    } finally {
      Signals.unregister("INT", before);
    }
  }

  /// What the last bits of vectors depend on; a format of weights is told where it matters.
  private String numbers() {
    return model.numbers().entrySet().stream()
        .filter(number -> !number.getKey().equals("weights") && !number.getValue().isEmpty())
        .map(number -> number.getKey() + " " + number.getValue())
        .collect(Collectors.joining(", "));
  }

  /// What 'search' is to open, from wherever it runs.
  private static String name(String model) {
    Path path = Path.of(model);
    return !model.equals(ModelOptions.DEMO) && Files.isDirectory(path)
        ? path.toAbsolutePath().normalize().toString()
        : model;
  }

  private String summary(Indexed done) {
    StringBuilder text = new StringBuilder();
    String pictures = done.pictures() == 1 ? "picture" : "pictures";
    text.append(
        "%s: %d %s, %d embedded".formatted(index, done.pictures(), pictures, done.embedded()));
    add(text, done.known(), "moved, copied or touched");
    add(text, done.gone(), "gone");
    add(text, done.unreadable(), "that cannot be read");
    return text.toString();
  }

  private static void add(StringBuilder text, int count, String what) {
    if (count > 0) {
      text.append(", ").append(count).append(' ').append(what);
    }
  }
}
