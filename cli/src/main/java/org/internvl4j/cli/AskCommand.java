package org.internvl4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Conversation;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.grounding.Grounding;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "ask",
    description = "Answers a question about pictures, about a clip, or about nothing but text.",
    footer = {
      "",
      "Pictures go in front of the question; '<image>' in it puts each where you want it.",
      "  internvl ask -m demo -i a.png -i b.png -p 'Compare the two images.'",
      "  internvl ask -m demo --video clip.mp4 --frames 4 -p 'What is happening in the video?'",
      "  internvl ask -m demo -i a.png --find 'the red circle' --draw found.png"
    })
final class AskCommand implements Computing {
  private final Console console;

  @Mixin private final AskingOptions asking = new AskingOptions();

  @Option(
      names = {"-i", "--image"},
      arity = "1..*",
      paramLabel = "PICTURE",
      description = "A picture; several, or the option again, for more.")
  private List<Path> images = List.of();

  @Option(
      names = "--frames",
      arity = "1..*",
      paramLabel = "PICTURE",
      description = "Frames of a clip in their order, a tile each; with --video, how many (8).")
  private List<Path> frames = List.of();

  @Option(
      names = "--video",
      paramLabel = "FILE",
      description =
          "A video: its frames are shown, evenly spaced. MP4 with H.264; others by ffmpeg.")
  private @Nullable Path video;

  @Option(names = "--pdf", paramLabel = "FILE", description = "A PDF file: each page is a picture.")
  private @Nullable Path pdf;

  @Option(
      names = "--pages",
      paramLabel = "LIST",
      description = "Which pages of the PDF file: 1-3,7. Default: all.")
  private String pages = "";

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "The question; '-' reads it from stdin.")
  private @Nullable String prompt;

  @Option(
      names = "--find",
      paramLabel = "TEXT",
      description = "In place of a question: where is this? The answer points at it with boxes.")
  private @Nullable String find;

  AskCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    requireOneSource();
    List<Path> files = files();
    String text = text(files);
    asking.drawing.require(files);
    Question question = question(text);
    asking.drawing.require(question);
    Shown shown = Shown.NOTHING.reading(files).then(question);
    try (VisionLanguageModel model = asking.open(console);
        Conversation conversation = asking.conversation(model)) {
      Answer answer = asking.ask(console, conversation, question, files, shown, "");
      asking.drawing.draw(console, answer, shown);
    }
    return ExitCodes.OK;
  }

  private void requireOneSource() {
    List<String> used = new ArrayList<>();
    if (!images.isEmpty()) {
      used.add("-i");
    }
    if (video != null) {
      used.add("--video");
    } else if (!frames.isEmpty()) {
      used.add("--frames");
    }
    if (pdf != null) {
      used.add("--pdf");
    } else if (!pages.isEmpty()) {
      throw new UsageException("--pages names pages of a PDF file, found none; name it with --pdf");
    }
    if (used.size() > 1) {
      throw new UsageException(String.join(" and ", used) + " cannot be used together");
    }
  }

  private List<Path> files() {
    if (video != null) {
      return List.of(video);
    }
    if (pdf != null) {
      return List.of(pdf);
    }
    return images.isEmpty() ? frames : images;
  }

  private String text(List<Path> files) throws IOException {
    if (find != null) {
      return finding(find, files);
    }
    if (prompt == null) {
      throw new UsageException("nothing is asked; use -p for a question, or --find");
    }
    String text =
        prompt.equals("-")
            ? new String(console.in().readAllBytes(), StandardCharsets.UTF_8).strip()
            : prompt;
    if (text.isBlank()) {
      throw new UsageException("the prompt is empty");
    }
    return text;
  }

  private String finding(String what, List<Path> files) {
    if (prompt != null) {
      throw new UsageException("-p and --find cannot be used together");
    }
    if (files.isEmpty() || video != null) {
      throw new UsageException("--find looks at a picture, found none; name it with -i");
    }
    try {
      return Grounding.question(what);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--" + e.getMessage());
    }
  }

  private Question question(String text) {
    if (video != null) {
      int count = frames.isEmpty() ? VideoFrames.USUAL : VideoFrames.count(frames);
      return Question.ofFrames(text, VideoFrames.read(video, count, console));
    }
    if (pdf != null) {
      Tiling tiling = asking.pictures.limit(asking.model.tiling(console));
      return Question.of(text, PdfPictures.read(pdf, pages, tiling, console));
    }
    List<Picture> pictures = asking.pictures.asked(images);
    return frames.isEmpty()
        ? Question.of(text, pictures)
        : Question.ofFrames(text, asking.pictures.asked(frames));
  }
}
