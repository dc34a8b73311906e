package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.Generation;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.models.VisionLanguageModel;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchTest {
  private static final int ROWS = 24;
  private static final Task TASK = Task.Asking.of(Scenery.QUESTION);

  @TempDir private static Path shared;

  private static Path pictures;
  private static String undisturbed; // the file of a run that nothing happened to

  @TempDir private Path temp;

  @BeforeAll
  static void runOnce() throws Exception {
    pictures = Scenery.paint(shared.resolve("pictures"), ROWS);
    Path out = shared.resolve("out.jsonl");
    assertThat(Scenery.run(pictures, out, TASK))
        .isEqualTo(new Batch.Result(ROWS, Batch.End.COMPLETE));
    undisturbed = Files.readString(out);
  }

  private static Json json(String line) {
    return Json.parse(line.getBytes(StandardCharsets.UTF_8), "row");
  }

  @Test
  void rowsAreWhatTheModelAnswersOneByOne() {
    List<String> lines = undisturbed.lines().toList();
    assertThat(lines).hasSize(ROWS);
    try (VisionLanguageModel model =
        VisionLanguageModel.open(DemoModel.checkpoint(), OpenOptions.DEFAULT.withThreads(1))) {
      for (int i = 0; i < ROWS; i++) {
        Json row = json(lines.get(i));
        String name = "%05d.png".formatted(i);
        assertThat(row.getText("id")).isEqualTo(name);
        assertThat(row.getText("answer"))
            .isEqualTo(model.ask(Scenery.QUESTION, Pictures.read(pictures.resolve(name))).text());
        assertThat(row.getText("finish")).isEqualTo("stop");
        assertThat(row.getInt("tiles")).isPositive();
        assertThat(row.getInt("new_tokens")).isPositive();
      }
    }
  }

  @Test
  void nothingIsLeftBesideTheFileButItsManifest() throws IOException {
    requireNothingElse();
    Json manifest = json(Files.readString(shared.resolve("out.jsonl.manifest.json")));
    assertThat(manifest.at("task").getText("prompt")).isEqualTo(Scenery.QUESTION);
    assertThat(manifest.getText("weights_sha256")).hasSize(64);
  }

  @Test
  void oneThatWasStoppedGoesOn() throws Exception {
    Path out = temp.resolve("out.jsonl");
    List<Long> found = new ArrayList<>();
    for (int stop = 3; stop < ROWS; stop += 7) {
      int at = stop;
      Batch.Result result = Scenery.run(pictures, out, TASK, at, found::add);
      assertThat(result.end()).isEqualTo(Batch.End.STOPPED);
      assertThat(result.rows()).isGreaterThanOrEqualTo(at);
      assertThat(out).doesNotExist();
    }
    assertThat(Scenery.run(pictures, out, TASK, ROWS + 1, found::add).end())
        .isEqualTo(Batch.End.COMPLETE);
    assertThat(found).hasSize(3).doesNotContain(0L);
    assertThat(Files.readString(out)).isEqualTo(undisturbed);
  }

  @Test
  void whatIsCompleteIsFound() throws Exception {
    Path out = shared.resolve("out.jsonl");
    assertThat(Scenery.run(pictures, out, TASK)).isEqualTo(new Batch.Result(0, Batch.End.FOUND));
    assertThat(Files.readString(out)).isEqualTo(undisturbed);
  }

  @Test
  void whatAnotherBatchHasCompletedMeanwhileIsFound() throws Exception {
    Path out = shared.resolve("out.jsonl");
    assertThat(behindItsFirstLook(out, TASK)).isEqualTo(new Batch.Result(0, Batch.End.FOUND));
    assertThatThrownBy(() -> behindItsFirstLook(out, Task.Asking.of("What is it?")))
        .isInstanceOf(BatchException.class)
        .hasMessageContaining("was begun with task.prompt");
    assertThat(Files.readString(out)).isEqualTo(undisturbed);
    requireNothingElse();
  }

  private static void requireNothingElse() throws IOException {
    try (var files = Files.list(shared)) {
      assertThat(files.map(file -> String.valueOf(file.getFileName())))
          .containsExactlyInAnyOrder("pictures", "out.jsonl", "out.jsonl.manifest.json");
    }
  }

  /// Runs a batch that saw no complete output.
  private static Batch.Result behindItsFirstLook(Path out, Task task) throws Exception {
    try (Input input =
        Inputs.open(pictures.toString(), Columns.USUAL, InputStream.nullInputStream())) {
      Manifest manifest = Scenery.manifest(task, pictures.toString());
      Batch.Output output = Batch.Output.of(out, false, task);
      return new Batch(() -> Scenery.worker(task), input, output, manifest, Batch.Listener.NONE)
          .goOn(out);
    }
  }

  @Test
  void anotherQuestionIsRefused() {
    Path out = shared.resolve("out.jsonl");
    assertThatThrownBy(() -> Scenery.run(pictures, out, Task.Asking.of("What is it?")))
        .isInstanceOf(BatchException.class)
        .hasMessage(
            out
                + ": was begun with task.prompt \""
                + Scenery.QUESTION
                + "\" and is asked to go on with \"What is it?\"; go on with that, or name another"
                + " output file");
    Task longer =
        new Task.Asking(
            Scenery.QUESTION, false, null, 0, Generation.GREEDY.withMaxNewTokens(7), null);
    assertThatThrownBy(() -> Scenery.run(pictures, out, longer))
        .hasMessageContaining("task.max_tokens 1024 and is asked to go on with 7");
    assertThatThrownBy(() -> Scenery.run(pictures, out, new Task.Embedding(Task.Vectors.MEAN)))
        .hasMessageContaining("task.kind \"ask\" and is asked to go on with \"embed\"");
    assertThat(out).hasContent(undisturbed.stripTrailing());
  }

  @Test
  void filesOfOthersAreNotTouched() throws IOException {
    Path out = temp.resolve("mine.jsonl");
    Files.writeString(out, "mine");
    assertThatThrownBy(() -> Scenery.run(pictures, out, TASK))
        .isInstanceOf(BatchException.class)
        .hasMessageContaining("no manifest says");
    Files.writeString(temp.resolve("mine.jsonl.manifest.json"), "{\"name\": \"my app\"}");
    assertThatThrownBy(() -> Scenery.run(pictures, out, TASK))
        .isInstanceOf(BatchException.class)
        .hasMessageContaining("is no manifest of a batch");
    assertThat(out).hasContent("mine");
  }

  @Test
  void otherPicturesThanBeforeAreRefused() throws Exception {
    Path out = temp.resolve("out.jsonl");
    Path folder = Scenery.paint(temp.resolve("few"), 3);
    assertThat(Scenery.run(folder, out, TASK, 1, _ -> {}))
        .isEqualTo(new Batch.Result(1, Batch.End.STOPPED));
    Files.move(folder.resolve("00000.png"), folder.resolve("00009.png"));
    assertThatThrownBy(() -> Scenery.run(folder, out, TASK))
        .hasMessageContaining("row 1 was 00000.png when it was done and is 00001.png now");
  }

  @Test
  void otherQuestionsThanBeforeAreRefused() throws Exception {
    Path rows = temp.resolve("rows.jsonl");
    String line = "{\"images\": [\"%s\"], \"prompt\": \"%s\"}\n";
    String first = line.formatted(pictures.resolve("00000.png"), Scenery.QUESTION);
    String second = line.formatted(pictures.resolve("00001.png"), Scenery.QUESTION);
    Path out = temp.resolve("out.jsonl");
    Files.writeString(rows, first + second);
    assertThat(run(rows, out, false, 1).end()).isEqualTo(Batch.End.STOPPED);
    Files.writeString(rows, first.replace("How many", "Which") + second);
    assertThatThrownBy(() -> run(rows, out, false, 9))
        .isInstanceOf(BatchException.class)
        .hasMessageContaining("a row that is done asked something else when it was done");
    Files.writeString(rows, first.replace("00000", "00002") + second);
    assertThatThrownBy(() -> run(rows, out, false, 9)).hasMessageContaining("other pictures");
    Files.writeString(rows, first + second.replace("How many", "Which"));
    assertThatThrownBy(() -> run(rows, out, true, 9))
        .hasMessageContaining("was begun with times false and is asked to go on with true");
    assertThat(run(rows, out, false, 9).end()).isEqualTo(Batch.End.COMPLETE);
  }

  private static Batch.Result run(Path rows, Path out, boolean times, long stop) throws Exception {
    try (Input input = Inputs.jsonLines(rows)) {
      Batch[] batch = new Batch[1];
      Batch.Listener listener =
          new Batch.Listener() {
            @Override
            public void done(Outcome outcome, long done, long size) {
              if (done >= stop) {
                batch[0].stop();
              }
            }
          };
      batch[0] =
          new Batch(
              () -> Scenery.worker(TASK),
              input,
              Batch.Output.of(out, times, TASK),
              Scenery.manifest(TASK, "rows"),
              listener);
      return batch[0].run();
    }
  }

  @Test
  void whatIsCompleteTakesNoMoreRows() throws Exception {
    Path folder = Scenery.paint(temp.resolve("few"), 2);
    Path out = temp.resolve("out.jsonl");
    assertThat(Scenery.run(folder, out, TASK).end()).isEqualTo(Batch.End.COMPLETE);
    String before = Files.readString(out);
    Path third = Files.copy(folder.resolve("00000.png"), folder.resolve("00002.png"));
    assertThatThrownBy(() -> Scenery.run(folder, out, TASK))
        .isInstanceOf(BatchException.class)
        .hasMessage(
            out
                + ": was complete with 2 rows, and the input has more now; name another output file,"
                + " or delete this one to have all rows made anew");
    assertThat(out).hasContent(before.stripTrailing());
    Files.delete(third);
    Files.delete(folder.resolve("00001.png"));
    assertThat(Scenery.run(folder, out, TASK).end()).isEqualTo(Batch.End.FOUND);

    Path rows = temp.resolve("rows.jsonl");
    String line = "{\"images\": [\"%s\"]}\n".formatted(pictures.resolve("00000.png"));
    Path answers = temp.resolve("answers.jsonl");
    Files.writeString(rows, line);
    assertThat(run(rows, answers, false, 9).end()).isEqualTo(Batch.End.COMPLETE);
    assertThat(run(rows, answers, false, 9).end()).isEqualTo(Batch.End.FOUND);
    Files.writeString(rows, line + line);
    assertThatThrownBy(() -> run(rows, answers, false, 9))
        .hasMessageContaining("was complete with 1 rows, and the input has more now");
  }

  @Test
  void whatFailedBeforeItsFirstRowMayBeBegunAnew() throws Exception {
    Path out = temp.resolve("out.jsonl");
    Task impossible = new Task.Embedding(Task.Vectors.C);
    assertThatThrownBy(() -> Scenery.run(pictures, out, impossible))
        .isInstanceOf(UnsupportedModelException.class);
    assertThat(Scenery.run(pictures, out, TASK).end()).isEqualTo(Batch.End.COMPLETE);
    assertThat(Files.readString(out)).isEqualTo(undisturbed);
  }

  @Test
  void linksThatLeadNowhereAreRowsThatFail() throws Exception {
    Path folder = Files.createDirectories(temp.resolve("links"));
    Files.createSymbolicLink(folder.resolve("a.png"), Path.of("nowhere"));
    Files.createSymbolicLink(folder.resolve("itself.png"), Path.of("itself.png"));
    Path out = temp.resolve("out.jsonl");
    assertThat(Scenery.run(folder, out, TASK).rows()).isEqualTo(2);
    assertThat(Files.readString(out)).contains("a.png: there is no such file");
  }

  @Test
  void damagedPicturesAreRowsThatFail() throws Exception {
    Path folder = Scenery.paint(temp.resolve("in"), 2);
    Files.writeString(folder.resolve("00000a.png"), "no picture");
    byte[] whole = Files.readAllBytes(folder.resolve("00001.png"));
    Files.write(folder.resolve("00002.jpg"), Arrays.copyOf(whole, whole.length / 2));
    Path out = temp.resolve("out.jsonl");
    assertThat(Scenery.run(folder, out, TASK).rows()).isEqualTo(4);
    List<String> lines = Files.readAllLines(out);
    assertThat(lines.get(0)).isEqualTo(undisturbed.lines().toList().get(0));
    assertThat(lines.get(2)).isEqualTo(undisturbed.lines().toList().get(1));
    for (int failed : List.of(1, 3)) {
      Json error = json(lines.get(failed)).at("error");
      assertThat(error.getText("code")).isEqualTo("picture");
      assertThat(error.getText("message")).contains(folder.toString());
    }
  }

  @Test
  void namesInAListAreTakenAsTheyAre() throws Exception {
    byte[] list = "\ufeff a.png\r\n\n \nb.png \n".getBytes(StandardCharsets.UTF_8);
    try (Input input = Inputs.list(new ByteArrayInputStream(list))) {
      assertThat(List.of(input.next().id(), input.next().id())).containsExactly(" a.png", "b.png ");
      assertThat(input.next()).isNull();
    }
  }

  @Test
  void anEmptyNameIsNoFolder() {
    assertThatThrownBy(() -> Inputs.open("", Columns.USUAL, InputStream.nullInputStream()))
        .hasMessageStartingWith("input: its name is empty; expected a folder, ");
  }

  @Test
  void aLineThatIsTooLongIsARowThatFails() throws Exception {
    byte[] million = new byte[1_000_000];
    Arrays.fill(million, (byte) 'x');
    List<ByteArrayInputStream> parts =
        Stream.generate(() -> new ByteArrayInputStream(million)).limit(101).toList();
    InputStream endless = new SequenceInputStream(Collections.enumeration(parts));
    try (Input input = new JsonLines(endless, temp, "rows.jsonl", "", false)) {
      assertThat(input.next())
          .isEqualTo(
              new Row.Unreadable(
                  "1", Outcome.Failed.input("rows.jsonl line 1: has more than 100000000 bytes")));
      assertThat(input.next()).isNull();
    }
  }
}
