package org.internvl4j.cli;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.internvl4j.hub.CachedModel;
import org.internvl4j.hub.CachedModel.Revision;
import org.internvl4j.hub.HubCache;
import org.internvl4j.loader.json.JsonWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "models",
    description = {
      "Lists the models in the Hugging Face cache, whoever pulled them: name, revision, size, age, state.",
      "whole; cut off: files are missing, 'internvl pull' gets them."
    })
final class ModelsCommand implements Callable<Integer> {
  private static final int SHORT = 8; // digits of a commit

  private final Console console;

  @Option(
      names = "--json",
      description = "One line of JSON a model; sizes in bytes, age in seconds.")
  private boolean json;

  ModelsCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    HubCache cache = HubCache.of(console.environment(), Pulling.home());
    List<CachedModel> models = cache.models();
    if (json) {
      models.forEach(model -> console.out().println(json(model)));
    } else {
      List<List<String>> rows = new ArrayList<>();
      models.forEach(model -> addRows(rows, model));
      Columns.aligned(rows).forEach(console.out()::println);
    }
    if (models.isEmpty()) {
      console.note("internvl: no models in " + cache.caches().getFirst());
    }
    return ExitCodes.OK;
  }

  private static void addRows(List<List<String>> rows, CachedModel model) {
    for (Revision revision : model.revisions()) {
      rows.add(
          List.of(
              model.name(),
              label(revision),
              Sizes.bytes(revision.bytes()),
              Sizes.age(age(revision)),
              revision.whole() ? "whole" : "cut off"));
    }
    if (model.revisions().isEmpty()) {
      long bytes = model.bytes() + model.unfinished();
      rows.add(List.of(model.name(), "-", Sizes.bytes(bytes), "-", "cut off"));
    }
  }

  /// `main`, or the first digits of a commit that no branch or tag is at.
  static String label(Revision revision) {
    return revision.refs().isEmpty()
        ? revision.commit().substring(0, SHORT)
        : String.join(", ", revision.refs());
  }

  private static Duration age(Revision revision) {
    return Duration.between(revision.modified(), Instant.now());
  }

  private static String json(CachedModel model) {
    JsonWriter line =
        new JsonWriter()
            .object()
            .field("name", model.name())
            .field("path", model.folder().toString())
            .field("bytes", model.bytes())
            .field("unfinished", model.unfinished())
            .array("revisions");
    for (Revision revision : model.revisions()) {
      line.object().field("commit", revision.commit()).array("refs");
      revision.refs().forEach(line::value);
      line.end()
          .field("path", revision.folder().toString())
          .field("bytes", revision.bytes())
          .field("age", age(revision).toSeconds())
          .field("whole", revision.whole())
          .end();
    }
    return line.end().end().toString();
  }
}
