package org.internvl4j.server;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/// Connections whose next request has not come yet, or not with all its headers: each is ended when
/// that takes too long, however steadily they drip. Bodies have a pace of their own ([Exchange]).
///
/// Where one more has come than there may be, one of these makes room: of the host that has most of
/// them, the one that has waited longest. So nobody keeps others out with connections that he does
/// not use, and a proxy, whose clients all come from one address, may have as many as it does use;
/// a share for each address would keep that one short. A request keeps its connection until all of
/// its answer has been sent.
final class Arrivals extends Handler.Wrapper implements Connection.Listener {
  private static final int NETWORK = 8; // bytes of an IPv6 address; a host chooses the others
  private static final byte[] NONE = {}; // address: it has left

  private final Map<Connection, Wait> waits = new ConcurrentHashMap<>();
  private final Connector connector;
  private final int most;
  private final long patience; // ns
  private final long period; // ms

  /// That a request is to come.
  ///
  /// @param start when it began, as of [System#nanoTime]
  /// @param host from whom, as of [#host]
  private record Wait(long start, ByteBuffer host) {}

  /// @param answers what handles those that have come
  /// @param connector where they come; it takes one more than `most`, for which room is made
  /// @param most connections at a time
  /// @param millis that the headers of a request may take
  Arrivals(Handler answers, Connector connector, int most, int millis) {
    super(answers);
    this.connector = connector;
    this.most = most;
    patience = TimeUnit.MILLISECONDS.toNanos(millis);
    period = Math.clamp(millis / 10, 1, 1000);
  }

  /// Looks after the connections, once the connector has started, until it is stopped.
  void watch() {
    connector
        .getScheduler()
        .schedule(
            () -> {
              endLate(System.nanoTime());
              if (connector.isRunning()) {
                watch();
              }
            },
            period,
            TimeUnit.MILLISECONDS);
  }

  private void endLate(long now) {
    waits.forEach((connection, wait) -> {
      if (now - wait.start() > patience) {
        end(connection, wait);
      }
    });
  }

  /// Ends a connection, unless its request has come meanwhile.
  private void end(Connection connection, Wait wait) {
    if (waits.remove(connection, wait)) {
      connection.getEndPoint().close();
    }
  }

  /// Ends connections that wait, until there are no more than may be, or none that waits.
  private synchronized void makeRoom() {
    while (isCrowded()) {
      Optional<Map.Entry<Connection, Wait>> next = nextToEnd();
      if (next.isEmpty()) {
        return;
      }
      end(next.get().getKey(), next.get().getValue());
    }
  }

  private boolean isCrowded() {
    return connector.getConnectedEndPoints().size() > most
        && connector.getConnectedEndPoints().stream().filter(EndPoint::isOpen).count() > most;
  }

  private Optional<Map.Entry<Connection, Wait>> nextToEnd() {
    long now = System.nanoTime();
    Map<ByteBuffer, Long> many =
        waits.values().stream().collect(Collectors.groupingBy(Wait::host, Collectors.counting()));
    return waits.entrySet().stream()
        .max(
            Comparator.<Map.Entry<Connection, Wait>>comparingLong(
                    entry -> many.getOrDefault(entry.getValue().host(), 0L))
                .thenComparingLong(entry -> now - entry.getValue().start()));
  }

  /// Whom an address belongs to: one of IPv6 counts as its network of 64 bits, all of whose
  /// addresses one host can have.
  static ByteBuffer host(@Nullable SocketAddress from) {
    byte[] address =
        from instanceof InetSocketAddress known ? known.getAddress().getAddress() : NONE;
    return ByteBuffer.wrap(address, 0, Math.min(NETWORK, address.length));
  }

  /// How many wait, for tests.
  int waiting() {
    return waits.size();
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    Connection connection = request.getConnectionMetaData().getConnection();
    waits.remove(connection);
    Runnable answered = () -> answered(connection);
    return super.handle(
        request, new Whole(request, response, answered), Callback.from(answered, callback));
  }

  /// Tells when all of it has been sent: what is left of the request may be passed over for a
  /// while.
  private static final class Whole extends Response.Wrapper {
    private final Runnable sent;

    Whole(Request request, Response response, Runnable sent) {
      super(request, response);
      this.sent = sent;
    }

    @Override
    public void write(boolean last, @Nullable ByteBuffer bytes, Callback callback) {
      super.write(last, bytes, last ? Callback.from(sent, callback) : callback);
    }
  }

  private void answered(Connection connection) {
    if (connection.getEndPoint().isOpen()) {
      await(connection);
      makeRoom();
      if (!connection.getEndPoint().isOpen()) { // since then
        waits.remove(connection);
      }
    }
  }

  /// Room is made before, so that who has just come does not make it.
  @Override
  public void onOpened(Connection connection) {
    makeRoom();
    await(connection);
  }

  private void await(Connection connection) {
    ByteBuffer host = host(connection.getEndPoint().getRemoteSocketAddress());
    waits.put(connection, new Wait(System.nanoTime(), host));
  }

  @Override
  public void onClosed(Connection connection) {
    waits.remove(connection);
  }
}
