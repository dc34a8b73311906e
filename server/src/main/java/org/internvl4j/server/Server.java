package org.internvl4j.server;

import java.io.IOException;
import java.net.BindException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.server.source.AllowedHosts;
import org.internvl4j.server.source.PictureSource;
import org.internvl4j.server.source.SourceOptions;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineOptions;
import org.jspecify.annotations.Nullable;

/// Answers HTTP: OpenAI's and Ollama's interfaces over an [Engine].
///
/// Any thread may call it. The caller closes it, and after it the model that is the caller's.
public final class Server implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Server.class.getName());
  private static final int LAST_WORDS = 2_000; // ms for clients to hear how their answers ended
  private static final Duration LAST_WORK = Duration.ofMillis(400); // that nobody hears of
  private static final int IDLE = 30_000; // ms that a connection may say nothing, or begin to say
  private static final int CONNECTIONS = 1024; // at a time; as many wait to be taken

  private final ServerOptions options;
  private final PictureSource sources;
  private final org.eclipse.jetty.server.Server jetty;
  private final ServerConnector connector;
  private final Router router;
  private final Arrivals arrivals;
  private final Meters meters = new Meters();
  private final Desk desk = new Desk("desk");
  private final Desk studio = new Desk("studio");
  private final Desk files = Desk.ofFiles();
  private volatile String name;
  private @Nullable VisionLanguageModel own; // that is closed along with the server
  private volatile @Nullable Engine engine; // null while the model is being loaded

  /// Loads the model that a server is to serve.
  @FunctionalInterface
  public interface Loader {
    /// The model, which is the server's from then on.
    VisionLanguageModel load() throws IOException;
  }

  private Server(ServerOptions options, int idle, int connections) {
    this.options = options;
    this.name = options.name();
    this.sources = new PictureSource(sources(options)); // and whatever else may refuse
    this.router =
        new Router(options, new Guard(options), meters, desk); // the options, before a thread runs
    this.jetty = new org.eclipse.jetty.server.Server(threads());
    this.connector = connector(jetty, options, idle);
    this.arrivals = new Arrivals(router, connector, connections, idle);
    connector.addEventListener(arrivals);
    jetty.addConnector(connector);
    jetty.addBean(new NetworkConnectionLimit(connections + 1, connector)); // with who comes
    jetty.setHandler(new GracefulHandler(arrivals));
    jetty.setStopTimeout(LAST_WORDS);
    jetty.setErrorHandler(new PlainErrors(meters));
  }

  /// Binds and answers.
  ///
  /// @param model stays the caller's
  /// @throws IOException if it cannot bind
  public static Server start(
      VisionLanguageModel model, EngineOptions engineOptions, ServerOptions options)
      throws IOException {
    return started(options, server -> server.serve(model, engineOptions));
  }

  /// Binds, loads a model and answers, in the thread that calls it. While the model is being
  /// loaded, `/health` says so, and all else is to be asked again later.
  ///
  /// @param loader what it loads is closed along with the server
  /// @throws IOException if it cannot bind, or the loader says so
  public static Server start(Loader loader, EngineOptions engineOptions, ServerOptions options)
      throws IOException {
    return started(
        options,
        server -> {
          VisionLanguageModel model = loader.load();
          server.own = model;
          server.serve(model, engineOptions);
        });
  }

  /// What a server does once it is bound.
  private interface Beginning {
    void begin(Server server) throws IOException;
  }

  private static Server started(ServerOptions options, Beginning beginning) throws IOException {
    Server server = listen(options);
    try {
      beginning.begin(server);
      return server;
    } catch (IOException | RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  /// Binds, and has no model yet.
  ///
  /// @throws IOException if it cannot bind
  static Server listen(ServerOptions options) throws IOException {
    return listen(options, IDLE, CONNECTIONS);
  }

  /// As [#listen(ServerOptions)], for tests.
  ///
  /// @param idle ms that a connection may say nothing, and that the headers of a request may take
  /// @param connections at a time
  static Server listen(ServerOptions options, int idle, int connections) throws IOException {
    Server server = new Server(options, idle, connections);
    try {
      server.jetty.start();
      server.arrivals.watch();
      return server;
    } catch (Exception e) {
      server.close();
      throw new IOException(why(e, options), e);
    }
  }

  private static String why(Exception e, ServerOptions options) {
    String where = "server: cannot listen on " + options.host() + ":" + options.port();
    if (e.getCause() instanceof BindException bind
        && String.valueOf(bind.getMessage()).contains("in use")) {
      return where + ", where another program does; choose another port";
    }
    if (e.getCause() instanceof UnresolvedAddressException) {
      return where + ": there is no host of this name";
    }
    return e instanceof IOException ? where + ": " + e.getMessage() : "server: does not start";
  }

  /// Answers from now on. To be called once.
  void serve(VisionLanguageModel model, EngineOptions engineOptions) {
    Engine started = new Engine(model, engineOptions, meters);
    engine = started;
    name = options.name().isEmpty() ? model.name() : options.name();
    meters.watch(started, name);
    long now = Instant.now().getEpochSecond();
    Service service =
        new Service(
            model,
            started,
            name,
            sources,
            options.limits(),
            desk,
            studio,
            files,
            Tokenising.of(model),
            now);
    List<Route> routes = new ArrayList<>();
    routes.addAll(ChatCompletions.routes(service));
    routes.addAll(Completions.routes(service));
    routes.addAll(Embeddings.routes(service));
    routes.addAll(Ollama.routes(service));
    routes.addAll(OllamaModels.routes(service));
    routes.addAll(Plain.routes(service, meters));
    routes.addAll(Page.routes());
    router.open(routes);
  }

  static SourceOptions sources(ServerOptions options) {
    return SourceOptions.of(options.limits())
        .withHosts(AllowedHosts.of(options.pictureHosts()))
        .withMediaPath(options.mediaPath())
        .withFfmpeg(options.ffmpeg());
  }

  static QueuedThreadPool threads() {
    QueuedThreadPool threads = new QueuedThreadPool(16, 2);
    threads.setName("internvl http");
    threads.setDaemon(true);
    threads.setVirtualThreadsExecutor(VirtualThreads.getDefaultVirtualThreadsExecutor());
    return threads;
  }

  private static ServerConnector connector(
      org.eclipse.jetty.server.Server jetty, ServerOptions options, int idle) {
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setSendDateHeader(true);
    http.setRequestHeaderSize(options.limits().headerBytes());
    http.setIdleTimeout(idle);
    http.setUriCompliance(UriCompliance.DEFAULT);
    ServerConnector connector = new ServerConnector(jetty, 1, 1, new HttpConnectionFactory(http));
    connector.setHost(options.host());
    connector.setPort(options.port());
    connector.setIdleTimeout(idle);
    connector.setShutdownIdleTimeout(LAST_WORDS / 10);
    connector.setReuseAddress(true);
    connector.setAcceptQueueSize(CONNECTIONS);
    return connector;
  }

  /// The port that it listens on.
  public int port() {
    return connector.getLocalPort();
  }

  /// What clients call the model; empty while it is being loaded under its own name.
  public String name() {
    return name;
  }

  /// What it is doing.
  ///
  /// @throws IllegalStateException if the model is still being loaded
  public Engine engine() {
    Engine running = engine;
    if (running == null) {
      throw new IllegalStateException("server: its model is still being loaded");
    }
    return running;
  }

  /// How many there are, for tests.
  int connections() {
    return connector.getConnectedEndPoints().size();
  }

  /// Those of them that have no request, for tests.
  int waiting() {
    return arrivals.waiting();
  }

  /// Finds what answers a request, for tests.
  Router router() {
    return router;
  }

  /// Where pictures are decoded, for tests.
  Desk studio() {
    return studio;
  }

  /// Where work is done that every request has, for tests.
  Desk desk() {
    return desk;
  }

  /// Memory for what requests bring, for tests.
  Room room() {
    return router.room();
  }

  /// All routes, for tests.
  List<Route> routes() {
    return router.routes();
  }

  /// Ends: takes no more connections, lets answers end within some time. What is still being read
  /// for a question is given up.
  ///
  /// @param grace how long
  public void close(Duration grace) {
    connector.close(); // what it has accepted goes on
    studio.close(); // whose questions the engine would refuse
    files.close();
    desk.close();
    try {
      Engine running = engine;
      if (running != null) {
        running.close(grace);
      }
    } finally {
      stopListening();
    }
    // Its memory stays as long as somebody may read it.
    if (own != null
        && desk.awaitEnd(LAST_WORK)
        && studio.awaitEnd(LAST_WORK)
        && files.awaitEnd(LAST_WORK)) {
      own.close();
    }
  }

  private void stopListening() {
    try {
      jetty.stop();
    } catch (Exception e) { // a request has not ended within LAST_WORDS
      LOG.log(System.Logger.Level.DEBUG, "server: a request is cut off", e);
    }
  }

  /// [#close(Duration)] at once.
  @Override
  public void close() {
    close(Duration.ZERO);
  }
}
