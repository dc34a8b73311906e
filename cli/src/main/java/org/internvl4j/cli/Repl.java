package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Conversation;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.jspecify.annotations.Nullable;

/// A conversation that a person types: questions, pictures, and commands that begin with a slash.
final class Repl implements AutoCloseable {
  private static final String QUOTE = "\"\"\"";
  private static final String HELP =
      """
      /image PICTURE…      the next question is about these, too; a path inside a question does the same
      /frames PICTURE…     the next question is about a clip with these frames
      /video FILE [N]      the next question is about N frames of this video (8)
      /pdf FILE [PAGES]    the next question is about these pages, too: 1-3,7
      /draw OUT.png        the picture with the boxes of the last answer
      /clear               forget the conversation
      /set NAME VALUE      change a setting
      /show                settings, and what was said
      /help                this
      /bye                 leave; so does Ctrl-D
      \"""                  begins and ends a question of several lines
      Ctrl-C stops an answer.\
      """;

  private final Console console;
  private final Lines lines;
  private final VisionLanguageModel model;
  private final AskingOptions asking;
  private final Conversation conversation;
  private final List<Attached> pending = new ArrayList<>();
  private boolean frames;
  private Shown shown = Shown.NOTHING;
  private @Nullable Answer last;

  /// A file that the next question is about, and what is seen of it.
  private record Attached(Path file, List<Picture> pictures) {}

  Repl(Console console, Lines lines, VisionLanguageModel model, AskingOptions asking) {
    this.console = console;
    this.lines = lines;
    this.model = model;
    this.asking = asking;
    this.conversation = asking.conversation(model);
  }

  /// Reads and answers until the user leaves.
  ///
  /// @return the exit code
  int run() throws IOException {
    lines.onInterrupt(conversation::cancel);
    console.note(model.name() + " on " + model.description() + "; /help lists commands");
    String line;
    while ((line = lines.next("> ")) != null) {
      line = line.strip();
      if (line.equals("/bye") || line.equals("/exit") || line.equals("/quit")) {
        break;
      }
      try {
        obey(line);
      } catch (UsageException | IllegalArgumentException e) {
        console.complain(ExitCodes.sentence(e));
      } catch (RuntimeException e) {
        ExitCodes.of(e, console);
      }
    }
    return ExitCodes.OK;
  }

  private void obey(String line) throws IOException {
    if (line.startsWith(QUOTE)) {
      ask(PicturePaths.find(quoted(line)));
    } else if (line.startsWith("/") && !PicturePaths.beginsWithPicture(line)) {
      command(line);
    } else if (!line.isEmpty()) {
      ask(PicturePaths.find(line));
    }
  }

  private String quoted(String first) throws IOException {
    StringBuilder text = new StringBuilder();
    String line = first.substring(QUOTE.length());
    while (line != null && !line.stripTrailing().endsWith(QUOTE)) {
      text.append(line).append('\n');
      line = lines.next("… ");
    }
    if (line != null) {
      String last = line.stripTrailing();
      text.append(last, 0, last.length() - QUOTE.length());
    }
    return text.toString().strip();
  }

  private void command(String line) {
    String[] words = line.split("\\s+", 2);
    String rest = words.length > 1 ? words[1] : "";
    switch (words[0]) {
      case "/image" -> look(pictures(words[0], rest));
      case "/frames" -> {
        List<Path> clip = pictures(words[0], rest);
        pending.clear();
        look(clip);
        frames = true;
      }
      case "/video" -> video(rest);
      case "/pdf" -> pdf(rest);
      case "/clear" -> {
        conversation.clear();
        pending.clear();
        frames = false;
        shown = shown.cleared();
        last = null;
      }
      case "/draw" -> draw(rest);
      case "/set" -> set(rest);
      case "/show" -> show();
      case "/help" -> console.report(HELP);
      default ->
          console.complain(
              PicturePaths.namesPicture(line)
                  ? PicturePaths.all(line).getFirst() + ": there is no such file"
                  : "there is no command " + words[0] + "; /help lists them");
    }
  }

  private static List<Path> pictures(String command, String rest) {
    List<Path> paths = PicturePaths.all(rest);
    if (paths.isEmpty()) {
      throw new UsageException(command + " expects one or more picture files behind it");
    }
    return paths;
  }

  /// Keeps pictures for the next question, once each can be read.
  void look(List<Path> files) {
    for (Path file : files) {
      Picture picture = asking.pictures.read(file);
      console.note(
          "%s: %d x %d, tiles: %d"
              .formatted(file, picture.width(), picture.height(), tiles(picture)));
      pending.add(new Attached(file, List.of(picture)));
    }
    shown = shown.reading(files);
  }

  private void video(String rest) {
    List<String> words = words("/video", rest);
    Path file = Path.of(words.getFirst());
    int count = words.size() == 1 ? VideoFrames.USUAL : VideoFrames.count(words.getLast());
    List<Picture> seen = VideoFrames.read(file, count, console);
    pending.clear();
    attach(new Attached(file, seen), "frames");
    frames = true;
  }

  private void pdf(String rest) {
    List<String> words = words("/pdf", rest);
    Path file = Path.of(words.getFirst());
    Tiling tiling = asking.pictures.limit(model.tiling());
    String pages = words.size() == 1 ? "" : words.getLast();
    attach(new Attached(file, PdfPictures.read(file, pages, tiling, console)), "pages");
  }

  private static List<String> words(String command, String rest) {
    List<String> words = PicturePaths.all(rest).stream().map(Path::toString).toList();
    if (words.isEmpty() || words.size() > 2) {
      throw new UsageException(
          command + " expects a file behind it, and at most one word more, found " + words.size());
    }
    return words;
  }

  private void attach(Attached attached, String what) {
    int tiles = attached.pictures().stream().mapToInt(this::tiles).sum();
    console.note(
        "%s: %s: %d, tiles: %d"
            .formatted(
                attached.file(),
                what,
                attached.pictures().size(),
                what.equals("frames") ? attached.pictures().size() : tiles));
    pending.add(attached);
    shown = shown.reading(List.of(attached.file()));
  }

  private int tiles(Picture picture) {
    Integer max = asking.pictures.maxTiles;
    return (max == null ? model.tiling() : model.tiling().withMaxTiles(max))
        .tileCount(picture.width(), picture.height());
  }

  private void ask(PicturePaths.Found found) {
    if (found.text().isEmpty()) {
      look(found.pictures());
      return;
    }
    List<Path> files = new ArrayList<>();
    List<Picture> pictures = new ArrayList<>();
    for (Attached attached : pending) {
      files.add(attached.file());
      pictures.addAll(attached.pictures());
    }
    files.addAll(found.pictures());
    pictures.addAll(asking.pictures.asked(found.pictures()));
    Question question =
        frames && !files.isEmpty()
            ? Question.ofFrames(found.text(), pictures)
            : Question.of(found.text(), pictures);
    shown = shown.reading(found.pictures());
    Shown now = shown.then(question);
    Answer answer = asking.ask(console, conversation, question, files, now, "");
    if (answer.finish() == Answer.Finish.CANCELLED) {
      console.note("internvl: stopped");
    }
    pending.clear();
    frames = false;
    shown = now;
    last = answer;
    asking.drawing.draw(console, answer, shown);
  }

  private void draw(String rest) {
    List<Path> files = PicturePaths.all(rest);
    if (files.size() != 1) {
      throw new UsageException("/draw expects one PNG file behind it, found " + files.size());
    }
    if (last == null) {
      throw new UsageException("there is no answer to draw yet");
    }
    DrawOption.draw(console, last, shown, files.getFirst());
  }

  private void set(String assignment) {
    String[] words = assignment.split("\\s+", 2);
    Setting setting = Setting.named(words[0]);
    setting.set(asking, words.length > 1 ? words[1] : "");
    if (setting == Setting.SYSTEM) {
      conversation.system(asking.system);
    }
    console.note(setting.option() + " " + setting.get(asking));
  }

  private void show() {
    for (Setting setting : Setting.values()) {
      console.report("%-20s %s".formatted(setting.option(), setting.get(asking)));
    }
    console.report("%-20s %,d tokens".formatted("context", model.context()));
    conversation
        .history()
        .forEach(turn -> console.report("> " + turn.question() + "\n" + turn.answer()));
  }

  @Override
  public void close() {
    conversation.close();
  }
}
