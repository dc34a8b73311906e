package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.demo.DemoModel.Sample;
import org.internvl4j.demo.DemoModel.Turn;
import org.internvl4j.demo.Scenes;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.Pictures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The verbs that ask, with the real answers of the demo model.
class AskingTest {
  private static final String SHAPES = Cli.sample("shapes.png");
  private static final String SHORT = "A green diamond, a orange square and a blue circle.";

  @Test
  void aSchemaMayBeWrittenOut() {
    String schema = " {\"type\": \"boolean\"}";
    Cli.Result asked = Cli.run("ask", "-m", "demo", "-p", "hello", "--schema", schema);
    assertThat(asked.lines()).as(asked.err()).containsAnyOf("true", "false");
    assertThat(Cli.run("ask", "-m", "demo", "-p", "hello", "--schema", "{").err())
        .contains("--schema {: schema: ");
  }

  @Test
  void demoAnswersEverySampleAsTheReferenceDoes() {
    Cli.Result demo = Cli.run("demo");
    assertThat(demo.code()).isZero();
    String answers = demo.out().replaceAll("</?(ref|box)>", "");
    int questions = 0;
    for (Sample sample : DemoModel.samples()) {
      assertThat(answers).contains(sample.title());
      for (Turn turn : sample.turns()) {
        assertThat(answers).contains("answer    " + turn.answer() + "\n");
        questions++;
      }
    }
    assertThat(demo.out().lines().filter(line -> line.startsWith("question  "))).hasSize(questions);
    assertThat(demo.err()).contains("toy model").contains("internvl chat -m FOLDER");
  }

  @Test
  void demoShowsAsManyDialoguesAsWanted() {
    Cli.Result demo = Cli.run("demo", "-n", "1");
    assertThat(demo.out()).startsWith("Text alone\n").doesNotContain("One picture");
    assertThat(Cli.run("demo", "-n", "0").out()).isEmpty();
  }

  @Test
  void demoDrawsItsPicturesOnATerminal() {
    Cli.Result demo = Cli.onTerminal(Map.of("TERM", "xterm-256color"), "demo", "--stats");
    assertThat(demo.out()).contains("m▀").contains("\u001b[1mTwo pictures\u001b[0m\n");
    assertThat(demo.err()).contains("stats: 5 tiles, 5 encoded").contains("looking at tiles █");
  }

  @Test
  void demoDrawsNewPicturesAndIsMostlyRight(@TempDir Path folder) throws IOException {
    Cli.Result demo =
        Cli.run("demo", "-q", "--draw", folder.toString(), "-n", "4", "--seed", "100");
    assertThat(demo.code()).isZero();
    for (int seed = 100; seed < 104; seed++) {
      assertThat(Pictures.read(folder.resolve("scene-" + seed + ".png")))
          .isEqualTo(Scenes.random(seed).picture());
      assertThat(Files.readAllLines(folder.resolve("scene-" + seed + ".jsonl")))
          .hasSameSizeAs(Scenes.random(seed).questions())
          .allMatch(line -> line.startsWith("{\"question\""));
    }
    List<String> lines = demo.lines();
    long asked = lines.stream().filter(line -> line.startsWith("question")).count();
    long wrong = lines.stream().filter(line -> line.startsWith("truth")).count();
    assertThat(lines.getLast()).isEqualTo((asked - wrong) + " of " + asked + " answers are right");
    assertThat(asked).isBetween(8L, 12L);
    assertThat(wrong).isLessThan(asked / 2);
  }

  @Test
  void asksAboutAPicture() {
    Cli.Result asked =
        Cli.run("ask", "-m", "demo", "-i", SHAPES, "-p", "Please describe the image shortly.");
    assertThat(asked.code()).isZero();
    assertThat(asked.out()).isEqualTo(SHORT + "\n");
    assertThat(asked.err()).isEmpty();
  }

  @Test
  void readsTheQuestionFromStdin() {
    Cli.Result asked =
        Cli.withInput("What color is the diamond?\n", "ask", "-m", "demo", "-i", SHAPES, "-p", "-");
    assertThat(asked.out()).isEqualTo("The diamond is green.\n");
  }

  @Test
  void comparesTwoPictures() {
    Cli.Result asked =
        Cli.run(
            "ask",
            "-m",
            "demo",
            "-i",
            Cli.sample("pair-1.png"),
            Cli.sample("pair-2.png"),
            "-p",
            "Describe the two images in detail.");
    assertThat(asked.out())
        .isEqualTo(
            "Image-1 shows a small yellow cross at the top right. Image-2 shows a large yellow cross on"
                + " the right and a small orange circle at the bottom.\n");
  }

  @Test
  void followsAClip() {
    Cli.Result asked =
        Cli.run(
            "ask",
            "-m",
            "demo",
            "--frames",
            Cli.sample("clip-1.png"),
            Cli.sample("clip-2.png"),
            Cli.sample("clip-3.png"),
            Cli.sample("clip-4.png"),
            "-p",
            "What is happening in the video?");
    assertThat(asked.out()).isEqualTo("The blue cross is moving to the right.\n");
  }

  @Test
  void givesJsonWithGroundingMarksAndWithout() {
    Cli.Result asked =
        Cli.run(
            "ask",
            "-m",
            "demo",
            "--json",
            "-i",
            SHAPES,
            "-p",
            "Please provide the bounding box coordinate of the region this sentence describes:"
                + " <ref>the orange square</ref>");
    Json json = Json.parse(asked.out().getBytes(StandardCharsets.UTF_8), "answer");
    assertThat(json.getText("answer"))
        .matches("<ref>the orange square</ref><box>\\[\\[\\d+, \\d+, \\d+, \\d+]]</box>");
    assertThat(json.getText("plain"))
        .isEqualTo(json.getText("answer").replaceAll("</?(ref|box)>", ""));
    assertThat(json.getText("finish")).isEqualTo("stop");
    assertThat(json.getInt("tiles")).isEqualTo(1);
  }

  @Test
  void saysThatAnAnswerWasCutOff() {
    Cli.Result asked =
        Cli.run("ask", "-m", "demo", "--max-tokens", "3", "-p", "Hello, who are you?");
    assertThat(asked.code()).isZero();
    assertThat(asked.out()).isEqualTo("Hello! I\n");
    assertThat(asked.err()).contains("cut off after 3 tokens; --max-tokens allows more");
  }

  @Test
  void stopsAtAText() {
    Cli.Result asked = Cli.run("ask", "-m", "demo", "--stop", " demo", "-p", "Hello, who are you?");
    assertThat(asked.out()).isEqualTo("Hello! I am the InternVL4J\n");
  }

  @Test
  void drawsTheSameWithTheSameSeed() {
    String[] draw = {
      "ask", "-m", "demo", "--temperature", "3", "--seed", "7", "--max-tokens", "12", "-p", "Hello"
    };
    Cli.Result first = Cli.run(draw);
    assertThat(Cli.run(draw).out()).isEqualTo(first.out());
    draw[6] = "8";
    assertThat(Cli.run(draw).out()).isNotEqualTo(first.out());
  }

  @Test
  void describesGoodPicturesAndLeavesOutBadOnes() {
    Cli.Result described =
        Cli.run(
            "describe", "-m", "demo", "-p", "Please describe the image shortly.", SHAPES, "no.png");
    assertThat(described.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(described.out()).isEqualTo(SHAPES + ": " + SHORT + "\n");
    assertThat(described.err()).startsWith("internvl: no.png: ").hasLineCount(1);
  }

  @Test
  void looksAtTilesAsToldAndGivesFigures() {
    String[] ask = {
      "ask",
      "-m",
      "demo",
      "--stats",
      "-i",
      Cli.sample("large.png"),
      "-p",
      "How many shapes are there?"
    };
    Cli.Result asked = Cli.run(ask);
    assertThat(asked.out()).isEqualTo("There are 3 shapes.\n");
    assertThat(asked.err())
        .contains("stats: demo on cpu")
        .contains("stats: 5 tiles, 5 encoded")
        .containsPattern("memory \\d+\\.\\d [MG]iB");
    ask[3] = "--max-tiles=1";
    assertThat(Cli.run(ask).err()).isEmpty();
  }

  /// As `<(…)` of a shell is.
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aPictureMayComeFromAPipe(@TempDir Path folder) throws Exception {
    Path shapes = Path.of(Cli.sample("shapes.png"));
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Process writer =
        new ProcessBuilder("cp", shapes.toString(), pipe.toString()).start(); // waits for a reader
    assertThat(Cli.run("describe", "-m", "demo", "-q", pipe.toString()))
        .isEqualTo(Cli.run("describe", "-m", "demo", "-q", shapes.toString()));
    assertThat(writer.waitFor()).isZero();
  }
}
