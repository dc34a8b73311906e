package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.internvl4j.batch.Batch;
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
      "  internvl batch photos/ -o vectors.jsonl -m MODEL --task embed --vectors mean"
    })
final class BatchCommand implements Computing {
  private final Console console;

  @Parameters(
      arity = "1",
      paramLabel = "INPUT",
      description =
          "A folder; a quoted pattern; a .jsonl file of rows; or - for a list of paths on stdin.")
  private String from = "";

  @Option(
      names = {"-o", "--out"},
      required = true,
      paramLabel = "FILE",
      description = "The file of rows: lines of JSON.")
  private Path out = Path.of("");

  @Option(
      names = "--times",
      description = "Rows tell how long they took; two runs then differ in that.")
  private boolean times;

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
    requireQuestion(task);
    try (Input input = Inputs.open(from, console.in())) {
      return run(input, task, options);
    }
  }

  /// Pictures ask nothing by themselves.
  private void requireQuestion(Task task) {
    if (task instanceof Task.Asking asking
        && asking.prompt().equals(Task.Asking.NONE)
        && !Inputs.hasPrompts(from)) {
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
            new Batch.Output(out, times),
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
          checkpoint.name(), checkpoint.sha256(), model.numbers(), task, pictures.options(), from);
    }
  }
}
