package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import org.internvl4j.batch.Batch;
import org.internvl4j.batch.Columns;
import org.internvl4j.batch.Input;
import org.internvl4j.batch.Inputs;
import org.internvl4j.batch.Manifest;
import org.internvl4j.batch.Task;
import org.internvl4j.batch.Worker;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.OpenOptions;
import org.jline.utils.Signals;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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
      requireQuestion(task, input);
      return run(input, task, options);
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

  private int run(Input input, Task task, OpenOptions options)
      throws IOException, InterruptedException {
    BatchProgress progress = new BatchProgress(console);
    Batch batch =
        new Batch(
            () -> Worker.open(model.checkpoint(console), options, task, pictures.options()),
            input,
            Batch.Output.of(out, times, task),
            manifest(task),
            progress);
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

  private Manifest manifest(Task task) {
    try (Checkpoint checkpoint = model.checkpoint(console)) {
      return Manifest.of(
          checkpoint.name(),
          checkpoint.sha256(),
          model.numbers(),
          task,
          pictures.options(),
          columns.isEmpty() ? from : from + ": " + columns());
    }
  }
}
