package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.internvl4j.loader.CachePolicy;
import org.internvl4j.loader.PackedFiles;
import org.internvl4j.loader.PackedFiles.Found;
import org.internvl4j.loader.PackedFiles.State;
import org.internvl4j.loader.json.JsonWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "cache",
    synopsisSubcommandLabel = "(ls | rm)",
    description = {
      "Lists and removes prepared weights.",
      "The first time a model is opened, its matrices are brought into the order that the processor reads",
      "fastest; the result is kept in .internvl4j in its folder, or if that cannot be written to in",
      "$XDG_CACHE_HOME/internvl4j. It can always be removed: it is made again when it is needed."
    })
final class CacheCommand implements Callable<Integer> {
  private final Console console;

  CacheCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    throw new UsageException("cache needs ls or rm; see 'internvl cache --help'");
  }

  @Command(
      name = "ls",
      description = {
        "Lists prepared weights: model, packing and format, size, age, state.",
        "valid: fits its model; stale: the model has changed or is gone; foreign: of another version;",
        "damaged; writing: being written; left: by a process that died while it wrote."
      })
  int ls(
      @Parameters(
              arity = "0..*",
              paramLabel = "MODEL",
              description = "Models, as for 'ask'. Default: all that have been prepared.")
          @Nullable List<String> models,
      @Option(
              names = "--json",
              description = "One line of JSON a file; size in bytes, age in seconds.")
          boolean json)
      throws IOException {
    List<Found> all = find(models == null ? List.of() : models);
    if (json) {
      all.forEach(found -> console.out().println(json(found)));
    } else {
      Columns.aligned(all.stream().map(CacheCommand::cells).toList())
          .forEach(console.out()::println);
    }
    if (all.isEmpty()) {
      console.note("internvl: no prepared weights are kept");
    }
    return ExitCodes.OK;
  }

  @Command(
      name = "rm",
      description = "Removes prepared weights; programs that use them are not disturbed.")
  int rm(
      @Parameters(arity = "0..*", paramLabel = "MODEL", description = "Models, as for 'ask'.")
          @Nullable List<String> models,
      @Option(names = "--all", description = "Those of all models that have been prepared.")
          boolean all)
      throws IOException {
    List<String> named = models == null ? List.of() : models;
    if (named.isEmpty() != all) {
      throw new UsageException(
          all ? "--all and models cannot be named together" : "name a model, or all with --all");
    }
    int code = ExitCodes.OK;
    List<Found> files = find(named);
    for (Found found : files) {
      if (found.state() == State.WRITING) {
        console.complain(found.path() + ": is being written at the moment");
        code = ExitCodes.FAILED;
      } else if (files().delete(found)) {
        console.note("removed " + found.path() + ", " + Sizes.bytes(found.bytes()));
      }
    }
    if (files.isEmpty()) {
      console.note("internvl: no prepared weights are kept");
    }
    return code;
  }

  private PackedFiles files() {
    return new PackedFiles(CachePolicy.of(console.environment()).userFolder());
  }

  private List<Found> find(List<String> models) throws IOException {
    if (models.isEmpty()) {
      return files().all();
    }
    List<Found> found = new ArrayList<>();
    for (String model : models) {
      if (!model.equals(ModelOptions.DEMO)) { // it has no folder
        found.addAll(files().of(Pulling.folder(model, console)));
      }
    }
    return found;
  }

  private static List<String> cells(Found found) {
    Path model = found.model();
    return List.of(
        String.valueOf(model == null ? found.path() : model),
        found.contents().isEmpty() ? "?" : found.contents(),
        Sizes.bytes(found.bytes()),
        Sizes.age(age(found)),
        state(found) + (found.why().isEmpty() ? "" : ": " + found.why()));
  }

  private static String json(Found found) {
    Path model = found.model();
    JsonWriter json = new JsonWriter().object().field("path", found.path().toString());
    if (model != null) {
      json.field("model", model.toString());
    }
    return json.field("contents", found.contents())
        .field("bytes", found.bytes())
        .field("age", age(found).toSeconds())
        .field("state", state(found))
        .field("why", found.why())
        .end()
        .toString();
  }

  private static String state(Found found) {
    return found.state().name().toLowerCase(Locale.ROOT);
  }

  private static Duration age(Found found) {
    return Duration.between(found.modified(), Instant.now());
  }
}
