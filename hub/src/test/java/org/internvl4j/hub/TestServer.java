package org.internvl4j.hub;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A web server that does what it is told, wrong things too: a connection a request.
final class TestServer implements AutoCloseable {
  /// @param headers by lower-case name
  record Request(String method, String path, Map<String, String> headers) {
    @Nullable String header(String name) {
      return headers.get(name.toLowerCase(Locale.ROOT));
    }

    /// Where the range that is asked for begins; -1 if none is.
    int from() {
      String range = header("Range");
      return range == null ? -1 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-.*", "$1"));
    }

    /// The last byte of the range that is asked for.
    int last(int length) {
      String last = String.valueOf(header("Range")).replaceAll("bytes=\\d+-", "");
      return last.isEmpty() ? length - 1 : Math.min(length - 1, Integer.parseInt(last));
    }
  }

  /// @param declared Content-Length; -1 for none
  /// @param sent bytes of the body after which the connection ends
  /// @param stop if not null, waited for before the connection ends
  record Reply(
      int status,
      Map<String, String> headers,
      byte[] body,
      long declared,
      int sent,
      @Nullable CountDownLatch stop) {
    static Reply of(int status, String... headers) {
      return new Reply(status, Map.of(), new byte[0], 0, 0, null).with(headers);
    }

    static Reply ok(byte[] body) {
      return new Reply(200, Map.of(), body, body.length, body.length, null);
    }

    Reply with(String... more) {
      Map<String, String> all = new TreeMap<>(headers);
      for (int i = 0; i < more.length; i += 2) {
        all.put(more[i], more[i + 1]);
      }
      return new Reply(status, all, body, declared, sent, stop);
    }

    Reply declaring(long length) {
      return new Reply(status, headers, body, length, sent, stop);
    }

    Reply cutAfter(int bytes) {
      return new Reply(status, headers, body, declared, Math.min(bytes, body.length), stop);
    }

    /// Keeps the connection open, silent, until `released`.
    Reply until(CountDownLatch released) {
      return new Reply(status, headers, body, declared, sent, released);
    }
  }

  private final ServerSocket socket;
  private final Function<Request, Reply> answers;
  private final List<Request> requests = new CopyOnWriteArrayList<>();

  TestServer(Function<Request, Reply> answers) throws IOException {
    this.answers = answers;
    this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  /// `http://127.0.0.1:PORT`
  String address() {
    return "http://127.0.0.1:" + socket.getLocalPort();
  }

  int port() {
    return socket.getLocalPort();
  }

  List<Request> requests() {
    return requests;
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        Thread.ofVirtual().start(() -> serve(connection));
      } catch (IOException e) {
        if (!socket.isClosed()) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      Request request = read(new BufferedInputStream(connection.getInputStream()));
      requests.add(request);
      write(connection.getOutputStream(), request, answers.apply(request));
    } catch (IOException | InterruptedException e) {
      // the client has had enough
    }
  }

  private static Request read(InputStream in) throws IOException {
    String[] first = line(in).split(" ", -1);
    Map<String, String> headers = new TreeMap<>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      String[] header = line.split(": *", 2);
      headers.put(header[0].toLowerCase(Locale.ROOT), header[1]);
    }
    return new Request(first[0], first[1], headers);
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new IOException("ended");
      }
      line.write(c);
    }
    return line.toString(StandardCharsets.ISO_8859_1).strip();
  }

  private static void write(OutputStream out, Request request, Reply reply)
      throws IOException, InterruptedException {
    StringBuilder head = new StringBuilder("HTTP/1.1 " + reply.status + " X\r\n");
    reply.headers.forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
    if (reply.declared >= 0) {
      head.append("Content-Length: " + reply.declared + "\r\n");
    }
    out.write(head.append("Connection: close\r\n\r\n").toString().getBytes(StandardCharsets.UTF_8));
    if (!request.method.equals("HEAD")) {
      out.write(reply.body, 0, reply.sent);
    }
    out.flush();
    if (reply.stop != null) {
      reply.stop.await();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
