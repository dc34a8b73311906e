package org.internvl4j.server;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
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

/// Answers HTTP: OpenAI's and Ollama's interfaces over an [Engine].
///
/// Any thread may call it. The caller closes it before the model.
public final class Server implements AutoCloseable {
  private static final int LAST_WORDS = 2_000; // ms for clients to hear how their answers ended
  private static final int IDLE = 30_000; // ms that a connection may say nothing

  private final Engine engine;
  private final org.eclipse.jetty.server.Server jetty;
  private final ServerConnector connector;
  private final Router router;
  private final Desk desk = new Desk();

  private Server(VisionLanguageModel model, EngineOptions engineOptions, ServerOptions options) {
    PictureSource sources = new PictureSource(sources(options)); // and whatever else may refuse
    Guard guard = new Guard(options); // the options, before a thread runs
    Meters meters = new Meters();
    this.engine = new Engine(model, engineOptions, meters);
    meters.watch(engine);
    String name = options.name().isEmpty() ? model.name() : options.name();
    Service service =
        new Service(
            model, engine, name, sources, options.limits(), desk, Instant.now().getEpochSecond());
    List<Route> routes = new ArrayList<>();
    routes.addAll(ChatCompletions.routes(service));
    routes.addAll(Completions.routes(service));
    routes.addAll(Embeddings.routes(service));
    routes.addAll(Ollama.routes(service));
    routes.addAll(OllamaModels.routes(service));
    routes.addAll(Plain.routes(service, meters));
    routes.addAll(Page.routes());
    this.router = new Router(routes, options, guard, meters);
    this.jetty = new org.eclipse.jetty.server.Server(threads());
    this.connector = connector(jetty, options);
    jetty.addConnector(connector);
    jetty.setHandler(new GracefulHandler(router));
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
    Server server = new Server(model, engineOptions, options);
    try {
      server.jetty.start();
      return server;
    } catch (Exception e) {
      server.close();
      throw e instanceof IOException io
          ? new IOException(
              "server: cannot listen on %s:%d: %s"
                  .formatted(options.host(), options.port(), io.getMessage()),
              e)
          : new IOException("server: does not start", e);
    }
  }

  private static SourceOptions sources(ServerOptions options) {
    return SourceOptions.of(options.limits())
        .withHosts(AllowedHosts.of(options.pictureHosts()))
        .withMediaPath(options.mediaPath());
  }

  private static QueuedThreadPool threads() {
    QueuedThreadPool threads = new QueuedThreadPool(16, 2);
    threads.setName("internvl http");
    threads.setDaemon(true);
    threads.setVirtualThreadsExecutor(VirtualThreads.getDefaultVirtualThreadsExecutor());
    return threads;
  }

  private static ServerConnector connector(
      org.eclipse.jetty.server.Server jetty, ServerOptions options) {
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setSendDateHeader(true);
    http.setRequestHeaderSize(options.limits().headerBytes());
    http.setIdleTimeout(IDLE);
    http.setUriCompliance(UriCompliance.DEFAULT);
    ServerConnector connector = new ServerConnector(jetty, 1, 1, new HttpConnectionFactory(http));
    connector.setHost(options.host());
    connector.setPort(options.port());
    connector.setIdleTimeout(IDLE);
    connector.setShutdownIdleTimeout(LAST_WORDS / 10);
    connector.setReuseAddress(true);
    return connector;
  }

  /// The port that it listens on.
  public int port() {
    return connector.getLocalPort();
  }

  /// What it is doing.
  public Engine engine() {
    return engine;
  }

  /// How many there are, for tests.
  int connections() {
    return connector.getConnectedEndPoints().size();
  }

  /// Memory for what requests bring, for tests.
  Room room() {
    return router.room();
  }

  /// All routes, for tests.
  List<Route> routes() {
    return router.routes();
  }

  /// Ends: takes no more connections, lets answers end within some time.
  ///
  /// @param grace how long
  public void close(Duration grace) {
    try {
      connector.close(); // what it has accepted goes on
      engine.close(grace);
      jetty.stop();
      desk.close();
    } catch (Exception e) {
      throw new IllegalStateException("server: does not stop", e);
    }
  }

  /// [#close(Duration)] at once.
  @Override
  public void close() {
    close(Duration.ZERO);
  }
}
