package org.internvl4j.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.internvl4j.hub.CachedModel;
import org.internvl4j.hub.CachedModel.Revision;
import org.internvl4j.hub.HubCache;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.ModelName;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "rm",
    description = {
      "Removes models from the Hugging Face cache, for all its clients.",
      "A revision goes with the files that no other revision holds."
    })
final class RmCommand implements Callable<Integer> {
  private static final int LEAST = 7; // digits that name a commit

  private final Console console;
  private final HubCache cache;

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL",
      description = "OWNER/NAME with all its revisions, or OWNER/NAME@REVISION; as in 'models'.")
  private List<String> models = List.of();

  @Option(
      names = {"-y", "--yes"},
      description = "Do not ask.")
  private boolean yes;

  RmCommand(Console console) {
    this.console = console;
    this.cache = HubCache.of(console.environment(), Pulling.home());
  }

  @Override
  public Integer call() throws IOException {
    if (!yes && !console.isInteractive()) {
      throw new UsageException("rm asks on a terminal; elsewhere say --yes");
    }
    int code = ExitCodes.OK;
    for (String text : models) {
      try {
        remove(text);
      } catch (CheckpointException e) {
        code = ExitCodes.of(e, console);
      }
    }
    return code;
  }

  private void remove(String text) throws IOException {
    ModelName name = ModelName.find(text);
    if (name == null) {
      throw new CheckpointException(text, "is no name of a model, expected OWNER/NAME@REVISION");
    }
    CachedModel model = model(name);
    Revision revision = text.contains("@") ? revision(model, name.revision()) : null;
    String what = model.name() + (revision == null ? "" : "@" + ModelsCommand.label(revision));
    if (yes || console.confirm("remove " + what + size(model, revision) + "?", false)) {
      long freed = revision == null ? cache.remove(model) : cache.remove(model, revision);
      console.note("removed " + what + ", " + Sizes.bytes(freed) + " are free");
    }
  }

  private static String size(CachedModel model, @Nullable Revision revision) {
    long bytes = revision == null ? model.bytes() + model.unfinished() : revision.bytes();
    return " (" + Sizes.bytes(bytes) + ")";
  }

  private CachedModel model(ModelName name) throws IOException {
    List<CachedModel> found = cache.named(name);
    List<String> names = found.stream().map(CachedModel::name).distinct().toList();
    if (names.size() > 1) {
      throw new CheckpointException(
          name.name(), "several models have this name; say which: " + String.join(", ", names));
    }
    if (found.isEmpty()) {
      throw new CheckpointException(
          name.repository(),
          "no such model in "
              + cache.caches().stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }
    return found.getFirst();
  }

  private static Revision revision(CachedModel model, String named) {
    List<Revision> found =
        model.revisions().stream()
            .filter(r -> r.refs().contains(named) || isCommit(r.commit(), named))
            .toList();
    if (found.size() != 1) {
      throw new CheckpointException(
          model.name(),
          "has no revision "
              + named
              + " here; there are "
              + model.revisions().stream().map(ModelsCommand::label).toList());
    }
    return found.getFirst();
  }

  private static boolean isCommit(String commit, String named) {
    return named.length() >= LEAST && commit.startsWith(named);
  }
}
