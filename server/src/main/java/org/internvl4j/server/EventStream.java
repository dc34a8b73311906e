package org.internvl4j.server;

import java.io.IOException;

/// Server-sent events.
final class EventStream {
  private final Exchange exchange;

  EventStream(Exchange exchange) {
    this.exchange = exchange;
    exchange.stream("text/event-stream; charset=utf-8");
  }

  /// An event.
  ///
  /// @param line without line breaks
  /// @throws IOException if the client has left
  void data(String line) throws IOException {
    exchange.write("data: " + line + "\n\n");
  }

  /// A comment, which clients pass over but for those that look for it: how far something is.
  void progress(String what, int done, int total) throws IOException {
    exchange.write(": " + what + " " + done + "/" + total + "\n\n");
  }

  /// A comment that says nothing, but tells whether the client is still there.
  void beat() throws IOException {
    exchange.write(":\n\n");
  }

  void end() throws IOException {
    exchange.end();
  }
}
