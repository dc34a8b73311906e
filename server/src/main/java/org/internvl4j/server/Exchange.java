package org.internvl4j.server;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.internvl4j.serving.Client;
import org.jspecify.annotations.Nullable;

/// A request and the answer to it, on a thread that may wait.
final class Exchange implements Desk.Watch {
  /// The header of [#tellProblems].
  static final String PROBLEMS = "X-InternVL-Problems";

  private static final Duration PATIENCE = Duration.ofSeconds(30); // for each part of a body
  private static final int SLOWEST = 16 << 10; // bytes a second of such a part
  private static final int LONGEST_PROBLEMS = 1000; // characters
  private static final long LINGER = 1 << 20; // bytes
  private static final long READING =
      3; // bytes for each of a body, of which copies are made as it grows
  private static final long PARSING = 5; // more, while it becomes characters and texts
  private static final int LONG = 1 << 20; // bytes that take a while to parse
  private static final int TOKENS = 200_000; // of JSON: a hundred bytes each

  private final Request request;
  private final Response response;
  private final Limits limits;
  private final Room.Share memory;
  private final Desk desk;
  private final InputStream content; // never closed: what comes could not be passed over then
  private boolean isStream;

  /// @param memory for what the request brings
  /// @param desk for what takes a while
  Exchange(Request request, Response response, Limits limits, Room.Share memory, Desk desk) {
    this.request = request;
    this.response = response;
    this.limits = limits;
    this.memory = memory;
    this.desk = desk;
    this.content = Content.Source.asInputStream(request);
    request.addIdleTimeoutListener(timeout -> false); // an answer may take its time
  }

  Limits limits() {
    return limits;
  }

  /// Memory for what the request brings.
  Room.Share memory() {
    return memory;
  }

  /// A header of the request.
  @Nullable String header(String name) {
    return request.getHeaders().get(name);
  }

  /// Who asks, as far as turns are concerned: an address.
  ///
  /// @param user whom it asks for; empty for nobody in particular
  Client client(String user) {
    return new Client(host(), user);
  }

  @Override
  public String host() {
    return Request.getRemoteAddr(request);
  }

  // ---- the question

  /// The body, as JSON, in which a string may be as long as the whole.
  ///
  /// @throws ApiException if it is too large, or not JSON
  Json json() throws IOException {
    byte[] body = body();
    memory.take(PARSING * body.length);
    Json json = body.length < LONG ? parsed(body) : desk.run(() -> parsed(body), this);
    memory.give(PARSING * body.length);
    return json;
  }

  private Json parsed(byte[] body) {
    try {
      int longest = (int) Math.min(Integer.MAX_VALUE, limits.bodyBytes());
      return Json.parse(body, "request", new Json.Limits(longest, TOKENS));
    } catch (CheckpointException e) {
      throw ApiException.bad(e.getMessage());
    }
  }

  private byte[] body() throws IOException {
    if (request.getLength() > limits.bodyBytes()) {
      throw tooLarge();
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    byte[] some = new byte[1 << 16];
    Pace pace = new Pace(PATIENCE, SLOWEST);
    try {
      for (int n = content.read(some); n >= 0; n = content.read(some)) {
        if (body.size() + n > limits.bodyBytes()) {
          throw tooLarge();
        }
        long start = System.nanoTime();
        memory.take(READING * n);
        pace.pause(System.nanoTime() - start);
        body.write(some, 0, n);
        if (pace.isSlow(n, System.nanoTime())) {
          throw tooSlow();
        }
      }
    } catch (IOException e) {
      if (e.getCause() instanceof TimeoutException) {
        throw tooSlow();
      }
      throw broken(e);
    }
    return body.toByteArray();
  }

  /// A body that is cut off, or no chunks: Jetty takes either for an early end.
  ///
  /// @throws IOException if the connection fails
  private ApiException broken(IOException e) throws IOException {
    if (!(e instanceof EOFException)) {
      throw e;
    }
    boolean isCutOff =
        request.getConnectionMetaData().getConnection().getEndPoint().isInputShutdown();
    return ApiException.bad(
        isCutOff
            ? "request: its body ends before all of it has come, expected as much as its headers say"
            : "request: its body is not in chunks as HTTP has them, expected the size of each in hexadecimal digits and as many bytes");
  }

  private static ApiException tooSlow() {
    return new ApiException(408, "timeout", "request: its body comes too slowly");
  }

  private ApiException tooLarge() {
    return new ApiException(
        413, "too_large", "request: its body has more than " + limits.bodyBytes() + " bytes");
  }

  // ---- the answer

  /// Sends a whole answer.
  void send(int status, String contentType, byte[] body) throws IOException {
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
    Content.Sink.write(response, true, ByteBuffer.wrap(body));
  }

  /// Sends a whole answer in JSON.
  void json(int status, String json) throws IOException {
    send(status, "application/json", json.getBytes(StandardCharsets.UTF_8));
  }

  /// Sends an answer that is nothing but a status and headers.
  void empty(int status) throws IOException {
    response.setStatus(status);
    Content.Sink.write(response, true, ByteBuffer.allocate(0));
  }

  void setHeader(String name, String value) {
    response.getHeaders().put(name, value);
  }

  /// Tells in a header what is missing in pages that were drawn: as much as a header may say, in
  /// its characters.
  ///
  /// @param problems a sentence each
  void tellProblems(List<String> problems) {
    if (!problems.isEmpty()) {
      String all = String.join("; ", problems).replaceAll("[^ -~]", "?");
      setHeader(PROBLEMS, all.substring(0, Math.min(LONGEST_PROBLEMS, all.length())));
    }
  }

  /// Begins an answer that comes in pieces.
  void stream(String contentType) {
    isStream = true;
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    response.getHeaders().put("X-Accel-Buffering", "no");
  }

  /// Sends a piece.
  ///
  /// @throws IOException if the client has left
  void write(String piece) throws IOException {
    Content.Sink.write(response, false, ByteBuffer.wrap(piece.getBytes(StandardCharsets.UTF_8)));
  }

  /// Ends an answer that came in pieces.
  void end() throws IOException {
    Content.Sink.write(response, true, ByteBuffer.allocate(0));
  }

  /// Passes over what has come of a body that nobody wants; where more is to come, the client
  /// learns that the connection ends with the answer, rather than find it closed under its next
  /// request.
  void passOverBody() {
    // Jetty's own consumeAvailable() would let the connection read no more afterwards.
    for (long passed = 0; passed < LINGER; ) {
      Content.Chunk some = request.read();
      if (some == null) {
        break;
      }
      passed += some.remaining();
      some.release();
      if (some.isLast()) {
        return;
      }
    }
    response.getHeaders().put(HttpHeader.CONNECTION, "close");
  }

  /// Passes over what still comes of a body after a refusal, up to bounds on bytes and time: a
  /// connection that is closed under a client that sends takes the answer with it.
  void linger() throws IOException {
    if (request.getLength() == 0) {
      return;
    }
    byte[] some = new byte[1 << 16];
    long left = Math.max(LINGER, 4 * limits.bodyBytes());
    long end = System.nanoTime() + PATIENCE.toNanos();
    for (int n = content.read(some); n >= 0 && left > 0; n = content.read(some)) {
      left = System.nanoTime() - end > 0 ? 0 : left - n;
    }
  }

  /// Ends the connection: nobody is there any more.
  void hangUp() {
    request.getConnectionMetaData().getConnection().getEndPoint().close();
  }

  boolean isCommitted() {
    return response.isCommitted();
  }

  /// Finds out whether the client has left, where nothing is written that would tell. A client that
  /// has closed its side of the connection counts as gone, too.
  ///
  /// @throws IOException if it has
  @Override
  public void requireClient() throws IOException {
    EndPoint client = request.getConnectionMetaData().getConnection().getEndPoint();
    if (!client.isOpen()) {
      throw new IOException("the client has left");
    }
    if (isStream || !(client.getTransport() instanceof SocketChannel channel)) {
      return;
    }
    int read = channel.read(ByteBuffer.allocate(1));
    if (read < 0) {
      throw new IOException("the client has left");
    }
    if (read > 0) {
      // The next request's first byte, which is lost: it will have to come on another connection.
      response.getHeaders().put(HttpHeader.CONNECTION, "close");
    }
  }
}
