package org.internvl4j.server.source;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;

/// Connects to an address: to it and through no proxy, whatever the environment says.
@FunctionalInterface
interface Dialer {
  Dialer DIRECT =
      (address, millis) -> {
        Socket socket = new Socket(Proxy.NO_PROXY);
        try {
          socket.connect(address, millis);
          return socket;
        } catch (IOException e) {
          socket.close();
          throw e;
        }
      };

  /// @param address resolved
  /// @param millis longest wait
  Socket dial(InetSocketAddress address, int millis) throws IOException;
}
