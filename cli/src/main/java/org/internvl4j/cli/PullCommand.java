package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.internvl4j.hub.Hub;
import org.internvl4j.hub.ListedFile;
import org.internvl4j.hub.Listing;
import org.internvl4j.hub.PullOptions;
import org.internvl4j.loader.ModelName;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "pull",
    description = {
      "Pulls a model from the Hugging Face hub, into the cache that its other clients share.",
      "Only what a model needs, never code; what is here already is not pulled again, and a pull that",
      "was cut off goes on where it was. The folder of the model goes to stdout."
    },
    footer = {
      "",
      "$HF_TOKEN opens private models, $HF_ENDPOINT names a mirror, $HF_HUB_CACHE or $HF_HOME the cache;",
      "with $HF_HUB_OFFLINE it only looks there. $https_proxy and $no_proxy as usual."
    })
final class PullCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "MODEL", description = "OWNER/NAME or OWNER/NAME@REVISION.")
  private String model = "";

  @Option(
      names = "--revision",
      paramLabel = "REVISION",
      description = "A branch, a tag or a commit (main).")
  private @Nullable String revision;

  @Option(
      names = "--with-bin",
      description = "Weights in *.bin and *.pth, too: where a model has no others, and heads.")
  private boolean pickles;

  @Option(names = "--dry-run", description = "List the files and their sizes; pull none.")
  private boolean dryRun;

  PullCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    ModelName name = name();
    PullOptions options = pickles ? PullOptions.DEFAULT.withPickles() : PullOptions.DEFAULT;
    Hub hub = Pulling.hub(console);
    if (dryRun) {
      Listing listing = Pulling.list(hub, name, options, console);
      tell(listing, hub.missing(listing));
      return ExitCodes.OK;
    }
    console.out().println(folder(hub, name, options));
    return ExitCodes.OK;
  }

  private Path folder(Hub hub, ModelName name, PullOptions options) throws IOException {
    if (hub.isOffline()) {
      return hub.pull(name, options, new PullProgress(console)); // which only looks
    }
    return Pulling.pull(hub, Pulling.list(hub, name, options, console), console);
  }

  private ModelName name() {
    ModelName name = ModelName.find(model);
    ModelName at =
        revision == null ? name : ModelName.find(model.split("@", 2)[0] + "@" + revision);
    if (name == null || at == null || name.owner() == null) {
      throw new UsageException(
          "'%s' is no model of the hub, expected OWNER/NAME or OWNER/NAME@REVISION"
              .formatted(revision == null ? model : model + " at " + revision));
    }
    if (model.contains("@") && !at.equals(name)) {
      throw new UsageException("the revision is named twice: " + model + " and " + revision);
    }
    return at;
  }

  private void tell(Listing listing, long missing) {
    for (ListedFile file : listing.files()) {
      console.out().println("%10s  %s".formatted(Sizes.bytes(file.bytes()), file.path()));
    }
    console.note(
        "%s at %s: %s, %s to pull"
            .formatted(
                listing.model().repository(),
                listing.commit(),
                Sizes.bytes(listing.bytes()),
                Sizes.bytes(missing)));
  }
}
