package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import org.internvl4j.hub.Hub;
import org.internvl4j.hub.Listing;
import org.internvl4j.hub.PullOptions;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.ModelFolders;
import org.internvl4j.loader.ModelName;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/// Finds the models that commands name, and pulls those that are not here.
final class Pulling {
  private static final String TUNNELS = "jdk.http.auth.tunneling.disabledSchemes";

  private Pulling() {}

  /// The hub, as the environment says.
  static Hub hub(Console console) {
    if (System.getProperty(TUNNELS) == null) {
      System.setProperty(
          TUNNELS, ""); // else Java keeps a proxy's password from it, if it is in clear
    }
    return Hub.of(console.environment(), home());
  }

  static Path home() {
    return Path.of(System.getProperty("user.home"));
  }

  /// Where a model lies. One of the hub that is not here is offered on a terminal; elsewhere the
  /// error says how to pull it.
  ///
  /// @throws CheckpointException if it is not here, or cannot be pulled
  static Path folder(String model, Console console) {
    if (model.isBlank()) {
      throw new UsageException("the model's name is empty; name a folder, a model or 'demo'");
    }
    try {
      return new ModelFolders(console.environment(), home()).find(model);
    } catch (CheckpointException e) {
      ModelName name = ModelName.find(model);
      if (name == null || name.owner() == null || Files.exists(Path.of(model))) {
        throw e;
      }
      Path pulled = console.isInteractive() ? offer(name, console) : null;
      if (pulled == null) {
        throw new CheckpointException(
            e.file(), e.what() + "; 'internvl pull " + name + "' gets it from the hub", e);
      }
      return pulled;
    }
  }

  /// @return null if it is not wanted, or there is no network
  private static @Nullable Path offer(ModelName name, Console console) {
    Hub hub = hub(console);
    if (hub.isOffline()) {
      return null;
    }
    try {
      Listing listing = list(hub, name, PullOptions.DEFAULT, console);
      String size = Sizes.bytes(hub.missing(listing));
      return console.confirm(name + " is not here; pull it (" + size + ")?", true)
          ? pull(hub, listing, console)
          : null;
    } catch (IOException e) {
      throw new CheckpointException(name.toString(), "cannot be pulled: " + e.getMessage(), e);
    }
  }

  static Listing list(Hub hub, ModelName name, PullOptions options, Console console)
      throws IOException {
    PullProgress progress = new PullProgress(console);
    progress.show("asking for " + name);
    try {
      return hub.list(name, options, progress);
    } finally {
      progress.clear();
    }
  }

  /// Pulls what is not here; Ctrl-C ends that and keeps what has come.
  static Path pull(Hub hub, Listing listing, Console console) throws IOException {
    PullProgress progress = new PullProgress(console);
    Thread puller = Thread.currentThread();
    Object before = Signals.register("INT", puller::interrupt);
    try {
      Path folder = hub.pull(listing, progress);
      progress.clear();
      progress.tellWeights(listing);
      return folder;
    } catch (CancellationException e) {
      progress.clear();
      console.note(
          "internvl: stopped; what has come is kept, and the next pull goes on from there");
      throw e;
    } finally {
      progress.clear();
      Signals.unregister("INT", before);
      boolean _ = Thread.interrupted();
    }
  }
}
