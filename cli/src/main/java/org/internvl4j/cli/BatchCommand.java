package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.internvl4j.batch.Batch;
import org.internvl4j.batch.Columns;
import org.internvl4j.batch.Input;
import org.internvl4j.batch.Inputs;
import org.internvl4j.batch.Manifest;
import org.internvl4j.batch.Task;
import org.internvl4j.batch.Worker;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.OpenOptions;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "batch",
    description = {
      "Does the same with many pictures: one row of output each, in their order, none lost and none twice.",
      "The same command goes on where one was stopped. A picture that cannot be read is a row with an error."
    },
    footer = {
      "",
      "  internvl batch photos/ -o photos.jsonl -m demo -p 'How many shapes are in the image?'",
      "  internvl batch 'scans/**/*.png' -o text.jsonl -m MODEL -p 'Read the text.' --schema form.json",
      "  internvl batch rows.jsonl -o answers.jsonl -m MODEL      rows: {\"id\", \"images\": [...], \"prompt\"}",
      "  internvl batch requests.jsonl -o answers.jsonl -m MODEL  requests: OpenAI's batch form",
      "  internvl batch 'train-*.parquet' -o vectors.parquet -m MODEL --task embed --column image=photo.bytes"
    })
final class BatchCommand implements Computing {
  /// What a column is for.
  enum ColumnRole {
    IMAGE,
    ID,
    PROMPT
  }

  private final Console console;

  @Parameters(
      arity = "1",
      paramLabel = "INPUT",
      description =
          "A folder; a quoted pattern; a .jsonl or .parquet file of rows; or - for a list of paths on stdin.")
  private String from = "";

  @Option(
      names = {"-o", "--out"},
      required = true,
      paramLabel = "FILE",
      description = "The file of rows: lines of JSON, or a table if it ends with .parquet.")
  private Path out = Path.of("");

  @Option(
      names = "--times",
      description = "Rows tell how long they took; two runs then differ in that.")
  private boolean times;

  @Option(
      names = "--column",
      paramLabel = "ROLE=NAME",
      description =
          "Of Parquet files: which column is image, id or prompt, where it has no usual name; again for more.")
  private Map<ColumnRole, String> columns = new EnumMap<>(ColumnRole.class);

  @Spec private @Nullable CommandSpec spec;

  @Mixin private final ModelOptions model = new ModelOptions();
  @Mixin private final PictureInput pictures = new PictureInput();
  @Mixin private final TaskOptions tasks = new TaskOptions();

  BatchCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Logging.to(console);
    Outputs.requireFile(out);
    Task task = tasks.task(pictures);
    OpenOptions options = model.openOptions(console);
    try (Input input = Inputs.open(from, columns(), console.in())) {
      Path folder = input.requestFolder();
      if (folder != null) {
        requireNoTask();
        PdfPictures.keepFontsInTheCache(console);
        return run(
            input,
            () -> Worker.of(Calling.open(model.checkpoint(console), options, folder)),
            new Batch.Output(out, times, null),
            manifest(Calling::describe));
      }
      requireColumns();
      requireQuestion(task, input);
      return run(
          input,
          () -> Worker.open(model.checkpoint(console), options, task, pictures.options()),
          Batch.Output.of(out, times, task),
          manifest(task::describe));
    }
  }

  /// What is said of more inputs than one, which a shell makes of a pattern that is not quoted.
  static String tooMany(List<String> more) {
    return "expected one INPUT, found %d more: %s%s; quote a pattern, as in 'photos/*.png'"
        .formatted(more.size(), more.getFirst(), more.size() > 1 ? " …" : "");
  }

  /// Requests say themselves what is asked and how.
  private void requireNoTask() {
    CommandSpec command = Objects.requireNonNull(spec);
    List<OptionSpec> tasksAlone = new ArrayList<>(List.of(command.findOption("--column")));
    command
        .mixins()
        .forEach((name, mixin) -> {
          if (!name.equals("model")) {
            tasksAlone.addAll(mixin.options());
          }
        });
    for (OptionSpec given : command.commandLine().getParseResult().matchedOptions()) {
      if (tasksAlone.contains(given)) {
        throw new UsageException(
            given.longestName() + " does not go with requests, which say themselves what is asked");
      }
    }
    if (Inputs.isParquet(out.toString())) {
      throw new UsageException("answers to requests are lines of JSON: name a .jsonl file with -o");
    }
  }

  private void requireColumns() {
    if (!columns.isEmpty() && !Inputs.isParquet(from)) {
      throw new UsageException("--column is of Parquet files: name a .parquet file or a pattern");
    }
  }

  private Columns columns() {
    return new Columns(
        columns.get(ColumnRole.IMAGE), columns.get(ColumnRole.ID), columns.get(ColumnRole.PROMPT));
  }

  /// Pictures ask nothing by themselves.
  private static void requireQuestion(Task task, Input input) {
    if (task instanceof Task.Asking asking
        && asking.prompt().equals(Task.Asking.NONE)
        && !input.asks()) {
      throw new UsageException("nothing is asked; use -p for a question, or --task");
    }
  }

  private int run(Input input, Supplier<Worker> opening, Batch.Output output, Manifest manifest)
      throws IOException, InterruptedException {
    BatchProgress progress = new BatchProgress(console);
    Batch batch = new Batch(opening, input, output, manifest, progress);
    Object before = Signals.register("INT", batch::stop);
    try {
      Batch.Result result = batch.run();
      progress.summarise(result, out);
      return result.end() == Batch.End.STOPPED ? ExitCodes.CANCELLED : ExitCodes.OK;
    } finally {
      progress.clear();
      Signals.unregister("INT", before);
    }
  }

  /// @param task writes what tells it from every other one
  private Manifest manifest(Consumer<JsonWriter> task) {
    String input = Inputs.name(from);
    try (Checkpoint checkpoint = model.checkpoint(console)) {
      return Manifest.of(
          checkpoint.name(),
          checkpoint.sha256(),
          model.numbers(),
          task,
          pictures.options(),
          columns.isEmpty() ? input : input + ": " + columns());
    }
  }
}
