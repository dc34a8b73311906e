package org.internvl4j.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.internvl4j.loader.json.JsonWriter;

/// A hub whose only model, `acme/tiny`, is a fixture.
final class OneModelHub implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  private final HttpServer server;
  private final Path folder;
  private final AtomicInteger requests = new AtomicInteger();

  OneModelHub(Path folder) throws IOException {
    this.folder = folder;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  int requests() {
    return requests.get();
  }

  private void answer(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    String path = exchange.getRequestURI().getPath();
    String resolve = "/acme/tiny/resolve/" + COMMIT + "/";
    if (path.equals("/api/models/acme/tiny/revision/main")) {
      send(exchange, listing().getBytes(StandardCharsets.UTF_8));
    } else if (path.startsWith(resolve)) {
      send(exchange, Files.readAllBytes(folder.resolve(path.substring(resolve.length()))));
    } else {
      exchange.getResponseHeaders().add("X-Error-Code", "RepoNotFound");
      exchange.sendResponseHeaders(401, -1);
    }
    exchange.close();
  }

  private static void send(HttpExchange exchange, byte[] content) throws IOException {
    exchange.sendResponseHeaders(200, content.length);
    exchange.getResponseBody().write(content);
  }

  private String listing() throws IOException {
    JsonWriter json = new JsonWriter().object().field("sha", COMMIT).array("siblings");
    for (Path file : files()) {
      byte[] content = Files.readAllBytes(file);
      json.object()
          .field("rfilename", String.valueOf(file.getFileName()))
          .field("size", content.length)
          .field("blobId", hash(content))
          .end();
    }
    return json.end().end().toString();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static String hash(byte[] content) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-1");
      digest.update(("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(digest.digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
