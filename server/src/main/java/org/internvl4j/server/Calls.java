package org.internvl4j.server;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.LocalConnector;
import org.eclipse.jetty.server.LocalConnector.LocalEndPoint;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.server.source.AllowedHosts;
import org.internvl4j.server.source.PictureSource;
import org.internvl4j.server.source.SourceOptions;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineOptions;

/// Answers requests to OpenAI's routes as a [Server] does, within this process: nobody else can
/// reach it. Whoever asks has opened the model himself, so a request may name any.
///
/// Any thread may call it, many at once. The caller closes it, and after it the model.
public final class Calls implements AutoCloseable {
  /// What a server would send back.
  public record Response(int status, Json body) {}

  private final Meters meters = new Meters();
  private final Desk desk = new Desk("desk");
  private final Desk studio = new Desk("studio");
  private final Desk files = Desk.ofFiles();
  private final Router router;
  private final Engine engine;
  private final LocalConnector connector;
  private final org.eclipse.jetty.server.Server jetty;

  /// @param model stays the caller's
  /// @param options of them, the name, what pictures may be, limits and memory count
  public Calls(VisionLanguageModel model, EngineOptions engineOptions, ServerOptions options) {
    PictureSource sources = new PictureSource(sources(options)); // which may refuse
    router = new Router(options.withApiKey(null), new Guard(options), meters, desk);
    jetty = new org.eclipse.jetty.server.Server(Server.threads());
    connector = new LocalConnector(jetty, new HttpConnectionFactory(new HttpConfiguration()));
    connector.setIdleTimeout(0);
    jetty.addConnector(connector);
    jetty.setHandler(router);
    jetty.setErrorHandler(new PlainErrors(meters));
    String name = options.name().isEmpty() ? model.name() : options.name();
    engine = new Engine(model, engineOptions, meters);
    try {
      Service service =
          new Service(
              model,
              engine,
              name,
              sources,
              options.limits(),
              desk,
              studio,
              files,
              Tokenising.of(model),
              Instant.now().getEpochSecond());
      router.open(
          Stream.of(
                  ChatCompletions.routes(service),
                  Completions.routes(service),
                  Embeddings.routes(service))
              .flatMap(List::stream)
              .toList());
      jetty.start();
    } catch (Exception e) {
      close();
      throw new IllegalStateException("server: does not start", e);
    }
  }

  private static SourceOptions sources(ServerOptions options) {
    SourceOptions sources = Server.sources(options);
    return options.pictureHosts().isEmpty() ? sources.withHosts(AllowedHosts.NEVER) : sources;
  }

  /// Asks, and waits for the whole answer.
  ///
  /// @param path `/v1/chat/completions`; what is no route is answered with 404
  /// @param body may not ask for a stream
  /// @return the answer, or an error as OpenAI's clients know them
  /// @throws InterruptedException if this thread is interrupted: the answer is given up
  public Response post(String path, Json.Obj body) throws InterruptedException {
    if (router.routes().stream().noneMatch(route -> route.path().equals(path))) {
      return error(new ApiException(404, "not_found", "there is nothing at this path"));
    }
    Map<String, Json> fields = new LinkedHashMap<>(body.fields());
    if (fields.get("stream") instanceof Json.Bool stream && stream.value()) {
      return error(Fields.wrong(stream, "false: nothing is streamed here"));
    }
    fields.remove("model");
    return send(path, new Json.Obj(fields, body.place()));
  }

  private static Response error(ApiException e) {
    return new Response(e.status(), parse(Dialect.OPENAI.error(e)));
  }

  private static Json parse(String text) {
    return Json.parse(text.getBytes(StandardCharsets.UTF_8), "answer");
  }

  private Response send(String path, Json body) throws InterruptedException {
    String text = body.toString();
    LocalEndPoint connection =
        connector.executeRequest(
            "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                    .formatted(path, text.getBytes(StandardCharsets.UTF_8).length)
                + text);
    try {
      int[] status = new int[1];
      ByteBuffer answer =
          connection.waitForResponse(
              false, Long.MAX_VALUE, TimeUnit.NANOSECONDS, code -> status[0] = code);
      if (answer == null) {
        throw new IllegalStateException("server: was closed before it answered");
      }
      String said = StandardCharsets.UTF_8.decode(answer).toString();
      return new Response(status[0], parse(said.substring(said.indexOf("\r\n\r\n") + 4)));
    } catch (InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("server: its answer cannot be read", e);
    } finally {
      connection.close();
    }
  }

  /// What it is doing.
  public Engine engine() {
    return engine;
  }

  /// Ends. Answers that are not complete are given up.
  @Override
  public void close() {
    studio.close();
    files.close();
    desk.close();
    try {
      engine.close();
      jetty.stop();
    } catch (Exception e) {
      throw new IllegalStateException("server: does not stop", e);
    }
  }
}
