package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.Features;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.ClipPreprocess;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.image.Tiling;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "embed",
    description = {
      "Writes what the vision tower makes of pictures: a tensor each, in their order, or lines of JSON.",
      "The features of a chat model serve as input of other models; they are not aligned with text."
    })
final class EmbedCommand implements Computing {
  /// What is written of a picture.
  enum What {
    /// All vectors of the tower's last block, `[N, 1 + P, C]`, class token first.
    TOWER,
    /// The class token alone, `[N, C]`.
    CLASS,
    /// The projected image tokens that the decoder sees, `[N, P/4, C]`.
    TOKENS
  }

  /// How a picture becomes tiles.
  enum Cut {
    /// Short side to S, the middle square: what InternViT's own processor does.
    CENTER,
    /// Squeezed into one tile.
    SQUEEZE,
    /// As for a chat.
    TILES
  }

  private final Console console;

  @Mixin private final ModelOptions model = new ModelOptions();
  @Mixin private final PictureInput pictures = new PictureInput();

  @Parameters(arity = "1..*", paramLabel = "PICTURE", description = "Picture files.")
  private List<Path> files = List.of();

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      description = "A safetensors file; absent, one line of JSON a picture goes to stdout.")
  private @Nullable Path out;

  @Option(
      names = "--what",
      defaultValue = "tower",
      paramLabel = "WHAT",
      description =
          "tower (default): the last block's output; class: its class token; tokens: what the decoder sees.")
  private What what = What.TOWER;

  @Option(
      names = "--cut",
      paramLabel = "HOW",
      description =
          "center: the middle square; squeeze; tiles: as for a chat. Default: tiles for tokens, else center.")
  private @Nullable Cut cut;

  EmbedCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (out != null) {
      Outputs.requireFile(out);
    }
    Map<String, Path> named = names();
    SafeTensorsWriter writer =
        new SafeTensorsWriter().metadata("features", what.name().toLowerCase(Locale.ROOT));
    Logging.to(console);
    Progress progress = new Progress(console);
    try (VisionLanguageModel opened =
        VisionLanguageModel.open(
            model.checkpoint(console), model.openOptions(console).withWholeTower())) {
      int done = 0;
      for (Map.Entry<String, Path> entry : named.entrySet()) {
        Features features = features(opened, tiles(opened, pictures.read(entry.getValue())));
        if (out == null) {
          console.out().println(line(entry.getValue(), features));
        } else {
          writer.add(entry.getKey(), values(features), shape(features));
        }
        progress.show("embedding pictures", ++done, named.size());
      }
      progress.clear();
      writer.metadata("model", opened.name());
    }
    if (out != null) {
      writer.write(out);
    }
    return ExitCodes.OK;
  }

  /// A tensor is named as its picture was on the command line; a second one of this name gets a
  /// number.
  private Map<String, Path> names() {
    Map<String, Path> named = new LinkedHashMap<>();
    for (Path file : files) {
      String name = file.toString();
      for (int i = 2; named.putIfAbsent(name, file) != null; i++) {
        name = file + "#" + i;
      }
    }
    return named;
  }

  private Tiles tiles(VisionLanguageModel opened, Picture picture) {
    int side = opened.tiling().imageSize();
    Cut how = cut == null ? (what == What.TOKENS ? Cut.TILES : Cut.CENTER) : cut;
    return switch (how) {
      case TILES ->
          (pictures.maxTiles == null
                  ? opened.tiling()
                  : opened.tiling().withMaxTiles(PictureInput.requireMaxTiles(pictures.maxTiles)))
              .cut(picture);
      case SQUEEZE -> Tiling.squeeze(side).cut(picture);
      case CENTER -> ClipPreprocess.of(side).apply(picture);
    };
  }

  private Features features(VisionLanguageModel opened, Tiles tiles) {
    return switch (what) {
      case TOWER, CLASS -> opened.visionFeatures(tiles);
      case TOKENS -> opened.imageTokens(tiles);
    };
  }

  private int rows(Features features) {
    return what == What.CLASS ? 1 : features.rows();
  }

  private int[] shape(Features features) {
    int tiles = features.tiles().size();
    return what == What.CLASS
        ? new int[] {tiles, features.columns()}
        : new int[] {tiles, features.rows(), features.columns()};
  }

  private float[] values(Features features) {
    int perTile = rows(features) * features.columns();
    float[] values = new float[features.tiles().size() * perTile];
    for (int i = 0; i < features.tiles().size(); i++) {
      System.arraycopy(features.tiles().get(i), 0, values, i * perTile, perTile);
    }
    return values;
  }

  private String line(Path file, Features features) {
    JsonWriter json = new JsonWriter().object().field("picture", file.toString()).array("shape");
    for (int dim : shape(features)) {
      json.value(dim);
    }
    json.end().array("values");
    for (float value : values(features)) {
      json.value(
          Double.parseDouble(
              Float.toString(value))); // the shortest digits that give the float back
    }
    return json.end().end().toString();
  }
}
