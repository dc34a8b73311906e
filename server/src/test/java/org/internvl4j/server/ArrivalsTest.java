package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// More connections than there may be: who does not use his makes room for who comes.
class ArrivalsTest {
  private static final int CONNECTIONS = 6;
  private static final int DAY = 86_400_000; // ms; none of these is ended for being late
  private static final int NEVER = 60_000; // ms after which a test that would hang fails
  private static final String LONG = "GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n";
  private static final String SHORT = "GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n";

  private final CountDownLatch end = new CountDownLatch(1);
  private final List<Socket> sockets = new ArrayList<>();
  private Server server;

  @BeforeEach
  void start() throws IOException {
    server = Server.listen(ServerOptions.DEFAULT.withPort(0), DAY, CONNECTIONS);
    Route.Action brief = exchange -> exchange.json(200, "{}");
    Route.Action lasting =
        exchange -> {
          exchange.stream("text/plain");
          exchange.write("begins");
          end.await();
          exchange.write("ends");
          exchange.end();
        };
    server
        .router()
        .open(
            List.of(
                new Route("GET", "/short", Dialect.OPENAI, true, brief),
                new Route("GET", "/long", Dialect.OPENAI, true, lasting)));
  }

  @AfterEach
  void stop() throws IOException {
    end.countDown();
    for (Socket socket : sockets) {
      socket.close();
    }
    server.close();
  }

  /// Whether they have asked already, are about to, or never end their headers.
  @ParameterizedTest
  @CsvSource(
      value = {
        "GET /short HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n; GET /short HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n",
        "''; GET /short HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n",
        "GET /short HTTP/1.1\\r\\nHost: loc; alhost\\r\\n\\r\\n"
      },
      delimiter = ';')
  void whoHoldsAllConnectionsKeepsNobodyOut(String begin, String rest) throws Exception {
    List<Socket> holders = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      Socket holder = connect("127.0.0.1");
      holders.add(holder);
      send(holder, begin.translateEscapes());
      if (begin.endsWith("\\r\\n")) {
        read(holder, "{}");
      }
      awaitWaiting(i + 1);
    }
    Socket other = connect("127.0.0.1");
    for (int i = 0; i < 3; i++) {
      send(other, SHORT);
      read(other, "{}");
    }
    assertThat(isEnded(holders.getFirst())).isTrue(); // who waited longest
    for (Socket holder : holders.subList(1, CONNECTIONS)) {
      send(holder, rest.translateEscapes());
      read(holder, "{}");
    }
  }

  /// Whose body may never come: nothing waits for it but that the client can read the refusal.
  @Test
  void whoHasBeenRefusedHoldsNothing() throws Exception {
    List<Socket> refused = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      Socket socket = connect("127.0.0.1");
      refused.add(socket);
      send(socket, "POST /no HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{");
      read(socket, "not_found");
      awaitWaiting(i + 1);
    }
    asked("127.0.0.1", CONNECTIONS);
    assertThat(isEnded(refused.getFirst())).isTrue();
  }

  /// However long the others wait, who has fewer.
  @Test
  @DisabledOnOs(OS.MAC) // has one address of its own
  void theHostThatHasMostMakesRoom() throws Exception {
    Socket alone = asked("127.0.0.2", 1);
    Socket one = asked("127.0.0.3", 2);
    List<Socket> many = new ArrayList<>();
    for (int i = 2; i < CONNECTIONS; i++) {
      many.add(asked("127.0.0.1", i + 1));
    }
    Socket another = asked("127.0.0.3", CONNECTIONS);
    assertThat(isEnded(many.get(0))).isTrue();
    Socket third = asked("127.0.0.4", CONNECTIONS);
    assertThat(isEnded(many.get(1))).isTrue();
    asked("127.0.0.5", CONNECTIONS); // while two hosts have two each
    assertThat(isEnded(one)).isTrue();
    for (Socket left : List.of(alone, many.get(2), many.get(3), another, third)) {
      send(left, SHORT);
      read(left, "{}");
    }
  }

  @Test
  void answersAreNotCut() throws Exception {
    Socket stream = connect("127.0.0.1");
    send(stream, LONG);
    read(stream, "begins");
    for (int i = 1; i < 5 * CONNECTIONS; i++) {
      asked("127.0.0.1", Math.min(i, CONNECTIONS - 1));
    }
    end.countDown();
    read(stream, "ends");
  }

  /// Who comes then takes the first connection whose request has been answered.
  @Test
  void whereAllAreInUseOneWaits() throws Exception {
    List<Socket> busy = new ArrayList<>();
    for (int i = 0; i <= CONNECTIONS; i++) {
      Socket socket = connect("127.0.0.1");
      busy.add(socket);
      send(socket, LONG);
      read(socket, "begins");
    }
    Socket other = connect("127.0.0.1");
    send(other, SHORT);
    assertThat(server.connections()).isEqualTo(CONNECTIONS + 1);
    end.countDown();
    for (Socket socket : busy) {
      read(socket, "ends");
    }
    read(other, "{}");
  }

  @Test
  void whoLeavesIsForgotten() throws Exception {
    for (int i = 0; i < 20 * CONNECTIONS; i++) {
      Socket socket = connect("127.0.0.1");
      send(socket, i % 3 == 0 ? LONG : i % 3 == 1 ? SHORT : "GET /sho");
      socket.setSoLinger(true, 0);
      socket.close();
    }
    end.countDown();
    Socket last = connect("127.0.0.1"); // they are taken in turn
    send(last, SHORT);
    read(last, "{}");
    last.close();
    while (server.connections() > 0) {
      Thread.sleep(5);
    }
    assertThat(server.waiting()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.1, 192.0.2.1, true",
    "192.0.2.1, 192.0.2.2, false",
    "192.0.2.1, ::ffff:192.0.2.1, true",
    "2001:db8:1:2::1, 2001:db8:1:2:ffff::1, true",
    "2001:db8:1:2::1, 2001:db8:1:3::1, false"
  })
  void anIpv6HostIsItsNetwork(String one, String other, boolean isSame) {
    assertThat(host(one).equals(host(other))).isEqualTo(isSame);
  }

  private static Object host(String address) {
    return Arrivals.host(new InetSocketAddress(InetAddress.ofLiteral(address), 1));
  }

  private Socket connect(String from) throws IOException {
    Socket socket = new Socket();
    sockets.add(socket);
    socket.setSoTimeout(NEVER);
    socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    return socket;
  }

  /// A connection whose request has been answered.
  ///
  /// @param waiting that have no request then
  private Socket asked(String from, int waiting) throws Exception {
    Socket socket = connect(from);
    send(socket, SHORT);
    read(socket, "{}");
    awaitWaiting(waiting);
    return socket;
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  /// Reads up to the end of a text.
  private static void read(Socket socket, String text) throws IOException {
    StringBuilder read = new StringBuilder();
    while (read.indexOf(text) < 0) {
      int next = socket.getInputStream().read();
      assertThat(next).as("behind " + read).isNotNegative();
      read.append((char) next);
    }
  }

  private void awaitWaiting(int many) throws InterruptedException {
    for (int i = 0; i < NEVER && server.waiting() != many; i++) {
      Thread.sleep(1);
    }
    assertThat(server.waiting()).isEqualTo(many);
  }

  private static boolean isEnded(Socket socket) {
    try {
      InputStream in = socket.getInputStream();
      while (in.read() >= 0) {}
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true; // is reset
    }
  }
}
