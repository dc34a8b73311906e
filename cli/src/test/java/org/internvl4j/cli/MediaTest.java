package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.graphics.image.LosslessFactory;
import org.internvl4j.media.Pictures;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Videos and PDF files on the command line, with the real answers of the demo model.
class MediaTest {
  /// The four frames of the demo's clip, each for a second, four times a second.
  private static final Path CLIP = Fixtures.home().resolve("cli/src/test/resources/clip.mp4");

  private static final String MOVES = "The blue cross is moving to the right.\n";

  @TempDir Path folder;

  /// A PDF file with a picture a page.
  private Path pdf(String... samples) throws IOException {
    Path file = folder.resolve("made.pdf");
    try (PDDocument document = new PDDocument()) {
      for (String sample : samples) {
        BufferedImage image = Pictures.toImage(Pictures.read(Path.of(Cli.sample(sample))));
        PDPage page = new PDPage(new PDRectangle(image.getWidth(), image.getHeight()));
        document.addPage(page);
        try (PDPageContentStream content = new PDPageContentStream(document, page)) {
          content.drawImage(LosslessFactory.createFromImage(document, image), 0, 0);
        }
      }
      document.save(file.toFile());
    }
    return file;
  }

  @Test
  void asksAboutAVideo() {
    Cli.Result asked =
        Cli.run(
            "ask",
            "-m",
            "demo",
            "--video",
            CLIP.toString(),
            "--frames",
            "4",
            "-p",
            "What is happening in the video?");
    assertThat(asked.err()).isEmpty();
    assertThat(asked.out()).isEqualTo(MOVES);
  }

  @Test
  void takesEightFramesAndSaysHowFarItIs() {
    Cli.Result asked =
        Cli.onTerminal(
            Map.of("TERM", "xterm"),
            "ask",
            "-m",
            "demo",
            "--stats",
            "--video",
            CLIP.toString(),
            "-p",
            "What is happening in the video?");
    assertThat(asked.err()).contains("reading frames ").contains("stats: 8 tiles");
  }

  @Test
  void asksAboutPagesOfAPdf() throws IOException {
    Path file = pdf("pair-1.png", "shapes.png", "pair-2.png");
    Cli.Result one =
        Cli.run(
            "ask",
            "-m",
            "demo",
            "--pdf",
            file.toString(),
            "--pages",
            "2",
            "--max-tiles",
            "1",
            "-p",
            "What color is the diamond?");
    assertThat(one.err()).isEmpty();
    assertThat(one.out()).isEqualTo("The diamond is green.\n");
    Cli.Result two =
        Cli.run(
            "ask",
            "-m",
            "demo",
            "--pdf",
            file.toString(),
            "--pages",
            "1,3",
            "--max-tiles",
            "1",
            "-p",
            "Describe the two images in detail.");
    assertThat(two.out())
        .isEqualTo(
            "Image-1 shows a small yellow cross at the top right. Image-2 shows a large yellow cross on"
                + " the right and a small orange circle at the bottom.\n");
  }

  @Test
  void tellsWhatIsMissingInAPage() throws IOException {
    Path file = pdf("shapes.png");
    String text = Files.readString(file, StandardCharsets.ISO_8859_1);
    String rare = text.replaceAll("(/Subtype /Image\\s/Filter )/FlateDecode", "$1/JPXDecode  ");
    Files.writeString(file, rare, StandardCharsets.ISO_8859_1);
    Cli.Result asked =
        Cli.run("ask", "-m", "demo", "--pdf", file.toString(), "-p", "What color is the diamond?");
    assertThat(asked.code()).isZero();
    assertThat(asked.err())
        .startsWith(
            "internvl: " + file + ": page 1: picture 1 (448 x 448, JPXDecode) cannot be decoded: ")
        .hasLineCount(1);
  }

  @Test
  void talksAboutBoth() throws IOException {
    Path file = pdf("pair-1.png", "shapes.png");
    Cli.Result chat =
        Cli.withInput(
            String.join(
                "\n",
                "/video " + CLIP + " 4",
                "What is happening in the video?",
                "/clear",
                "/set max-tiles 1",
                "/pdf '" + file + "' 2",
                "What color is the diamond?",
                "/video " + CLIP + " many",
                "/pdf " + file + " 3",
                "/pdf",
                ""),
            "chat",
            "-m",
            "demo");
    assertThat(chat.out()).isEqualTo(MOVES + "The diamond is green.\n");
    assertThat(chat.err())
        .contains("clip.mp4: frames: 4, tiles: 4\n")
        .contains("made.pdf: pages: 1, tiles: 1\n")
        .contains("internvl: --frames is many, expected a number from 1 to 4096 for a video\n")
        .contains("internvl: pages: '3' asks for pages 3 to 3, " + file + " has 1 to 2\n")
        .contains("internvl: /pdf expects a file behind it, and at most one word more, found 0\n");
  }

  @Test
  void wrongFilesAreThree() throws IOException {
    Path text = Files.writeString(folder.resolve("a.mp4"), "hello, this is no video");
    for (String option : new String[] {"--video", "--pdf"}) {
      Cli.Result wrong = Cli.run("ask", "-m", "demo", option, text.toString(), "-p", "hello");
      assertThat(wrong.code()).isEqualTo(ExitCodes.INPUT);
      assertThat(wrong.err()).startsWith("internvl: " + text + ": ").hasLineCount(1);
    }
  }
}
