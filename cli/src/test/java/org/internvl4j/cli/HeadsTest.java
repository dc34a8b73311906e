package org.internvl4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.ClassMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Heads that were trained for a tower, with random weights, on a toy.
class HeadsTest {
  private static final String MODEL = Cli.fixture("internvl2-26b").toString();
  private static final int WIDTH = 80;

  @TempDir Path folder;

  private final Random random = new Random(3);
  private Path probe = Path.of("");

  private float[] random(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextFloat() + 0.1f;
    }
    return values;
  }

  private SafeTensorsWriter norm(SafeTensorsWriter writer, String path, int channels) {
    for (String name : List.of("weight", "bias", "running_mean", "running_var")) {
      writer.add(path + "." + name, random(channels), channels);
    }
    return writer;
  }

  @BeforeEach
  void writeProbe() throws IOException {
    SafeTensorsWriter writer = norm(new SafeTensorsWriter(), "norm", 2 * WIDTH);
    float[] weight = new float[3 * 2 * WIDTH];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = (float) random.nextGaussian();
    }
    writer.add("head.weight", weight, 3, 2 * WIDTH).add("head.bias", random(3), 3);
    probe = Files.write(folder.resolve("probe.safetensors"), writer.toBytes());
  }

  private Path lines(String name, String... lines) throws IOException {
    return Files.write(folder.resolve(name), List.of(lines));
  }

  private Cli.Result classify(String... more) {
    List<String> all = new ArrayList<>(List.of("classify", "-m", MODEL));
    all.addAll(List.of("--head", probe.toString(), Cli.sample("shapes.png")));
    all.addAll(List.of(more));
    return Cli.run(all.toArray(String[]::new));
  }

  @Test
  void classifyTellsTheClassesOfAProbe() throws IOException {
    Path names = lines("names.txt", "cat", "dog", "boat");
    Cli.Result told = classify("--classes", names.toString());
    assertThat(told.err()).isEmpty();
    assertThat(told.lines()).hasSize(4);
    assertThat(told.out()).contains("cat", "dog", "boat", " %  ");
    Cli.Result one = classify("--json", "--top", "1");
    assertThat(one.code()).isZero();
    Json first = Json.parse(one.out().getBytes(UTF_8), "line").at("classes").items().getFirst();
    assertThat(first.at("class").asText()).isEqualTo("class " + first.at("index").asInt());
    assertThat(told.lines().get(1))
        .contains(List.of("cat", "dog", "boat").get(first.at("index").asInt()));
  }

  @Test
  void classifySaysWhatDoesNotGoWithAProbe() throws IOException {
    assertThat(classify("-c", "cat").err())
        .isEqualTo("internvl: -c goes with classes that are described in words, not with --head\n");
    assertThat(classify("--together").code()).isEqualTo(ExitCodes.USAGE);
    Cli.Result names = classify("--classes", lines("two.txt", "cat", "dog").toString());
    assertThat(names.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(names.err())
        .isEqualTo("internvl: --classes: has 2 names, but " + probe + " has 3 classes\n");
  }

  private Path segmenting(int classes) throws IOException {
    SafeTensorsWriter writer = norm(new SafeTensorsWriter(), "decode_head.norm", WIDTH);
    float[] weight = new float[classes * WIDTH];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = (float) random.nextGaussian();
    }
    writer
        .add("decode_head.conv_seg.weight", weight, classes, WIDTH, 1, 1)
        .add("decode_head.conv_seg.bias", random(classes), classes);
    return Files.write(folder.resolve("linear.safetensors"), writer.toBytes());
  }

  private Cli.Result segment(Path head, String... more) {
    List<String> all = new ArrayList<>(List.of("segment", "-m", MODEL, "--head", head.toString()));
    all.add(Cli.sample("shapes.png"));
    all.addAll(List.of(more));
    return Cli.run(all.toArray(String[]::new));
  }

  @Test
  void segmentWritesTheClassOfEveryPixel() throws IOException {
    Path head = segmenting(4);
    Path map = folder.resolve("map.png");
    Path names = lines("names.txt", "wall", "sky", "tree", "road");
    Cli.Result told = segment(head, "-o", map.toString(), "--classes", names.toString());
    assertThat(told.code()).isZero();
    assertThat(told.err()).isEqualTo(map + "\n");
    Cli.Result line = segment(head, "--json");
    Json json = Json.parse(line.out().getBytes(UTF_8), "line");
    BufferedImage image = ImageIO.read(map.toFile());
    assertThat(image.getWidth()).isEqualTo(json.at("width").asInt());
    assertThat(image.getHeight()).isEqualTo(json.at("height").asInt());
    int[] counts = new int[4];
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        int id = image.getRaster().getSample(x, y, 0);
        counts[id]++;
        assertThat(image.getRGB(x, y) & 0xffffff).isEqualTo(ClassMap.colour(id));
      }
    }
    List<Json> classes = json.at("classes").items();
    assertThat(told.lines()).hasSameSizeAs(classes);
    for (int i = 0; i < classes.size(); i++) {
      Json found = classes.get(i);
      int id = found.at("index").asInt();
      double share = (double) counts[id] / (image.getWidth() * image.getHeight());
      assertThat(found.at("share").asDouble()).isEqualTo(share);
      assertThat(told.lines().get(i))
          .isEqualTo(
              "  %5.1f %%  %s"
                  .formatted(100 * share, List.of("wall", "sky", "tree", "road").get(id)));
    }
  }

  @Test
  void segmentLaysColoursOverThePicture() throws IOException {
    Path over = folder.resolve("over.png");
    Cli.Result result = segment(segmenting(300), "-o", over.toString(), "--overlay");
    assertThat(result.code()).isZero();
    BufferedImage image = ImageIO.read(over.toFile());
    BufferedImage picture = ImageIO.read(Path.of(Cli.sample("shapes.png")).toFile());
    assertThat(image.getWidth()).isEqualTo(picture.getWidth());
    int red = (image.getRGB(0, 0) >> 16) & 255;
    int was = (picture.getRGB(0, 0) >> 16) & 255;
    assertThat(red).isBetween(was / 2, was / 2 + 128);
  }

  @Test
  void segmentSaysWhatIsWrongBeforeItComputes() throws IOException {
    Path head = segmenting(300);
    assertThat(segment(head, "--overlay").err())
        .isEqualTo("internvl: --overlay: expected -o OUT.png, where it goes\n");
    assertThat(segment(head, "-o", folder.resolve("map.png").toString()).err())
        .isEqualTo(
            "internvl: -o: "
                + head
                + " has 300 classes, a palette has room for 256; use --overlay\n");
    assertThat(segment(head, "-o", Cli.sample("shapes.png")).code()).isEqualTo(ExitCodes.INPUT);
    Cli.Result other = segment(probe);
    assertThat(other.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(other.err())
        .isEqualTo(
            "internvl: probe.safetensors: is no segmentation head: it has neither decode_head.norm,"
                + " as a linear one, nor decode_head.fpn_bottleneck, as UperNet\n");
  }

  @Test
  void aPictureThatCannotBeReadIsToldAndLeftOut() throws IOException {
    Cli.Result result = classify(lines("bad.png", "no picture").toString());
    assertThat(result.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(result.err()).contains("bad.png");
    assertThat(result.lines()).hasSize(4);
  }
}
