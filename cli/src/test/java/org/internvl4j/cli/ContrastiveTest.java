package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.ContrastiveModel.Mode;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.contrastive.CaptionOptions;
import org.internvl4j.models.contrastive.ZeroShotPrompts;
import org.internvl4j.models.image.Tiles;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The verbs of InternVL-14B, with its tiny fixture: what they say against what features say.
class ContrastiveTest {
  private static final String FOLDER = Cli.fixture("internvl-14b-224px").toString();
  private static final ContrastiveModel MODEL =
      ContrastiveModel.open(
          Checkpoint.open(Path.of(FOLDER)), OpenOptions.DEFAULT.withDevice("cpu"));
  private static final List<String> SAMPLES =
      List.of(Cli.sample("shapes.png"), Cli.sample("number.png"), Cli.sample("large.png"));
  private static final List<String> CLASSES =
      List.of("tench", "goldfish", "great white shark", "a");
  private static final List<String> TEMPLATES = List.of("a photo of a {c}.", "{c}", "no {c} here");

  @TempDir Path temp;

  @AfterAll
  static void close() {
    MODEL.close();
  }

  private static double[] unit(double[] v) {
    double square = 0;
    for (double x : v) {
      square += x * x;
    }
    double length = Math.sqrt(square);
    return Arrays.stream(v).map(x -> x / length).toArray();
  }

  private static double[] unit(float[] v) {
    return unit(IntStream.range(0, v.length).mapToDouble(i -> v[i]).toArray());
  }

  private static double dot(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
  }

  private static float[] feature(String picture, Mode mode, boolean squeezed) {
    Tiles tiles =
        squeezed
            ? MODEL.squeezed(Pictures.read(Path.of(picture)))
            : MODEL.cropped(Pictures.read(Path.of(picture)));
    return MODEL.imageFeatures(tiles, mode).getFirst();
  }

  /// The mean of a class's sentences, in double.
  private static double[] classVector(String name) {
    double[] sum = null;
    for (String template : TEMPLATES) {
      double[] text = unit(MODEL.textFeatures(List.of(template.replace("{c}", name))).getFirst());
      for (int i = 0; sum != null && i < text.length; i++) {
        text[i] += sum[i];
      }
      sum = text;
    }
    return unit(sum);
  }

  private Path written(String name, List<String> lines) throws IOException {
    return Files.write(temp.resolve(name), lines, StandardCharsets.UTF_8);
  }

  private static List<Json> json(Cli.Result result) {
    assertThat(result.code()).as(result.err()).isZero();
    return result.lines().stream()
        .map(line -> Json.parse(line.getBytes(StandardCharsets.UTF_8), "line"))
        .toList();
  }

  private void assertRanksAsFeaturesDo(List<String> pictures, Mode mode) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("classify", "-m", FOLDER, "--json"));
    arguments.addAll(List.of("--classes", written("classes.txt", CLASSES).toString()));
    arguments.addAll(List.of("--templates", written("templates.txt", TEMPLATES).toString()));
    arguments.addAll(List.of("--mode", mode.name(), "--top", "4"));
    arguments.addAll(pictures);
    List<Json> lines = json(Cli.run(arguments.toArray(String[]::new)));
    assertThat(lines).hasSize(pictures.size());
    for (int p = 0; p < pictures.size(); p++) {
      double[] picture = unit(feature(pictures.get(p), mode, false));
      double[] cosines =
          CLASSES.stream().mapToDouble(name -> dot(picture, classVector(name))).toArray();
      List<Integer> expected =
          IntStream.range(0, cosines.length)
              .boxed()
              .sorted(Comparator.comparingDouble(i -> -cosines[i]))
              .toList();
      List<Json> classes = lines.get(p).at("classes").items();
      assertThat(lines.get(p).at("picture").asText()).isEqualTo(pictures.get(p));
      assertThat(classes.stream().map(c -> c.at("index").asInt()).toList()).isEqualTo(expected);
      double sum = 0;
      for (Json c : classes) {
        assertThat(c.at("class").asText()).isEqualTo(CLASSES.get(c.at("index").asInt()));
        assertThat(c.at("cosine").asDouble())
            .isCloseTo(cosines[c.at("index").asInt()], within(1e-5));
        sum += c.at("probability").asDouble();
      }
      assertThat(sum).isCloseTo(1, within(1e-6));
    }
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void classifyRanksAsFeaturesDo(Mode mode) throws IOException {
    assertRanksAsFeaturesDo(SAMPLES, mode);
  }

  @Test
  void classifyRanksRealPicturesAsFeaturesDo() throws IOException {
    Path folder = Cli.real("pictures");
    List<String> pictures =
        IntStream.rangeClosed(1, 3)
            .mapToObj(i -> folder.resolve("image" + i + ".jpg").toString())
            .toList();
    assertRanksAsFeaturesDo(pictures, Mode.C);
  }

  /// The published lists of ImageNet in five languages.
  @ParameterizedTest
  @CsvSource({"en, 80", "cn, 80", "jp, 37", "ar, 55", "it, 49"})
  void readsThePublishedClassesAndTemplates(String language, int templates) throws IOException {
    Path folder = Cli.real("zero-shot");
    Path names = folder.resolve(language + "_classnames.json");
    Path sentences = folder.resolve(language + "_zeroshot_classification_templates.json");
    assertThat(ZeroShotPrompts.list(ContrastiveOptions.json(names), "imagenet1k")).hasSize(1000);
    assertThat(ZeroShotPrompts.list(ContrastiveOptions.json(sentences), "imagenet1k"))
        .hasSize(templates)
        .allMatch(sentence -> sentence.contains("{c}"));
  }

  @Test
  void classifyKeepsTheVectorsOfClasses() throws IOException {
    Path vectors = temp.resolve("vectors.safetensors");
    String[] command = {
      "classify",
      "-m",
      FOLDER,
      "-c",
      "cat",
      "-c",
      "dog",
      "--vectors",
      vectors.toString(),
      SAMPLES.getFirst()
    };
    Cli.Result first = Cli.run(command);
    assertThat(first.code()).isZero();
    assertThat(first.lines()).hasSize(3);
    byte[] kept = Files.readAllBytes(vectors);
    assertThat(Cli.run(command)).isEqualTo(first);
    assertThat(Files.readAllBytes(vectors)).isEqualTo(kept);
    command[4] = "cow";
    Cli.Result other = Cli.run(command);
    assertThat(other.code()).isEqualTo(ExitCodes.USAGE);
    assertThat(other.err())
        .contains("holds classes of another model, other --weights or other sentences");
  }

  @Test
  void classifyTakesFramesTogether() {
    List<Json> lines =
        json(
            Cli.run(
                "classify",
                "-m",
                FOLDER,
                "--json",
                "--together",
                "-c",
                "x",
                "-c",
                "y",
                SAMPLES.get(0),
                SAMPLES.get(1)));
    float[] a = feature(SAMPLES.get(0), Mode.C, false);
    float[] b = feature(SAMPLES.get(1), Mode.C, false);
    double[] mean =
        unit(IntStream.range(0, a.length).mapToDouble(i -> (a[i] + b[i]) / 2).toArray());
    double cosine = dot(mean, unit(MODEL.textFeatures(List.of("x")).getFirst()));
    assertThat(lines).hasSize(1);
    assertThat(lines.getFirst().at("picture").asText()).isEqualTo("2 frames");
    Json x =
        lines.getFirst().at("classes").items().stream()
            .filter(c -> c.at("class").asText().equals("x"))
            .findFirst()
            .orElseThrow();
    assertThat(x.at("cosine").asDouble()).isCloseTo(cosine, within(1e-5));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "-c a --classes x.txt; expected -c NAME for every class, or --classes FILE",
        "; expected -c NAME for every class, or --classes FILE",
        "-c a --top 0; --top is 0, expected at least 1",
      })
  void classifyNamesWrongUsage(String options, String message) {
    List<String> arguments = new ArrayList<>(List.of("classify", "-m", FOLDER, SAMPLES.getFirst()));
    if (options != null) {
      arguments.addAll(List.of(options.split(" ")));
    }
    Cli.Result result = Cli.run(arguments.toArray(String[]::new));
    assertThat(result.code()).isEqualTo(ExitCodes.USAGE);
    assertThat(result.err()).contains(message);
  }

  @Test
  void classifyNamesADatasetThatIsNotThere() throws IOException {
    Path classes = Files.writeString(temp.resolve("c.json"), "{\"a\": [\"x\"], \"b\": [\"y\"]}");
    Path plain = Files.writeString(temp.resolve("t.txt"), "no place\n");
    String[] ask = {"classify", "-m", FOLDER, "--classes", classes.toString(), SAMPLES.getFirst()};
    assertThat(Cli.run(ask).err()).contains("expected a data set to be named, there are a, b");
    String[] with = {
      "classify", "-m", FOLDER, "-c", "x", "--templates", plain.toString(), SAMPLES.getFirst()
    };
    assertThat(Cli.run(with).err())
        .contains("templates: 'no place' has no {c} where the name goes");
  }

  // ---- rank

  @Test
  void rankFindsTheNearestBothWays() {
    List<String> texts = List.of("a red square", "the number seven", "something large");
    double[][] cosines = cosines(texts);
    List<Json> byText =
        json(
            Cli.run(
                "rank",
                "-m",
                FOLDER,
                "--json",
                "-t",
                texts.get(0),
                "-t",
                texts.get(1),
                "-t",
                texts.get(2),
                SAMPLES.get(0),
                SAMPLES.get(1),
                SAMPLES.get(2)));
    for (int t = 0; t < 3; t++) {
      int text = t;
      List<String> expected =
          IntStream.range(0, 3)
              .boxed()
              .sorted(Comparator.comparingDouble(p -> -cosines[text][p]))
              .map(SAMPLES::get)
              .toList();
      List<Json> nearest = byText.get(t).at("nearest").items();
      assertThat(nearest.stream().map(n -> n.at("picture").asText()).toList()).isEqualTo(expected);
    }
    List<Json> byPicture =
        json(
            Cli.run(
                "rank",
                "-m",
                FOLDER,
                "--json",
                "--by-picture",
                "--top",
                "1",
                "-t",
                texts.get(0),
                "-t",
                texts.get(1),
                "-t",
                texts.get(2),
                SAMPLES.get(1)));
    int best =
        IntStream.range(0, 3)
            .boxed()
            .max(Comparator.comparingDouble(t -> cosines[t][1]))
            .orElseThrow();
    assertThat(byPicture.getFirst().at("nearest").items()).hasSize(1);
    assertThat(byPicture.getFirst().at("nearest").items().getFirst().at("text").asText())
        .isEqualTo(texts.get(best));
  }

  /// `[texts][samples]`
  private static double[][] cosines(List<String> texts) {
    List<double[]> pictures = SAMPLES.stream().map(s -> unit(feature(s, Mode.C, true))).toList();
    return texts.stream()
        .map(text -> unit(MODEL.textFeatures(List.of(text)).getFirst()))
        .map(text -> pictures.stream().mapToDouble(p -> dot(text, p)).toArray())
        .toArray(double[][]::new);
  }

  /// Every sample many times under many names, so that ranks beyond the first matter, two captions
  /// each.
  @Test
  void recallEqualsACount() throws IOException {
    List<String> lines = new ArrayList<>();
    List<String> captions = new ArrayList<>();
    List<Integer> pictureOf = new ArrayList<>();
    int pictures = 14;
    List<double[]> seen = new ArrayList<>();
    for (int p = 0; p < pictures; p++) {
      Path picture = temp.resolve("p" + p + ".png");
      painted(p, picture);
      seen.add(unit(feature(picture.toString(), Mode.C, true)));
      for (int i = 0; i < 2; i++) {
        String caption = "caption " + i + " of number " + p * p;
        lines.add(picture.getFileName() + "\t" + caption);
        captions.add(caption);
        pictureOf.add(p);
      }
    }
    Path pairs = written("pairs.tsv", lines);
    List<Json> told = json(Cli.run("rank", "-m", FOLDER, "--json", "--pairs", pairs.toString()));
    double[][] cosines =
        captions.stream()
            .map(text -> unit(MODEL.textFeatures(List.of(text)).getFirst()))
            .map(text -> seen.stream().mapToDouble(p -> dot(text, p)).toArray())
            .toArray(double[][]::new);
    int[] at = {1, 5, 10};
    for (int i = 0; i < at.length; i++) {
      int k = at[i];
      long found =
          IntStream.range(0, captions.size())
              .filter(t -> rank(cosines[t], pictureOf.get(t)) < k)
              .count();
      long answered =
          IntStream.range(0, pictures)
              .filter(p -> {
                double[] column =
                    IntStream.range(0, captions.size()).mapToDouble(t -> cosines[t][p]).toArray();
                return rank(column, 2 * p) < k || rank(column, 2 * p + 1) < k;
              })
              .count();
      assertThat(told.get(i).at("recall_at").asInt()).isEqualTo(k);
      assertThat(told.get(i).at("text_to_picture").asDouble())
          .isCloseTo((double) found / captions.size(), within(1e-12));
      assertThat(told.get(i).at("picture_to_text").asDouble())
          .isCloseTo((double) answered / pictures, within(1e-12));
    }
    Cli.Result plain = Cli.run("rank", "-m", FOLDER, "--pairs", pairs.toString());
    assertThat(plain.lines()).hasSize(4).first().asString().contains("14 pictures, 28 captions");
  }

  /// How many come before.
  private static long rank(double[] values, int wanted) {
    return Arrays.stream(values).filter(v -> v > values[wanted]).count();
  }

  private static void painted(int seed, Path file) throws IOException {
    BufferedImage image = new BufferedImage(40, 40, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(seed);
    for (int i = 0; i < 1600; i++) {
      image.setRGB(i % 40, i / 40, random.nextInt(1 << 24));
    }
    ImageIO.write(image, "png", file.toFile());
  }

  @Test
  void rankNamesALineThatIsNoPair() throws IOException {
    Path pairs = written("pairs.tsv", List.of("a.png\tfine", "b.png without"));
    Cli.Result result = Cli.run("rank", "-m", FOLDER, "--pairs", pairs.toString());
    assertThat(result.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(result.err())
        .contains("line 2 is not a picture's path, a tab and its caption: b.png without");
    assertThat(Cli.run("rank", "-m", FOLDER).code()).isEqualTo(ExitCodes.USAGE);
  }

  // ---- caption

  @Test
  void captionSaysWhatTheModelSays() {
    String expected =
        MODEL.caption(
            MODEL.squeezed(Pictures.read(Path.of(SAMPLES.getFirst()))),
            CaptionOptions.DEFAULT.withBeams(3).withNewTokens(2, 6));
    Cli.Result said =
        Cli.run(
            "caption",
            "-m",
            FOLDER,
            "--beams",
            "3",
            "--min-tokens",
            "2",
            "--max-tokens",
            "6",
            "--json",
            SAMPLES.getFirst());
    assertThat(json(said).getFirst().at("caption").asText()).isEqualTo(expected);
    Cli.Result wrong = Cli.run("caption", "-m", FOLDER, "--beams", "0", SAMPLES.getFirst());
    assertThat(wrong.err()).contains("caption: beams is 0, expected 1 to 64");
    assertThat(wrong.code()).isEqualTo(ExitCodes.INPUT);
  }

  // ---- embed

  @Test
  void embedGivesFeaturesOfPicturesAndOfTexts() {
    Json picture =
        json(Cli.run("embed", "-m", FOLDER, "--what", "g", SAMPLES.getFirst())).getFirst();
    assertThat(values(picture)).containsExactly(feature(SAMPLES.getFirst(), Mode.G, true));
    Json text = json(Cli.run("embed", "-m", FOLDER, "--text", "a cat")).getFirst();
    assertThat(text.at("text").asText()).isEqualTo("a cat");
    assertThat(values(text)).containsExactly(MODEL.textFeatures(List.of("a cat")).getFirst());
    Json states =
        json(Cli.run("embed", "-m", FOLDER, "--what", "states", "--text", "a cat")).getFirst();
    assertThat(states.at("shape").toString()).isEqualTo("[80,64]");
    assertThat(values(states)).containsExactly(MODEL.textStates("a cat").tiles().getFirst());
  }

  private static float[] values(Json line) {
    List<Json> items = line.at("values").items();
    float[] values = new float[items.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) items.get(i).asDouble();
    }
    return values;
  }
}
