package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import org.internvl4j.cli.Console.Stream;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.impl.DumbTerminal;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The conversation that a person types, on a terminal without abilities.
class ReplTest {
  private static final String SHAPES = Cli.sample("shapes.png");

  private static VisionLanguageModel model;

  @TempDir Path temp;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeAll
  static void open() {
    model = VisionLanguageModel.open(DemoModel.checkpoint(), OpenOptions.DEFAULT);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void answersTurnByTurn() throws IOException {
    type(
        "/image " + SHAPES,
        "Please describe the image shortly.",
        "What color is the diamond?",
        "/bye",
        "never read");
    assertThat(answers())
        .isEqualTo("A green diamond, a orange square and a blue circle.\nThe diamond is green.\n");
    assertThat(told()).contains("shapes.png: 448 x 448, tiles: 1");
  }

  @Test
  void findsPicturesInTheText() throws IOException {
    Path spaced = Files.copy(Path.of(SHAPES), temp.resolve("my shapes.png"));
    type("What color is the diamond? " + SHAPES);
    type("'" + spaced + "' What color is the diamond?");
    type(spaced.toString().replace(" ", "\\ "), "What color is the diamond?");
    assertThat(answers()).isEqualTo("The diamond is green.\n".repeat(3));
  }

  @Test
  void followsAClip() throws IOException {
    type(
        "/frames "
            + String.join(
                " ",
                Cli.sample("clip-1.png"),
                Cli.sample("clip-2.png"),
                Cli.sample("clip-3.png"),
                Cli.sample("clip-4.png")),
        "What is happening in the video?");
    assertThat(answers()).isEqualTo("The blue cross is moving to the right.\n");
  }

  @Test
  void readsAQuestionOfSeveralLines() throws IOException {
    type("\"\"\"", "Hello,", "who are you?", "\"\"\"", "\"\"\"Hello, who are you?\"\"\"", "/show");
    assertThat(told()).contains("> Hello,\nwho are you?\n").contains("> Hello, who are you?\n");
  }

  @Test
  void interruptStopsTheAnswerNotTheSession() throws IOException {
    DumbTerminal terminal = terminal("Hello, who are you?", "Hello, who are you?");
    OutputStream interrupting =
        new OutputStream() {
          private boolean raised;

          @Override
          public void write(int b) {
            out.write(b);
            if (!raised) {
              raised = true;
              terminal.raise(Signal.INT);
            }
          }
        };
    run(terminal, interrupting);
    assertThat(answers().lines().toList())
        .satisfiesExactly(
            first -> assertThat(first).startsWith("Hello").hasSizeLessThan(20),
            second ->
                assertThat(second).startsWith("Hello! I am the InternVL4J demo model, a tiny"));
    assertThat(told()).contains("internvl: stopped");
  }

  @Test
  void clearForgets() throws IOException {
    type("/image " + SHAPES, "What color is the diamond?", "/clear", "/show");
    assertThat(told()).doesNotContain("> ");
  }

  @Test
  void settingsAreChangedCheckedAndShown() throws IOException {
    type(
        "/set max-tokens 3",
        "Hello, who are you?",
        "/set top-p 7",
        "/set seed many",
        "/set height 3",
        "/set max-tiles 0",
        "/set max-tiles 2",
        "/set max-tiles",
        "/show");
    assertThat(answers()).isEqualTo("Hello! I\n");
    assertThat(told())
        .contains("internvl: --top-p is 7.0, expected above 0 and at most 1\n")
        .contains("internvl: --max-tiles is 0, expected at least 1\n")
        .contains("internvl: seed is 'many', expected a number\n")
        .contains("internvl: there is no setting 'height'; there are max-tokens, ")
        .contains("max-tiles 2\nmax-tiles the model's\n")
        .containsPattern("top-p +1.0\n");
  }

  @Test
  void mistakesDoNotEndIt() throws IOException {
    type(
        "/image no.png",
        "/image",
        "/no/such.png what is it?",
        "/fly",
        "circle ".repeat(5000),
        "Hello, who are you?");
    assertThat(told())
        .contains("internvl: no.png: ")
        .contains("internvl: /image expects one or more picture files behind it\n")
        .contains("internvl: /no/such.png: there is no such file\n")
        .contains("internvl: there is no command /fly; /help lists them")
        .contains("but the context is 4096");
    assertThat(answers()).startsWith("Hello! I am the InternVL4J demo model").hasLineCount(1);
  }

  @Test
  void readsAPipeLineByLine() {
    Cli.Result chat =
        Cli.withInput(
            "What color is the diamond?\nHow many shapes are there?\n",
            "chat",
            "-m",
            "demo",
            "-q",
            "-i",
            SHAPES);
    assertThat(chat)
        .isEqualTo(new Cli.Result(0, "The diamond is green.\nThere are 3 shapes.\n", ""));
  }

  private void type(String... lines) throws IOException {
    run(terminal(lines), out);
  }

  private static DumbTerminal terminal(String... lines) throws IOException {
    String typed = String.join("\n", lines) + "\n";
    return new DumbTerminal(
        "test",
        Terminal.TYPE_DUMB,
        new ByteArrayInputStream(typed.getBytes(StandardCharsets.UTF_8)),
        OutputStream.nullOutputStream(),
        StandardCharsets.UTF_8);
  }

  private void run(DumbTerminal terminal, OutputStream answers) throws IOException {
    Console console =
        new Console(
            InputStream.nullInputStream(), answers, err, EnumSet.noneOf(Stream.class), Map.of());
    try (terminal;
        Repl repl = new Repl(console, Lines.of(terminal, null), model, new AskingOptions())) {
      assertThat(repl.run()).isZero();
    }
  }

  private String answers() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String told() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
