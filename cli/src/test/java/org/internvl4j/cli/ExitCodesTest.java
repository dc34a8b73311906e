package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every way to fail ends in one sentence and its code.
class ExitCodesTest {
  private static final String SHAPES = Cli.sample("shapes.png");

  @TempDir Path temp;

  @Test
  void noTerminalTakesAMessageForACommand() {
    String sentence = ExitCodes.sentence(new IOException("evil \u001b[31mred\u0007\tor\nnot"));
    assertThat(sentence).isEqualTo("evil ?[31mred?\tor\nnot");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                                            | Usage: internvl",
        "fly                                         | there is no command 'fly'; see 'internvl --help'",
        "aks -m demo                                 | there is no command 'aks', did you mean 'ask'?",
        "help shwo                                   | unknown subcommand 'shwo'; see",
        "demo --height=3                             | unknown option: '--height=3'; see 'internvl demo --help'",
        "ask -m demo                                 | nothing is asked; use -p for a question, or --find",
        "ask -m demo -p hello --find cat -i a.png    | -p and --find cannot be used together",
        "ask -m demo --find cat                      | --find looks at a picture, found none; name it with -i",
        "ask -m demo --find <box> -i a.png           | --find: what to look for has the mark <box> in it",
        "ask -m demo --find= -i a.png                | --find: what to look for is empty, expected a few words",
        "ask -p hello                                | missing required option: '--model=MODEL'",
        "ask -m demo -p hello --temperature hot      | 'hot' is not a float",
        "ask -m demo -p hello --top-p 2              | --top-p is 2.0, expected above 0 and at most 1",
        "ask -m demo -p hello --max-tokens 0         | --max-tokens is 0, expected at least 1",
        "ask -m demo -p hello --threads -1           | --threads is -1, expected 0 (one a core) to 1024",
        "ask -m demo -p hello --threads 100000       | --threads is 100000, expected 0",
        "tiles --max-pixels 1G a.png                 | '1G' is not a number from 1 to 715827882, or up to 715M",
        "ask -m demo -p hello --device tpu           | --device is tpu, expected one of auto, ",
        "ask -m demo -p hello --kernels sse           | --kernels is sse, expected one of auto, emitted, vector, scalar",
        "ask -m demo -p hello --activations f16       | --activations is f16, expected one of f32, bf16",
        "ask -m demo -p hi --device plain --kernels emitted | --kernels emitted is for the device cpu, and --device is plain",
        "ask -m demo -p hi --device cuda:1 --activations bf16 | --activations bf16 is for the device cpu, and --device is cuda:1",
        "ask -m demo -p hello -i a.png --frames b    | -i and --frames cannot be used together",
        "ask -m demo -p hello -i a.png --video b     | -i and --video cannot be used together",
        "ask -m demo -p hello --video a --pdf b      | --video and --pdf cannot be used together",
        "ask -m demo -p hello --video a --frames b   | --frames is b, expected a number from 1 to 4096 for a video",
        "ask -m demo -p hello --pages 3              | --pages names pages of a PDF file, found none; name it with --pdf",
        "ask -m demo --find cat --video a            | --find looks at a picture, found none; name it with -i",
        "ask -m demo -p -                            | the prompt is empty",
        "ask -m demo -p hello --lora=                | --lora is empty, expected DIR or DIR=WEIGHT",
        "ask -m demo -p hello --lora a=1e39          | --lora is a=1e39, expected DIR or DIR=WEIGHT, WEIGHT a number",
        "ask -m demo -p hello --schema nowhere.json  | --schema is nowhere.json, which cannot be read as UTF-8 text",
        "ask -m= -p hello                            | the model's name is empty; name a folder, a model or 'demo'",
        "index photos -m demo -x=                    | for option '--index': it is empty, expected a path",
        "search -x photos.index -i=                  | for option '--image': it is empty, expected a path",
        "serve -m demo --port 70000                  | --port is 70000, expected 0 to 65535",
        "serve -m demo --queue 0                     | --queue is 0, expected at least 1",
        "serve -m demo --kv-memory -1                | --kv-memory is -1, expected 0 to 8796093022207",
        "serve -m demo --kv-memory 8796093022208     | --kv-memory is 8796093022208, expected 0 to 8796093022207",
        "serve -m demo --origin https://a/b          | --origin is https://a/b, expected one like https://example.org",
        "serve -m demo --media-path no/such          | --media-path is no/such, expected a folder",
        "serve -m demo --media-path pom.xml          | --media-path is pom.xml, expected a folder",
        "serve -m demo --picture-hosts a.b,http://c  | --picture-hosts: 'http://c' is no host; expected one like",
        "tiles --max-tiles 0 a.png                   | --max-tiles is 0, expected at least 1",
        "verify -m demo                              | nothing to compare with",
        "ask -m demo -p hello --weights q3           | --weights is q3, expected one of bf16, q8, q4",
        "cache                                       | cache needs ls or rm; see 'internvl cache --help'",
        "cache fly                                   | unmatched argument at index 1: 'fly'; see 'internvl cache --help'",
        "cache rm                                    | name a model, or all with --all",
        "cache rm --all x                            | --all and models cannot be named together"
      })
  void wrongUsageIsTwo(String line, String sentence) {
    expect(2, sentence, line == null ? new String[0] : line.split(" +"));
  }

  /// Where the system gives memory that it has not, it would give this, too.
  @Test
  void moreMemoryThanThereIsIsTwo() throws IOException {
    Path overcommit = Path.of("/proc/sys/vm/overcommit_memory");
    assumeTrue(
        Files.isReadable(overcommit) && !Files.readString(overcommit).startsWith("1"),
        "the system may give more memory than it has");
    String terabytes = "100000000";
    expect(
        2,
        "--kv-memory " + terabytes + ": session: kvBytes is 104857600000000, more than there is",
        "serve",
        "-m",
        "demo",
        "--port",
        "0",
        "--kv-memory",
        terabytes);
  }

  @Test
  void missingFilesAreThree() {
    expect(3, "no.png: ", "ask", "-m", "demo", "-i", "no.png", "-p", "hello");
    expect(3, "no.png: ", "tiles", "no.png");
    expect(3, "no/such/model: no such folder", "ask", "-m", "no/such/model", "-p", "hello");
    expect(3, "no/such/model: no such folder", "show", "-m", "no/such/model");
    expect(3, "no/such/model: no such folder", "cache", "ls", "no/such/model");
    expect(3, "no.json: no such file", "verify", "-m", "demo", "--eval", "no.json");
  }

  @Test
  void folderWithoutConfigIsThree() {
    expect(3, "config.json", "ask", "-m", temp.toString(), "-p", "hello");
    expect(3, "is empty, expected config.json", "verify", "-m", temp.toString());
    expect(3, "has no config.json", "tiles", "-m", temp.toString(), SHAPES);
  }

  @Test
  void unsupportedArchitectureIsFour() throws IOException {
    Path source = Cli.fixture("internvl2-1b");
    Files.copy(source.resolve("model.safetensors"), temp.resolve("model.safetensors"));
    Files.writeString(
        temp.resolve("config.json"),
        Files.readString(source.resolve("config.json"))
            .replace("InternVLChatModel", "UnheardOfModel"));
    String folder = temp.toString();
    expect(4, "UnheardOfModel is not supported", "ask", "-m", folder, "-p", "hello");
    expect(4, "UnheardOfModel is not supported", "verify", "-m", folder);
    expect(4, "UnheardOfModel is not supported", "embed", "-m", folder, SHAPES);
    expect(
        4,
        "UnheardOfModel does not put pictures and texts into one space",
        "caption",
        "-m",
        folder,
        SHAPES);
    String contrastive = Cli.fixture("internvl-14b-224px").toString();
    expect(4, "InternVLModel answers no questions", "ask", "-m", contrastive, "-p", "hello");
  }

  @Test
  void noFileOfTorchSaveIsThree() throws IOException {
    Files.copy(Cli.fixture("internvl2-1b").resolve("config.json"), temp.resolve("config.json"));
    Files.writeString(temp.resolve("pytorch_model.bin"), "not even a pickle");
    expect(3, "no file of torch.save", "ask", "-m", temp.toString(), "-p", "hello");
    expect(3, "no file of torch.save", "verify", "-m", temp.toString());
  }

  @Test
  void blankPromptIsTwo() {
    expect(2, "the prompt is empty", "ask", "-m", "demo", "-p", "   ");
    expect(2, "the prompt is empty", "describe", "-m", "demo", "-p", " ", SHAPES);
  }

  @Test
  void placesThatCannotBeWrittenAreThree() throws IOException {
    String file = Files.createFile(temp.resolve("file")).toString();
    String folder = temp.toString();
    expect(3, "file: is not a folder", "tiles", SHAPES, "-o", file);
    expect(3, "file: is not a folder", "demo", "-q", "--draw", file);
    expect(3, "is a folder, expected a file", "embed", "-m", "demo", SHAPES, "-o", folder);
    String nowhere = temp.resolve("no/features.safetensors").toString();
    expect(3, "no: no such file or folder", "embed", "-m", "no-model", SHAPES, "-o", nowhere);
  }

  @Test
  void namesThatNoFileCanHaveAreThree() {
    expect(3, "cannot name a file: nul character not allowed", "tiles", "a\0b.png");
  }

  @Test
  void bombIsThreeBeforeAnythingIsDecoded() throws IOException {
    Path bomb = temp.resolve("bomb.png");
    Files.write(bomb, whitePng(30_000, 30_000));
    expect(3, "raise maxPixels (--max-pixels)", "tiles", bomb.toString());
    expect(3, "30000 x 30000", "ask", "-m", "demo", "-i", bomb.toString(), "-p", "hello");
  }

  @Test
  void textNamedLikeAPictureIsThree() throws IOException {
    Path text = temp.resolve("text.jpg");
    Files.writeString(text, "I am no picture.");
    expect(3, "text.jpg", "describe", "-m", "demo", text.toString());
  }

  @Test
  void longPromptIsThree() {
    expect(3, "but the context is 4096", "ask", "-m", "demo", "-p", "circle ".repeat(6000));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-v", "--debug"})
  void stackTraceOnlyWhenAsked(String flag) {
    Cli.Result plain = Cli.run("show", "-m", "no/such/model");
    assertThat(plain.err()).hasLineCount(1);
    Cli.Result traced = Cli.run("show", "-m", "no/such/model", flag);
    assertThat(traced.code()).isEqualTo(plain.code());
    assertThat(traced.err()).startsWith(plain.err()).contains("\tat org.internvl4j.");
  }

  @Test
  void outOfMemorySaysWhatToDo() {
    Cli.Result result = ended(new OutOfMemoryError("Java heap space"));
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("out of memory (Java heap space)").contains("--max-tiles");
  }

  @Test
  void closedPipeIsQuietAndFullDiskIsNot() {
    Cli.Result pipe = ended(new Console.ClosedException(new IOException("Broken pipe")));
    assertThat(pipe).isEqualTo(new Cli.Result(0, "", ""));
    Cli.Result other = ended(new UncheckedIOException(new IOException("Broken pipe")));
    assertThat(other).isEqualTo(new Cli.Result(1, "", "internvl: Broken pipe\n"));
    Cli.Result disk = ended(new UncheckedIOException(new IOException("No space left on device")));
    assertThat(disk).isEqualTo(new Cli.Result(1, "", "internvl: No space left on device\n"));
  }

  @Test
  void closedPipeEndsACommand() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(InputStream.nullInputStream(), new Closed(), err, Set.of(), Map.of());
    assertThat(Main.run(console, "demo", "-q")).isZero();
    assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  private static final class Closed extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      throw new IOException("Broken pipe");
    }
  }

  /// Rows go into a file, whoever reads what is said beside them.
  @ParameterizedTest
  @EnumSource(value = Console.Stream.class, names = "ERR")
  @NullSource
  void workGoesOnWhereNobodyIsTold(Console.@Nullable Stream terminal) throws IOException {
    Path out = temp.resolve("out.jsonl");
    Set<Console.Stream> terminals = terminal == null ? Set.of() : Set.of(terminal);
    Console console =
        new Console(
            new ByteArrayInputStream("a.png\nb.png\n".getBytes(StandardCharsets.UTF_8)),
            new Closed(),
            new Closed(),
            terminals,
            Map.of());
    String[] batch = {"batch", "-", "-o", out.toString(), "-m", "demo", "-p", "What is it?", "-v"};
    assertThat(Main.run(console, batch)).isZero();
    assertThat(Files.readAllLines(out)).hasSize(2);
    String[] wrong = {"batch", "nowhere", "-o", out.toString(), "-m", "demo", "-p", "x"};
    assertThat(Main.run(console, wrong)).isEqualTo(3);
  }

  @Test
  void cancelledIs130() {
    assertThat(ended(new CancellationException())).isEqualTo(new Cli.Result(130, "", ""));
  }

  @Test
  void unexpectedIsOneAndSaysHowToLearnMore() {
    Cli.Result result = ended(new IllegalStateException("model: is closed"));
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err())
        .isEqualTo(
            "internvl: unexpected: model: is closed (IllegalStateException); run again with -v for where\n");
  }

  private static Cli.Result ended(Throwable thrown) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        ExitCodes.of(
            thrown, new Console(InputStream.nullInputStream(), out, err, Set.of(), Map.of()));
    return new Cli.Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static void expect(int code, String sentence, String... arguments) {
    Cli.Result result = Cli.run(arguments);
    assertThat(result.err()).contains(sentence).doesNotContain("\tat ").doesNotContain("Exception");
    assertThat(result.code()).as(result.err()).isEqualTo(code);
    assertThat(result.out()).isEmpty();
  }

  /// A true PNG of one grey level: 900 million pixels in a file of under a megabyte.
  private static byte[] whitePng(int width, int height) throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    png.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    DataOutputStream numbers = new DataOutputStream(head);
    numbers.writeInt(width);
    numbers.writeInt(height);
    numbers.write(new byte[] {1, 0, 0, 0, 0}); // one bit, grey
    chunk(png, "IHDR", head.toByteArray());
    ByteArrayOutputStream rows = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflater = new DeflaterOutputStream(rows)) {
      byte[] row = new byte[1 + (width + 7) / 8];
      for (int y = 0; y < height; y++) {
        deflater.write(row);
      }
    }
    chunk(png, "IDAT", rows.toByteArray());
    chunk(png, "IEND", new byte[0]);
    return png.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream png, String type, byte[] data)
      throws IOException {
    DataOutputStream out = new DataOutputStream(png);
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    out.writeInt(data.length);
    out.write(name);
    out.write(data);
    out.writeInt((int) crc.getValue());
  }
}
