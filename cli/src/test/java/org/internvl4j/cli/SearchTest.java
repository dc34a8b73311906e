package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.internvl4j.demo.Scenes;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.image.Picture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `index` and `search`: what they say, and what they need.
class SearchTest {
  private static final String CONTRASTIVE = Cli.fixture("internvl-14b-224px").toString();
  private static final int PICTURES = 4;

  @TempDir Path temp;
  private Path photos;
  private String index;

  @BeforeEach
  void draw() throws IOException {
    index = temp.resolve("index").toString();
    photos = Files.createDirectories(temp.resolve("photos"));
    for (int seed = 0; seed < PICTURES; seed++) {
      Pictures.writePng(Scenes.shapes(seed).picture(), photo(seed));
    }
  }

  private Path photo(int seed) {
    return photos.resolve("scene-" + seed + ".png");
  }

  private Cli.Result index(String... more) {
    List<String> words = new ArrayList<>();
    words.addAll(List.of("index", photos.toString(), "-x", index, "-m", "demo"));
    words.addAll(List.of(more));
    return Cli.run(words.toArray(String[]::new));
  }

  @Test
  void theDemoFindsPicturesByPictures() throws IOException {
    Files.write(photos.resolve("bad\u001b[2J.png"), new byte[] {1, 2});
    Cli.Result first = index();
    assertThat(first.err())
        .contains(index + ": 4 pictures, 4 embedded, 1 that cannot be read")
        .contains("internvl: " + photos.resolve("bad?[2J.png") + ": ")
        .doesNotContain("\u001b");
    assertThat(first.out()).isEmpty();
    assertThat(first.code()).isZero();
    assertThat(index().err()).contains(": 4 pictures, 0 embedded, 1 that").doesNotContain("bad");

    Cli.Result other = index("--device", "reference");
    assertThat(other.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(other.err()).contains("device auto, kernels ", ", not with activations ");
    Path device = Path.of("/dev/zero");
    if (Files.exists(device)) {
      Cli.Result endless = Cli.run("search", "-x", index, "-i", device.toString());
      assertThat(endless.err()).contains("/dev/zero: is a pipe or a device, expected a picture");
      assertThat(endless.code()).isEqualTo(ExitCodes.INPUT);
    }
    Cli.Result known = Cli.run("search", "-x", index, "-i", photo(2).toString());
    assertThat(known.lines()).hasSize(PICTURES);
    assertThat(known.lines().getFirst()).isEqualTo(" 1.000  " + photo(2));
    Path elsewhere = temp.resolve("other.bmp.png");
    Picture p = Scenes.shapes(2).picture();
    Pictures.writePng(p.crop(0, 0, p.width(), p.height() - 1), elsewhere);
    Cli.Result near =
        Cli.run("search", "-x", index, "-i", elsewhere.toString(), "--top", "2", "--json");
    assertThat(near.err()).isEmpty();
    List<Json> hits =
        near.lines().stream()
            .map(line -> Json.parse(line.getBytes(StandardCharsets.UTF_8), "line"))
            .toList();
    assertThat(hits).hasSize(2);
    assertThat(hits.getFirst().getText("path")).isEqualTo(photo(2).toString());
    assertThat(hits.getFirst().at("cosine").asDouble()).isBetween(0.9, 1.0);
  }

  @Test
  void aTextNeedsAModelThatKnowsTexts() {
    index();
    Cli.Result result = Cli.run("search", "-x", index, "a red square");
    assertThat(result.err())
        .isEqualTo(
            "internvl: "
                + index
                + ": has features of InternViT, which know pictures alone; search by a picture, or"
                + " index with InternVL-14B, whose C and G know texts\n");
    assertThat(result.code()).isEqualTo(ExitCodes.INPUT);
  }

  @ParameterizedTest
  @CsvSource({"c", "g"})
  void textsFindPicturesWhereBothAreInOneSpace(String mode) {
    Cli.Result made =
        Cli.run("index", photos.toString(), "-x", index, "-m", CONTRASTIVE, "--mode", mode);
    assertThat(made.err()).contains("4 pictures, 4 embedded");
    Cli.Result found = Cli.run("search", "-x", index, "--json", "a red square");
    Map<String, Double> cosines = new HashMap<>();
    for (String line : found.lines()) {
      Json hit = Json.parse(line.getBytes(StandardCharsets.UTF_8), "line");
      cosines.put(hit.getText("path"), hit.at("cosine").asDouble());
    }
    try (ContrastiveModel model = ContrastiveModel.open(Path.of(CONTRASTIVE))) {
      float[] text = model.textFeatures(List.of("a red square")).getFirst();
      for (int seed = 0; seed < PICTURES; seed++) {
        float[] seen =
            model
                .imageFeatures(
                    model.squeezed(Pictures.read(photo(seed))),
                    ContrastiveModel.Mode.valueOf(mode.toUpperCase(Locale.ROOT)))
                .getFirst();
        assertThat(cosines.get(photo(seed).toString())).isCloseTo(cosine(seen, text), within(1e-5));
      }
    }
    Cli.Result other = Cli.run("search", "-x", index, "a red square", "-m", "demo");
    assertThat(other.code()).isNotZero();
    assertThat(other.err()).contains("whose weights are not those of demo");
  }

  private static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return ab / Math.sqrt(aa * bb);
  }

  @Test
  void listsDuplicates() throws IOException {
    Files.copy(photo(1), photos.resolve("copy.png"));
    index();
    Cli.Result found = Cli.run("search", "-x", index, "--duplicates", "--threshold", "1");
    assertThat(found.lines())
        .containsExactly(
            "2 pictures", " 1.000  " + photos.resolve("copy.png"), " 1.000  " + photo(1));
    assertThat(found.err()).isEqualTo("1 group of 2 pictures\n");
    Cli.Result json = Cli.run("search", "-x", index, "--duplicates", "--threshold", "1", "--json");
    assertThat(json.lines()).hasSize(1);
    assertThat(Json.parse(json.out().getBytes(StandardCharsets.UTF_8), "o").at("pictures").items())
        .hasSize(2);
  }

  /// As texts they are a line each, whatever is in their names; as JSON they are what they are.
  @Test
  void namesOfFilesAreNoCommandsForATerminal() throws IOException {
    Path evil = photos.resolve("a\u001b[31m\nb\u009b2J.png");
    Files.copy(photo(1), evil);
    index();
    String shown = " 1.000  " + photos.resolve("a?[31m?b?2J.png");
    Cli.Result found = Cli.run("search", "-x", index, "-i", photo(1).toString(), "--top", "2");
    assertThat(found.lines()).containsExactly(shown, " 1.000  " + photo(1));
    String[] duplicates = {"search", "-x", index, "--duplicates", "--threshold", "1"};
    assertThat(Cli.run(duplicates).lines()).hasSize(3).contains(shown);
    Cli.Result exact =
        Cli.run("search", "-x", index, "-i", photo(1).toString(), "--top", "1", "--json");
    assertThat(Json.parse(exact.out().getBytes(StandardCharsets.UTF_8), "o").getText("path"))
        .isEqualTo(evil.toString());
  }

  @Test
  void aFolderIsNoPictureToSearchBy() {
    index();
    Cli.Result result = Cli.run("search", "-x", index, "-i", photos.toString());
    assertThat(result.err())
        .isEqualTo("internvl: " + photos + ": is a folder, expected a picture file\n");
    assertThat(result.code()).isEqualTo(ExitCodes.INPUT);
  }

  @Test
  void aGraphFindsTheSame() {
    assertThat(Cli.run("search", "-x", index, "--approximate", "-i", photo(0).toString()).err())
        .contains("is no index, it has no index.json; 'internvl index' makes one");
    index();
    String[] search = {"search", "-x", index, "-i", photo(0).toString(), "--approximate"};
    assertThat(Cli.run(search).err()).contains("has no graph; 'internvl index --graph' makes one");
    index("--graph");
    assertThat(Cli.run(search).lines())
        .isEqualTo(Cli.run("search", "-x", index, "-i", photo(0).toString()).lines())
        .hasSize(PICTURES);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "search -x INDEX; expected a text, a picture (-i) or --duplicates, one of the three; 2",
        "search -x INDEX a --duplicates; one of the three; 2",
        "search -x INDEX a --top 0; --top is 0, expected at least 1; 2",
        "search -x INDEX --duplicates --threshold 2; --threshold is 2.0, expected above 0; 2",
        "search -x INDEX --duplicates --threshold NaN; --threshold is NaN, expected above 0; 2",
        "search a; missing required option: '--index=DIR'; 2",
        "index -x INDEX -m demo; missing required parameter: 'FOLDER'; 2",
        "index nowhere -x INDEX -m demo; nowhere: no such file or folder; 3",
        "index PHOTOS -x INDEX -m demo --lora x; --lora is not for indices; 2",
        "index PHOTOS -x INDEX -m demo --mode c; does not put pictures and texts into one space; 4",
        "index PHOTOS -x PHOTOS -m demo; is no index, and holds scene-; 3",
        "index PHOTOS -x PHOTOS/scene-0.png -m demo; is a file, expected a folder; 3",
      })
  void namesWrongUsage(String line, String message, int code) {
    Cli.Result result =
        Cli.run(line.replace("INDEX", index).replace("PHOTOS", photos.toString()).split(" "));
    assertThat(result.err()).contains(message);
    assertThat(result.code()).isEqualTo(code);
  }

  @Test
  void saysTheRateAndTheTimeThatIsLeft() {
    assertThat(Pace.figures(3, 10, 0, 1)).isEqualTo("3/10");
    assertThat(Pace.figures(30, 100, 0, 10)).isEqualTo("30/100  3.0/s  23 s left");
    assertThat(Pace.figures(30, 1000, 0, 60)).isEqualTo("30/1000  30/min  32 min 20 s left");
    assertThat(Pace.figures(100, 10000, 0, 100)).isEqualTo("100/10000  1.0/s  2 h 45 min left");
    assertThat(Pace.figures(30, 100, 10, 10)).isEqualTo("30/100  2.0/s  35 s left");
    assertThat(Pace.figures(30, -1, 0, 10)).isEqualTo("30  3.0/s");
    Cli.Result result =
        Cli.onTerminal(Map.of(), "index", photos.toString(), "-x", index, "-m", "demo");
    assertThat(result.err()).contains("indexing ").contains("4/4");
  }
}
