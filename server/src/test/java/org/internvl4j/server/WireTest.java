package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Requests that are no whole ones, and connections that never become one.
class WireTest {
  private static final String HEAD = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\n";
  private static final String CHUNKED = HEAD + "Transfer-Encoding: chunked\r\n\r\n";

  private static Socket connect(Server server) throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), server.port());
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String answer(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource({
    "zz\\r\\nabc\\r\\n0\\r\\n\\r\\n",
    "-5\\r\\nabc\\r\\n0\\r\\n\\r\\n",
    "ffffffffffffffff\\r\\nabc\\r\\n0\\r\\n\\r\\n",
    "2\\r\\n{}\\r\\nxyz\\r\\n",
    "2\\r\\n{}abc\\r\\n"
  })
  void chunksThatAreNoneAreTold(String chunks) throws Exception {
    try (Demo demo = new Demo();
        Socket socket = connect(demo.server)) {
      send(socket, CHUNKED + chunks.translateEscapes());
      assertRefused(answer(socket), "request: its body is not in chunks as HTTP has them");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "Content-Length: 100\\r\\n\\r\\n{}",
    "Transfer-Encoding: chunked\\r\\n\\r\\n7f\\r\\n{"
  })
  void bodiesThatEndTooEarlyAreTold(String rest) throws Exception {
    try (Demo demo = new Demo();
        Socket socket = connect(demo.server)) {
      send(socket, HEAD + rest.translateEscapes());
      socket.shutdownOutput();
      assertRefused(answer(socket), "request: its body ends before all of it has come");
    }
  }

  private static void assertRefused(String answer, String message) {
    assertThat(answer).startsWith("HTTP/1.1 400").containsIgnoringCase("Connection: close");
    Json error = Client.json(answer.substring(answer.indexOf("\r\n\r\n") + 4)).at("error");
    assertThat(error.getText("message")).startsWith(message);
    assertThat(error.getText("code")).isEqualTo("invalid_request");
  }

  /// However steadily they come.
  @ParameterizedTest
  @CsvSource({"GET /health HTTP/1.1\\r\\nHost: loc", "G", "''"})
  void headersThatNeverEndAreCutOff(String begin) throws Exception {
    try (Server server = Server.listen(ServerOptions.DEFAULT.withPort(0), 300, 1024);
        Socket socket = connect(server)) {
      Thread drip =
          Thread.startVirtualThread(() -> {
            try {
              send(socket, begin.translateEscapes());
              while (true) {
                send(socket, "a");
                Thread.sleep(20);
              }
            } catch (IOException | InterruptedException e) {
              // is cut off
            }
          });
      try (InputStream in = socket.getInputStream()) {
        assertThat(in.read()).isNegative();
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("reset");
      }
      drip.join();
    }
  }

  /// The time for headers begins anew with each request, and is no time for answers.
  @Test
  void answersTakeLongerThanHeadersMay() throws Exception {
    try (Server server = Server.listen(ServerOptions.DEFAULT.withPort(0), 300, 1024)) {
      Route slow =
          new Route(
              "GET",
              "/slow",
              Dialect.OPENAI,
              true,
              exchange -> {
                Thread.sleep(1000);
                exchange.json(200, "{}");
              });
      server.router().open(List.of(slow));
      try (Socket socket = connect(server)) {
        String request = "GET /slow HTTP/1.1\r\nHost: localhost\r\n";
        send(socket, request + "\r\n" + request + "Connection: close\r\n\r\n");
        assertThat(answer(socket)).containsSubsequence("HTTP/1.1 200", "{}", "HTTP/1.1 200", "{}");
      }
    }
  }

  /// They wait to be taken, and are; none is reset.
  @Test
  void manyConnectAtOnce() throws Exception {
    int many = 600;
    try (Demo demo = new Demo()) {
      List<Socket> sockets = new ArrayList<>();
      try {
        for (int i = 0; i < many; i++) {
          sockets.add(connect(demo.server));
        }
        for (Socket socket : sockets) {
          OutputStream out = socket.getOutputStream();
          out.write(
              "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
        }
        for (Socket socket : sockets) {
          assertThat(answer(socket)).startsWith("HTTP/1.1 200");
        }
      } finally {
        for (Socket socket : sockets) {
          socket.close();
        }
      }
    }
  }
}
