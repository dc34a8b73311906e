package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.internvl4j.cli.Embedder.Cut;
import org.internvl4j.cli.Embedder.Embedded;
import org.internvl4j.cli.Embedder.What;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.media.PictureException;
import org.internvl4j.models.OpenOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "embed",
    description = {
      "Turns pictures, or texts, into vectors: a tensor each, one array, or lines of JSON.",
      "The towers of chat models make features for other models, not aligned with text; C and G of"
          + " InternVL-14B are. A command that was stopped goes on where it was."
    })
final class EmbedCommand implements Computing {
  private final Console console;

  @Mixin private final ModelOptions model = new ModelOptions();
  @Mixin private final PictureInput pictures = new PictureInput();

  @Parameters(
      arity = "0..*",
      paramLabel = "PICTURE",
      description = "Picture files, folders of them, or - for a list on stdin.")
  private List<Path> files = List.of();

  @Option(
      names = "--text",
      paramLabel = "TEXT",
      description = "A text in place of pictures; may be repeated.")
  private List<String> texts = new ArrayList<>();

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      description =
          "A file that ends in .safetensors, .npy or .jsonl; absent, one line of JSON each goes to stdout.")
  private @Nullable Path out;

  @Option(
      names = "--what",
      defaultValue = "tower",
      paramLabel = "WHAT",
      description =
          "tower (default): the last block's output; class: its class token; patches: all others; mean: of the patches;"
              + " tokens: what a decoder sees; c, g: InternVL-14B's; states: of every token of a text.")
  private What what = What.TOWER;

  @Option(
      names = "--cut",
      paramLabel = "HOW",
      description =
          "center: the middle square; squeeze; tiles: as for a chat. Default: tiles for tokens, squeeze for c and g,"
              + " else center.")
  private @Nullable Cut cut;

  @Option(
      names = "--size",
      paramLabel = "S",
      defaultValue = "0",
      description =
          "Side of pictures in pixels, for which the tower's positions are interpolated. Default: the model's.")
  private int side;

  private int skipped;
  private int code = ExitCodes.OK;

  EmbedCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Logging.to(console);
    if (out != null) {
      Outputs.requireFile(out);
    }
    FeatureFile kind = out == null ? null : FeatureFile.of(out);
    if (texts.isEmpty() == files.isEmpty()) {
      throw new UsageException("expected pictures or --text, one of the two");
    }
    if (what == What.TOWER && !texts.isEmpty()) {
      what = What.C; // texts have the same vector in both modes
    }
    Map<String, Path> named = files.isEmpty() ? ofTexts() : PictureFiles.of(files, console);
    OpenOptions options = model.openOptions(console);
    Checkpoint checkpoint = model.checkpoint(console);
    Map<String, String> about = about(checkpoint);
    try (Embedder embedder = Embedder.open(checkpoint, options, what, side)) {
      if (kind == null || out == null) {
        print(embedder, named);
      } else {
        write(embedder, named, out, kind, about);
      }
    }
    return code;
  }

  /// Texts have no file.
  private Map<String, Path> ofTexts() {
    Map<String, Path> named = new LinkedHashMap<>();
    texts.forEach(text -> named.put(text, Path.of("")));
    return named;
  }

  private Map<String, String> about(Checkpoint checkpoint) {
    Map<String, String> about = new TreeMap<>();
    about.put("model", checkpoint.name());
    about.put("features", what.toString());
    about.put("of", of());
    about.put("cut", cut().name().toLowerCase(Locale.ROOT));
    about.put("size", String.valueOf(side));
    about.put("max_tiles", String.valueOf(pictures.maxTiles));
    about.put("oriented", String.valueOf(pictures.orient));
    return about;
  }

  private String of() {
    return files.isEmpty() ? "text" : "picture";
  }

  private Cut cut() {
    if (cut != null) {
      return cut;
    }
    return switch (what) {
      case TOKENS -> Cut.TILES;
      case C, G -> Cut.SQUEEZE;
      case TOWER, CLASS, PATCHES, MEAN, STATES -> Cut.CENTER;
    };
  }

  private void print(Embedder embedder, Map<String, Path> named) {
    Progress progress = new Progress(console);
    int done = 0;
    for (Map.Entry<String, Path> entry : named.entrySet()) {
      Embedded made = embed(embedder, entry);
      if (made != null) {
        progress.clear();
        console.out().println(FeatureFile.line(of(), entry.getKey(), made.shape(), made.values()));
      }
      progress.show("embedding", ++done, named.size());
    }
    progress.clear();
  }

  private void write(
      Embedder embedder,
      Map<String, Path> named,
      Path to,
      FeatureFile kind,
      Map<String, String> about)
      throws IOException {
    Progress progress = new Progress(console);
    List<String> names = new ArrayList<>();
    try (FeatureLog log = FeatureLog.open(to, about.toString())) {
      int before = log.entries().size();
      int done = 0;
      for (Map.Entry<String, Path> entry : named.entrySet()) {
        if (!log.entries().containsKey(entry.getKey())) {
          Embedded made = embed(embedder, entry);
          if (made != null) {
            log.add(entry.getKey(), made.shape(), made.values());
          }
        }
        if (log.entries().containsKey(entry.getKey())) {
          names.add(entry.getKey());
        }
        progress.show("embedding", ++done, named.size());
      }
      progress.clear();
      if (before > 0) {
        console.note("went on behind " + before + " that were there");
      }
      if (!names.isEmpty()) {
        kind.write(to, names, log, about);
      }
      log.delete();
    }
    if (skipped > 0) {
      console.note("%s: %d written, %d could not be read".formatted(to, names.size(), skipped));
    }
  }

  /// Null for a picture that cannot be read, which is told.
  private @Nullable Embedded embed(Embedder embedder, Map.Entry<String, Path> entry) {
    if (files.isEmpty()) {
      return embedder.text(entry.getKey());
    }
    try {
      Integer most =
          pictures.maxTiles == null ? null : PictureInput.requireMaxTiles(pictures.maxTiles);
      return embedder.picture(pictures.read(entry.getValue()), cut(), most);
    } catch (PictureException e) {
      skipped++;
      code = ExitCodes.of(e, console);
      return null;
    }
  }
}
