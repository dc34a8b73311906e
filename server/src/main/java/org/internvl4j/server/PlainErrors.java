package org.internvl4j.server;

import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/// Errors that never reach a route: a request that is no HTTP, a connection that fails. The status
/// is all that is said.
final class PlainErrors extends ErrorHandler {
  private final Meters meters;

  PlainErrors(Meters meters) {
    this.meters = meters;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    if (response.getStatus() < 500) {
      meters.malformed();
    }
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, 0L);
    response.write(true, ByteBuffer.allocate(0), callback);
    return true;
  }
}
