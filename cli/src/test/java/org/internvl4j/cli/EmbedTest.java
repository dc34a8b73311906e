package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `embed` reads, writes and goes on with.
class EmbedTest {
  private static final String SHAPES = Cli.sample("shapes.png");
  private static final String NUMBER = Cli.sample("number.png");
  private static final String MODEL = "demo";

  @TempDir Path temp;

  private Path folderOfPictures() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("pictures/below"));
    Files.copy(Path.of(SHAPES), temp.resolve("pictures/b.png"));
    Files.copy(Path.of(NUMBER), folder.resolve("a.PNG"));
    Files.writeString(temp.resolve("pictures/notes.txt"), "no picture");
    return temp.resolve("pictures");
  }

  private static byte[] tensor(Path file, String name) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      return tensors.bytes(name).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  @Test
  void takesFoldersAndListsAlike() throws IOException {
    Path folder = folderOfPictures();
    String b = folder.resolve("b.png").toString();
    String a = folder.resolve("below/a.PNG").toString();
    Path fromFolder = temp.resolve("folder.safetensors");
    Path fromList = temp.resolve("list.safetensors");
    assertThat(Cli.run("embed", "-m", MODEL, folder.toString(), "-o", fromFolder.toString()).code())
        .isZero();
    assertThat(
            Cli.withInput(
                    b + "\n\n" + a + "\n", "embed", "-m", MODEL, "-", "-o", fromList.toString())
                .code())
        .isZero();
    try (SafeTensors tensors = SafeTensors.open(fromFolder)) {
      assertThat(tensors.names()).containsExactlyInAnyOrder(a, b);
      assertThat(tensors.metadata())
          .containsEntry("features", "tower")
          .containsEntry("cut", "center");
    }
    assertThat(Files.readAllBytes(fromFolder)).isEqualTo(Files.readAllBytes(fromList));
    Cli.Result none =
        Cli.run("embed", "-m", MODEL, Files.createDirectory(temp.resolve("e")).toString());
    assertThat(none.err()).contains("no pictures in ");
    assertThat(none.code()).isEqualTo(ExitCodes.USAGE);
  }

  @ParameterizedTest
  @CsvSource({
    "tower, '[1,65,160]'",
    "class, '[1,160]'",
    "patches, '[1,64,160]'",
    "mean, '[1,160]'"
  })
  void givesThePartThatIsAskedFor(String what, String shape) throws IOException {
    Cli.Result line = Cli.run("embed", "-m", MODEL, "--what", what, SHAPES);
    Json json = Json.parse(line.out().getBytes(StandardCharsets.UTF_8), "line");
    assertThat(json.at("shape").toString()).isEqualTo(shape);
    Path all = temp.resolve("all.safetensors");
    Cli.run("embed", "-m", MODEL, SHAPES, "-o", all.toString());
    float[] tower = floats(tensor(all, SHAPES));
    List<Json> values = json.at("values").items();
    int from = what.equals("patches") || what.equals("mean") ? 160 : 0;
    for (int i = 0; i < 160; i++) {
      double expected = tower[from + i];
      if (what.equals("mean")) {
        expected = 0;
        for (int row = 1; row < 65; row++) {
          expected += tower[row * 160 + i] / 64.0;
        }
      }
      assertThat(values.get(i).asDouble())
          .isCloseTo(expected, within(1e-5 + 1e-5 * Math.abs(expected)));
    }
  }

  private static float[] floats(byte[] bytes) {
    float[] values = new float[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  @Test
  void writesOneArrayAndTheNamesOfItsRows() throws IOException {
    Path npy = temp.resolve("x.npy");
    Path tensors = temp.resolve("x.safetensors");
    Cli.run("embed", "-m", MODEL, "--what", "class", SHAPES, NUMBER, "-o", npy.toString());
    Cli.run("embed", "-m", MODEL, "--what", "class", SHAPES, NUMBER, "-o", tensors.toString());
    byte[] file = Files.readAllBytes(npy);
    assertThat(Arrays.copyOf(file, 8)).containsExactly(0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0);
    int header = 10 + (file[8] & 255) + 256 * (file[9] & 255);
    assertThat(header % 64).isZero();
    assertThat(new String(file, 10, header - 10, StandardCharsets.US_ASCII))
        .startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 160), }")
        .endsWith("\n");
    byte[] expected = new byte[2 * 640];
    System.arraycopy(tensor(tensors, SHAPES), 0, expected, 0, 640);
    System.arraycopy(tensor(tensors, NUMBER), 0, expected, 640, 640);
    assertThat(Arrays.copyOfRange(file, header, file.length)).isEqualTo(expected);
    assertThat(Files.readAllLines(temp.resolve("x.npy.names.txt"))).containsExactly(SHAPES, NUMBER);
    Cli.Result uneven =
        Cli.run(
            "embed",
            "-m",
            MODEL,
            "--what",
            "tokens",
            SHAPES,
            Cli.sample("large.png"),
            "-o",
            npy.toString());
    assertThat(uneven.err()).contains("but one array holds one shape; name a .safetensors file");
    assertThat(Files.readAllBytes(npy)).isEqualTo(file);
  }

  @Test
  void writesLinesOfJson() throws IOException {
    Path lines = temp.resolve("x.jsonl");
    Cli.run("embed", "-m", MODEL, "--what", "class", SHAPES, NUMBER, "-o", lines.toString());
    String stdout = Cli.run("embed", "-m", MODEL, "--what", "class", SHAPES, NUMBER).out();
    assertThat(Files.readString(lines)).isEqualTo(stdout);
  }

  @Test
  void leavesOutWhatIsNoPictureAndSaysSo() throws IOException {
    Path broken = Files.writeString(temp.resolve("broken.png"), "no picture");
    Path out = temp.resolve("x.safetensors");
    Cli.Result result =
        Cli.run("embed", "-m", MODEL, broken.toString(), SHAPES, "-o", out.toString());
    assertThat(result.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(result.err()).contains("broken.png").contains("1 written, 1 could not be read");
    try (SafeTensors tensors = SafeTensors.open(out)) {
      assertThat(tensors.names()).containsExactly(SHAPES);
    }
  }

  // ---- going on

  private static final String ABOUT = "features of a test";

  private Path begun(int count) throws IOException {
    Path out = temp.resolve("out.safetensors");
    try (FeatureLog log = FeatureLog.open(out, ABOUT)) {
      Random random = new Random(3);
      for (int i = 0; i < count; i++) {
        log.add("picture " + i, new int[] {2, 3}, new float[] {i, 1, 2, 3, 4, random.nextFloat()});
      }
    }
    return out;
  }

  /// A file that was cut off anywhere holds what was whole, and nothing else.
  @Test
  void goesOnWithWhatWasWholeWhereverItWasCutOff() throws IOException {
    Path out = begun(4);
    Path part = temp.resolve("out.safetensors.part");
    byte[] whole = Files.readAllBytes(part);
    int first = ABOUT.length() + 1;
    int each = (whole.length - first) / 4;
    for (int length = 0; length <= whole.length; length++) {
      Files.write(part, Arrays.copyOf(whole, length));
      int left = Math.max(0, length - first) / each;
      try (FeatureLog log = FeatureLog.open(out, ABOUT)) {
        assertThat(log.entries()).as("%d bytes", length).hasSize(left);
        log.add("another", new int[] {1}, new float[] {42});
      }
      try (FeatureLog log = FeatureLog.open(out, ABOUT)) {
        assertThat(log.entries()).hasSize(left + 1);
        assertThat(log.values(log.entries().get("another")).byteSize()).isEqualTo(4);
      }
    }
  }

  @Test
  void dropsARecordThatWasDamaged() throws IOException {
    Path out = begun(4);
    Path part = temp.resolve("out.safetensors.part");
    byte[] whole = Files.readAllBytes(part);
    for (int at = ABOUT.length() + 1; at < whole.length; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x10;
      Files.write(part, damaged);
      try (FeatureLog log = FeatureLog.open(out, ABOUT)) {
        assertThat(log.entries().size()).isLessThan(4);
      }
    }
  }

  @Test
  void refusesToGoOnWithOtherOptions() throws IOException {
    Path out = begun(2);
    assertThatThrownBy(() -> FeatureLog.open(out, "features of others"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("was begun with another model or other options");
    assertThat(Files.exists(temp.resolve("out.safetensors.part"))).isTrue();
  }

  /// As after a command that was killed behind its first picture.
  @Test
  void goesOnBehindThePicturesThatAreThere() throws IOException {
    Path whole = temp.resolve("whole.jsonl");
    String[] all = {
      "embed", "-m", MODEL, "--what", "class", SHAPES, NUMBER, "-o", whole.toString()
    };
    Cli.run(all);
    Path stopped = temp.resolve("stopped.jsonl");
    String about =
        "{cut=center, features=class, max_tiles=null, model=demo, of=picture, oriented=false, size=0}";
    try (FeatureLog log = FeatureLog.open(stopped, about)) {
      float[] marked = new float[160];
      marked[0] = 12345;
      log.add(SHAPES, new int[] {1, 160}, marked);
    }
    all[8] = stopped.toString();
    Cli.Result result = Cli.run(all);
    assertThat(result.err()).contains("went on behind 1 that were there");
    List<String> lines = Files.readAllLines(stopped);
    assertThat(lines.getFirst()).contains("12345"); // not made again
    assertThat(lines.get(1)).isEqualTo(Files.readAllLines(whole).get(1));
    assertThat(Files.exists(temp.resolve("stopped.jsonl.part"))).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "--text x; --text needs a model that puts texts into one space with pictures; 2",
        "; expected pictures or --text, one of the two; 2",
        "-o x.bin PICTURE; expected a name that ends in .safetensors, .npy or .jsonl; 2",
        "--what tokens --size 448 PICTURE; --size is for what the tower makes; 2",
        "--size 100 PICTURE; side: is 100, expected a multiple of a patch; 3",
        "--what c PICTURE; does not put pictures and texts into one space; 4",
      })
  void namesWrongUsage(String options, String message, int code) {
    String line = "embed -m demo --what class " + (options == null ? "" : options);
    if (line.contains("--what tokens") || line.contains("--what c ")) {
      line = line.replace("--what class ", "");
    }
    Cli.Result result = Cli.run(line.replace("PICTURE", SHAPES).strip().split(" +"));
    assertThat(result.err()).contains(message);
    assertThat(result.code()).isEqualTo(code);
  }
}
