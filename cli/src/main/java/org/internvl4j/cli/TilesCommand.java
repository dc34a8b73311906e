package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Grid;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.models.internvl.InternVlConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "tiles",
    description = {
      "Shows into which tiles pictures are cut, and how many tokens they cost. Needs no weights.",
      "Without a model: tiles of 448 pixels, at most 12 and a thumbnail, 256 tokens each."
    })
final class TilesCommand implements Callable<Integer> {
  private static final int USUAL_SIZE = 448;
  private static final int USUAL_MAX_TILES = 12;
  private static final int USUAL_TOKENS = 256;

  private final Console console;
  private final Outputs.Stems stems = new Outputs.Stems();

  @Mixin private final PictureInput pictures = new PictureInput();

  @Parameters(arity = "1..*", paramLabel = "PICTURE", description = "Picture files.")
  private List<Path> files = List.of();

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      description = "Cut as this model's config.json says.")
  private @Nullable String model;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR",
      description = "Write each tile as PICTURE-tile-N.png into this folder.")
  private @Nullable Path out;

  @Option(names = "--json", description = "One line of JSON a picture.")
  private boolean json;

  TilesCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Tiling tiling = Tiling.of(USUAL_SIZE, USUAL_MAX_TILES);
    int perTile = USUAL_TOKENS;
    if (model != null) {
      InternVlConfig config = ModelOptions.config(model, console);
      tiling = config.tiling();
      perTile = config.tokensPerTile();
    }
    if (pictures.maxTiles != null) {
      tiling = tiling.withMaxTiles(PictureInput.requireMaxTiles(pictures.maxTiles));
    }
    if (out != null) {
      Outputs.requireFolder(out);
    }
    for (Path file : files) {
      show(file, pictures.read(file), tiling, perTile);
    }
    return ExitCodes.OK;
  }

  private void show(Path file, Picture picture, Tiling tiling, int perTile) {
    Grid grid = tiling.grid(picture.width(), picture.height());
    int count = tiling.tileCount(picture.width(), picture.height());
    if (json) {
      console.out().println(line(file, picture, grid, count, count * perTile));
    } else {
      console
          .out()
          .println(
              "%s: %d x %d, grid %s, %d %s%s, %d tokens"
                  .formatted(
                      file,
                      picture.width(),
                      picture.height(),
                      grid,
                      count,
                      count == 1 ? "tile" : "tiles",
                      count > grid.tiles() ? " with thumbnail" : "",
                      count * perTile));
    }
    if (out != null) {
      write(out, stems.of(file), tiling.cut(picture));
    }
  }

  private static String line(Path file, Picture picture, Grid grid, int count, int tokens) {
    return new JsonWriter()
        .object()
        .field("picture", file.toString())
        .field("width", picture.width())
        .field("height", picture.height())
        .field("columns", grid.columns())
        .field("rows", grid.rows())
        .field("tiles", count)
        .field("thumbnail", count > grid.tiles())
        .field("tokens", tokens)
        .end()
        .toString();
  }

  private void write(Path folder, String name, Tiles tiles) {
    for (int i = 0; i < tiles.count(); i++) {
      Path target = folder.resolve("%s-tile-%02d.png".formatted(name, i + 1));
      Pictures.writePng(tiles.picture(i), target);
      console.note(target.toString());
    }
  }
}
