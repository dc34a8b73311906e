package org.internvl4j.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.internvl4j.models.KvMemoryException;
import org.internvl4j.models.SessionOptions;
import org.internvl4j.server.Server;
import org.internvl4j.server.ServerOptions;
import org.internvl4j.serving.EngineOptions;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "serve",
    description = "Answers OpenAI's and Ollama's clients over HTTP, many at once.",
    footer = {
      "",
      "Only this machine reaches it unless --host says otherwise; then give it a key.",
      "  internvl serve -m demo",
      "  INTERNVL_API_KEY=secret internvl serve -m MODEL --host 0.0.0.0 --host-name gpu1"
    })
final class ServeCommand implements Computing {
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final Duration LAST_WORDS = Duration.ofSeconds(3); // as documented
  private static final long MOST_MEGABYTES = Long.MAX_VALUE >> 20;
  private static final String KEY = "INTERNVL_API_KEY";

  private final Console console;

  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      paramLabel = "ADDRESS",
      description = "The address to listen on: 0.0.0.0 for all. Default: ${DEFAULT-VALUE}.")
  private String host = "";

  @Option(
      names = "--port",
      defaultValue = "11435",
      paramLabel = "N",
      description = "The port; 0 for any that is free. Default: ${DEFAULT-VALUE}.")
  private int port;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "What clients call the model. Default: the checkpoint's name.")
  private String name = "";

  @Option(
      names = "--api-key",
      paramLabel = "KEY",
      description =
          "What clients must send; everybody can read a command line, $" + KEY + " is safer.")
  private @Nullable String apiKey;

  @Option(
      names = "--host-name",
      paramLabel = "NAME",
      description = "A name that clients reach this machine by; again for more.")
  private List<String> hosts = new ArrayList<>();

  @Option(
      names = "--origin",
      paramLabel = "ORIGIN",
      description = "Web pages that may use it, as https://example.org; again for more.")
  private List<String> origins = new ArrayList<>();

  @Option(
      names = "--picture-hosts",
      split = ",",
      paramLabel = "HOST",
      description =
          "Hosts that pictures, videos and PDF files may be fetched from: example.org, *.example.org. Default: none.")
  private List<String> pictureHosts = new ArrayList<>();

  @Option(
      names = "--media-path",
      paramLabel = "DIR",
      description = "The folder below which requests may name files. Default: none.")
  private @Nullable Path mediaPath;

  @Option(
      names = "--ffmpeg",
      description =
          "Lets ffmpeg decode what clients send as videos, beside MP4 with H.264. It is a large program in C with your rights: for clients that you trust.")
  private boolean ffmpeg;

  @Option(
      names = "--kv-memory",
      defaultValue = "0",
      paramLabel = "MB",
      description = "Memory for keys and values of all conversations together; 0 to let it choose.")
  private long kvMegabytes;

  @Option(
      names = "--queue",
      defaultValue = "256",
      paramLabel = "N",
      description =
          "Requests that may wait behind those that are answered; no address fills it alone. Default: ${DEFAULT-VALUE}.")
  private int queue;

  ServeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    ServerOptions options = options();
    EngineOptions engine = engineOptions();
    Logging.to(console); // before the library that listens says anything
    PdfPictures.keepFontsInTheCache(console);
    // until it is there, the process ends unhindered by a hook
    serve(start(options, engine), options.apiKey() == null && !isLoopback());
    return ExitCodes.OK;
  }

  private Server start(ServerOptions options, EngineOptions engine) throws IOException {
    try {
      return Server.start(() -> model.open(console), engine, options);
    } catch (KvMemoryException e) { // which only shows once the model is there
      throw new UsageException("--kv-memory " + kvMegabytes + ": " + e.getMessage());
    }
  }

  private ServerOptions options() {
    if (port < 0 || port > 65_535) {
      throw new UsageException("--port is " + port + ", expected 0 to 65535");
    }
    String key = apiKey == null ? console.environment().get(KEY) : apiKey;
    if (key != null && key.isBlank()) {
      throw new UsageException("the API key is blank, expected a text");
    }
    if (mediaPath != null && !Files.isDirectory(mediaPath)) {
      throw new UsageException("--media-path is " + mediaPath + ", expected a folder");
    }
    try {
      return ServerOptions.DEFAULT
          .withHost(host)
          .withPort(port)
          .withName(name)
          .withApiKey(key)
          .withHosts(hosts)
          .withOrigins(origins)
          .withPictureHosts(pictureHosts)
          .withMediaPath(mediaPath)
          .withFfmpeg(ffmpeg);
    } catch (IllegalArgumentException e) { // which names the option
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private EngineOptions engineOptions() {
    if (kvMegabytes < 0 || kvMegabytes > MOST_MEGABYTES) {
      throw new UsageException(
          "--kv-memory is " + kvMegabytes + ", expected 0 to " + MOST_MEGABYTES);
    }
    if (queue < 1) {
      throw new UsageException("--queue is " + queue + ", expected at least 1");
    }
    return EngineOptions.DEFAULT
        .withQueue(queue)
        .withSession(SessionOptions.DEFAULT.withKvBytes(kvMegabytes << 20));
  }

  private boolean isLoopback() throws UnknownHostException {
    return InetAddress.getByName(host).isLoopbackAddress();
  }

  private void serve(Server server, boolean isOpenToAll) {
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    Thread hook = new Thread(() -> end(end, ended));
    Object before = Signals.register("INT", end::countDown);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      console.note(
          "internvl: serves "
              + server.name()
              + " on http://"
              + (host.contains(":") ? "[" + host + "]" : host)
              + ":"
              + server.port()
              + "; Ctrl-C ends it");
      if (isOpenToAll) {
        console.note(
            "internvl: warning: whoever reaches this machine may ask it; give it a key with $"
                + KEY);
      }
      end.await();
      console.note(
          "internvl: ends; answers that are being made may take " + GRACE.toSeconds() + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      try {
        close(server);
      } finally {
        Signals.unregister("INT", before);
        ended.countDown();
      }
    }
  }

  /// Ends a server within the time that is promised. What has not ended then is cut off along with
  /// the process.
  private void close(Server server) {
    Thread closing =
        Thread.ofPlatform().daemon().name("internvl end").start(() -> server.close(GRACE));
    try {
      if (!closing.join(GRACE.plus(LAST_WORDS))) {
        console.note("internvl: work that does not end is cut off");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// The process is being ended: waits until the server has.
  private static void end(CountDownLatch end, CountDownLatch ended) {
    end.countDown();
    try {
      ended.await(GRACE.plus(LAST_WORDS).toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
