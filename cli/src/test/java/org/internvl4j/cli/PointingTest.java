package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Rectangle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.internvl4j.demo.Scenes;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.Overlay;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.grounding.Box;
import org.internvl4j.models.grounding.Grounding;
import org.internvl4j.models.grounding.Region;
import org.internvl4j.models.image.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Answers that point at something: where, as numbers and drawn.
class PointingTest {
  private static final String SHAPES = Cli.sample("shapes.png");
  private static final String SQUARE = "the orange square";

  @TempDir Path temp;

  private Path file(String name) {
    return temp.resolve(name);
  }

  private static Json json(Cli.Result result) {
    assertThat(result.code()).as(result.err()).isZero();
    return Json.parse(result.out().getBytes(StandardCharsets.UTF_8), "answer");
  }

  /// Scenes of one shape; what the toy was taught is exact to half a step of 20 thousandths.
  @ParameterizedTest
  @ValueSource(longs = {2, 17})
  void theBoxEnclosesTheShapeThatWasPainted(long seed) {
    Rectangle box = found(seed);
    int step = Math.ceilDiv(10 * 448, 1000);
    box.grow(step, step);
    Rectangle shape = painted(Scenes.shapes(seed).picture());
    assertThat(box.contains(shape)).as("%s around %s", box, shape).isTrue();
    assertThat(area(box)).isLessThan(2 * area(shape));
  }

  /// Where the toy is a step or two off, too.
  @ParameterizedTest
  @ValueSource(longs = {5, 8, 23, 55})
  void theBoxLiesOnTheShapeThatWasPainted(long seed) {
    Rectangle box = found(seed);
    Rectangle shape = painted(Scenes.shapes(seed).picture());
    double common = area(box.intersection(shape));
    assertThat(common / (area(box) + area(shape) - common))
        .as("%s over %s", box, shape)
        .isGreaterThan(0.7);
  }

  /// What the command finds when it is asked for the scene's only shape, in pixels.
  private Rectangle found(long seed) {
    Scenes.Scene scene = Scenes.shapes(seed);
    assertThat(scene.questions()).anyMatch(q -> q.answer().equals("There is 1 shape."));
    String name = Grounding.parse(scene.questions().getLast().answer()).getFirst().label();
    Path picture = file("scene.png");
    Pictures.writePng(scene.picture(), picture);
    Json answer =
        json(Cli.run("ask", "-m", "demo", "-i", picture.toString(), "--find", name, "--json"));
    List<Json> regions = answer.at("regions").items();
    assertThat(regions).hasSize(1);
    assertThat(regions.getFirst().getText("label")).isEqualTo(name);
    List<Json> boxes = regions.getFirst().at("boxes").items();
    assertThat(boxes).hasSize(1);
    int[] p = boxes.getFirst().at("pixels").items().stream().mapToInt(Json::asInt).toArray();
    return new Rectangle(p[0], p[1], p[2] - p[0], p[3] - p[1]);
  }

  private static double area(Rectangle r) {
    return r.isEmpty() ? 0 : (double) r.width * r.height;
  }

  /// The smallest rectangle around everything that is not paper; the corner is paper.
  private static Rectangle painted(Picture picture) {
    ByteBuffer samples = picture.samples();
    Rectangle painted = new Rectangle(-1, -1);
    for (int i = 0; i < picture.width() * picture.height(); i++) {
      if (!samples.slice(3 * i, 3).equals(samples.slice(0, 3))) {
        painted.add(new Rectangle(i % picture.width(), i / picture.width(), 1, 1));
      }
    }
    return painted;
  }

  @Test
  void drawsWhatTheAnswerPointsAt() throws IOException {
    Path in = Files.copy(Path.of(SHAPES), file("in.png"));
    Path out = file("out.png");
    Cli.Result asked =
        Cli.run(
            "ask", "-m", "demo", "-i", in.toString(), "--find", SQUARE, "--draw", out.toString());
    List<Region> regions = Grounding.parse(asked.out());
    assertThat(regions).hasSize(1);
    assertThat(asked).isEqualTo(new Cli.Result(0, asked.out(), drawn(out)));
    assertThat(Pictures.read(out))
        .isEqualTo(Overlay.draw(Pictures.read(in), regions))
        .isNotEqualTo(Pictures.read(in));
    assertThat(in).hasSameBinaryContentAs(Path.of(SHAPES));
    try (var files = Files.list(temp)) {
      assertThat(files).containsExactlyInAnyOrder(in, out);
    }
  }

  private static String drawn(Path out) {
    return out
        + (Overlay.hasFont() ? "" : ", without labels: Java finds no font on this machine")
        + "\n";
  }

  @Test
  void jsonHasBoxesInThousandthsAndPixels() {
    Json answer =
        json(
            Cli.run(
                "ask", "-m", "demo", "-i", Cli.sample("large.png"), "--find", SQUARE, "--json"));
    Json box = answer.at("regions").items().getFirst().at("boxes").items().getFirst();
    Box expected = new Box(box.getInt("x1"), box.getInt("y1"), box.getInt("x2"), box.getInt("y2"));
    assertThat(Grounding.parse(answer.getText("plain")))
        .containsExactly(new Region(SQUARE, List.of(expected)));
    Box.Pixels p = expected.on(896, 896);
    assertThat(box.at("pixels").toString())
        .isEqualTo("[%d,%d,%d,%d]".formatted(p.left(), p.top(), p.right(), p.bottom()));
    Json none = json(Cli.run("ask", "-m", "demo", "-p", "Hello, who are you?", "--json"));
    assertThat(none.at("regions").items()).isEmpty();
  }

  @Test
  void jsonHasNoPixelsWhereAPictureIsOneOfSeveral() {
    Json answer =
        json(Cli.run("ask", "-m", "demo", "-i", SHAPES, SHAPES, "--find", SQUARE, "--json"));
    Json box = answer.at("regions").items().getFirst().at("boxes").items().getFirst();
    assertThat(box.toString()).matches("\\{\"x1\":\\d+,\"y1\":\\d+,\"x2\":\\d+,\"y2\":\\d+}");
  }

  @Test
  void picturesTurnedUprightAreDrawnUpright() throws IOException {
    Picture lying = Pictures.read(Path.of(SHAPES)).crop(0, 48, 448, 400);
    Path in = Files.write(file("in.png"), turned(Pictures.png(lying)));
    Path out = file("out.png");
    String[] ask = {
      "ask",
      "-m",
      "demo",
      "-i",
      in.toString(),
      "--find",
      SQUARE,
      "--draw",
      out.toString(),
      "--orient"
    };
    Picture upright = Pictures.read(in, PictureOptions.DEFAULT.withOrientation(true));
    assertThat(upright.height()).isEqualTo(448);
    List<Region> turned = regions(Cli.run(ask));
    assertThat(Pictures.read(out)).isEqualTo(Overlay.draw(upright, turned));
    List<Region> asItLies = regions(Cli.run(Arrays.copyOf(ask, ask.length - 1)));
    assertThat(Pictures.read(out)).isEqualTo(Overlay.draw(lying, asItLies));
  }

  private static List<Region> regions(Cli.Result asked) {
    List<Region> regions = Grounding.parse(asked.out());
    assertThat(regions).as(asked.err()).isNotEmpty();
    return regions;
  }

  /// A PNG file with a chunk in front of its last that says: turn me by a quarter.
  private static byte[] turned(byte[] png) {
    byte[] tiff = {
      'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0
    };
    byte[] type = "eXIf".getBytes(StandardCharsets.US_ASCII);
    CRC32 sum = new CRC32();
    sum.update(type);
    sum.update(tiff);
    return ByteBuffer.allocate(png.length + 12 + tiff.length)
        .put(png, 0, png.length - 12)
        .putInt(tiff.length)
        .put(type)
        .put(tiff)
        .putInt((int) sum.getValue())
        .put(png, png.length - 12, 12)
        .array();
  }

  @Test
  void anAnswerWithoutABoxIsToldAndNothingIsWritten() {
    Path out = file("out.png");
    Cli.Result asked = Cli.run("describe", "-m", "demo", "-q", SHAPES, "--draw", out.toString());
    assertThat(asked.code()).isZero();
    assertThat(asked.out()).startsWith("The image shows 3 shapes");
    assertThat(asked.err())
        .isEqualTo("internvl: the answer has no box, so " + out + " is not written\n");
    assertThat(out).doesNotExist();
  }

  @Test
  void describeDrawsWhatItsPromptAsksFor() {
    Path out = file("OUT.PNG");
    String prompt = Grounding.question(SQUARE);
    Cli.Result described =
        Cli.run("describe", "-m", "demo", "-p", prompt, SHAPES, "--draw", out.toString());
    assertThat(described.code()).isZero();
    assertThat(Pictures.read(out))
        .isEqualTo(Overlay.draw(Pictures.read(Path.of(SHAPES)), Grounding.parse(described.out())));
  }

  @Test
  void whatCannotBeDrawnIsRefusedBeforeAModelIsOpened() throws IOException {
    String in = Files.copy(Path.of(SHAPES), file("in.png")).toString();
    String link = Files.createSymbolicLink(file("link.png"), Path.of("in.png")).toString();
    String folder = Files.createDirectory(file("folder.png")).toString();
    String out = file("out.png").toString();
    String[] ask = {"ask", "-m", "no-model", "--find", SQUARE};
    refused(
        2, "boxes can be drawn over one picture, found 2", ask, "-i", in, SHAPES, "--draw", out);
    refused(2, "over one picture, found 3", ask, "--frames", in, in, in, "--draw", out);
    refused(3, "in.png: is a picture that was asked about", ask, "-i", in, "--draw", in);
    refused(3, "link.png: is a picture that was asked about", ask, "-i", in, "--draw", link);
    refused(3, "in.png: is a picture that was asked about", ask, "-i", link, "--draw", in);
    refused(3, "is a folder, expected a file to write", ask, "-i", in, "--draw", folder);
    refused(2, "out.jpg: expected a name that ends in .png", ask, "-i", in, "--draw", "out.jpg");
    refused(
        3, "no: no such file or folder", ask, "-i", in, "--draw", file("no/out.png").toString());
    String[] hello = {"ask", "-m", "no-model", "-p", "hello"};
    refused(2, "boxes can be drawn over one picture, found none", hello, "--draw", out);
    String[] describe = {"describe", "-m", "no-model", in, SHAPES};
    refused(2, "boxes can be drawn over one picture, found 2", describe, "--draw", out);
    String[] chat = {"chat", "-m", "no-model"};
    refused(2, "out.jpg: expected a name that ends in .png", chat, "--draw", "out.jpg");
    refused(3, "in.png: is a picture that was asked about", chat, "-i", in, "--draw", in);
    assertThat(Path.of(in)).hasSameBinaryContentAs(Path.of(SHAPES));
    assertThat(Path.of(out)).doesNotExist();
  }

  private static void refused(int code, String sentence, String[] command, String... options) {
    List<String> line = new ArrayList<>(List.of(command));
    line.addAll(List.of(options));
    Cli.Result result = Cli.run(line.toArray(String[]::new));
    assertThat(result.err()).startsWith("internvl: ").contains(sentence).hasLineCount(1);
    assertThat(result.code()).isEqualTo(code);
    assertThat(result.out()).isEmpty();
  }

  @Test
  void chatDrawsTheLastAnswerOverThePictureLastShown() {
    Path out = file("out.png");
    Cli.Result chat =
        chat(
            "",
            "/draw " + out,
            "/image " + SHAPES,
            "What color is the diamond?",
            "/draw " + out,
            Grounding.question(SQUARE),
            "/draw " + out,
            "/draw",
            "/draw " + SHAPES);
    assertThat(chat.err().lines())
        .contains(
            "internvl: there is no answer to draw yet",
            "internvl: the answer has no box, so " + out + " is not written",
            "internvl: /draw expects one PNG file behind it, found 0",
            "internvl: "
                + SHAPES
                + ": is a picture that was asked about, expected another file to"
                + " draw into")
        .contains(drawn(out).strip());
    String pointing = chat.lines().getLast();
    assertThat(Pictures.read(out))
        .isEqualTo(Overlay.draw(Pictures.read(Path.of(SHAPES)), Grounding.parse(pointing)));
  }

  @Test
  void chatDrawsEveryAnswerWhereItIsTold() {
    Path out = file("out.png");
    Cli.Result chat =
        Cli.withInput(
            Grounding.question(SQUARE) + "\n" + Grounding.question("the green diamond") + "\n",
            "chat",
            "-m",
            "demo",
            "-q",
            "-i",
            SHAPES,
            "--draw",
            out.toString());
    assertThat(chat.err()).isEmpty();
    assertThat(chat.lines()).hasSize(2);
    assertThat(Pictures.read(out))
        .isEqualTo(
            Overlay.draw(Pictures.read(Path.of(SHAPES)), Grounding.parse(chat.lines().getLast())));
  }

  @Test
  void chatRefusesTwoPicturesAndWhatWasForgotten() {
    Path out = file("out.png");
    Cli.Result chat =
        chat(
            "/image " + SHAPES + " " + SHAPES,
            Grounding.question(SQUARE),
            "/draw " + out,
            "/clear",
            "/draw " + out);
    assertThat(chat.err().lines())
        .contains(
            "internvl: boxes can be drawn over one picture, found 2",
            "internvl: there is no answer to draw yet");
    assertThat(out).doesNotExist();
  }

  private static Cli.Result chat(String... lines) {
    Cli.Result chat = Cli.withInput(String.join("\n", lines) + "\n", "chat", "-m", "demo");
    assertThat(chat.code()).isZero();
    return chat;
  }
}
