package org.internvl4j.server;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/// Connections whose next request has not come yet, or not with all its headers: each is ended when
/// that takes too long, however steadily they drip. Bodies have a pace of their own ([Exchange]).
final class Arrivals extends Handler.Wrapper implements Connection.Listener {
  private final Map<Connection, Long> since = new ConcurrentHashMap<>(); // System.nanoTime()
  private final long patience; // ns
  private final long period; // ms

  /// @param answers what handles those that have come
  /// @param millis that the headers of a request may take
  Arrivals(Handler answers, int millis) {
    super(answers);
    patience = TimeUnit.MILLISECONDS.toNanos(millis);
    period = Math.clamp(millis / 10, 1, 1000);
  }

  /// Looks after the connections of a connector that has started, until it is stopped.
  void watch(Connector connector) {
    connector
        .getScheduler()
        .schedule(
            () -> {
              endLate(System.nanoTime());
              if (connector.isRunning()) {
                watch(connector);
              }
            },
            period,
            TimeUnit.MILLISECONDS);
  }

  private void endLate(long now) {
    since.forEach((connection, start) -> {
      if (now - start > patience && since.remove(connection, start)) {
        connection.getEndPoint().close();
      }
    });
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    Connection connection = request.getConnectionMetaData().getConnection();
    since.remove(connection);
    return super.handle(request, response, Callback.from(() -> answered(connection), callback));
  }

  private void answered(Connection connection) {
    if (connection.getEndPoint().isOpen()) {
      since.put(connection, System.nanoTime());
      if (!connection.getEndPoint().isOpen()) { // since then
        since.remove(connection);
      }
    }
  }

  @Override
  public void onOpened(Connection connection) {
    since.put(connection, System.nanoTime());
  }

  @Override
  public void onClosed(Connection connection) {
    since.remove(connection);
  }
}
