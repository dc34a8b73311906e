package org.internvl4j.server.source;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.internvl4j.server.source.AllowedHosts.Verdict;
import org.internvl4j.server.source.PictureRefusedException.Kind;
import org.jspecify.annotations.Nullable;

/// Gets files by HTTP from an allowed host, without becoming the hand that reaches into the
/// server's own network.
///
/// A name is resolved once, all its addresses are judged, and the connection goes to one of those
/// very addresses: a name that answers differently the next time has no next time. `java.net.http`
/// cannot promise that, since it resolves by itself; with the address in the URL it would check the
/// certificate against the address. So the socket is ours: connected to the address, and for
/// `https:` wrapped in TLS that names the host to the server and checks the certificate against
/// that name. The little HTTP/1.1 that one GET takes is in [AnswerReader]. No proxy is asked, no
/// redirect followed, nothing remembered, and nothing sent that tells who asks. Of all requests
/// together, no more than so many files are fetched at a time; who comes then waits for a while.
final class Fetcher {
  private static final int MOST_ADDRESSES = 4; // that are tried

  private final AllowedHosts hosts;
  private final Resolver resolver;
  private final Dialer dialer;
  private final @Nullable SSLSocketFactory tls;
  private final int bytes;
  private final int headerBytes;
  private final SourceOptions.Times times;
  private final Semaphore free; // fetches that may begin now

  Fetcher(SourceOptions options) {
    this(options, Resolver.SYSTEM, Dialer.DIRECT, null);
  }

  /// @param tls null for what the JDK trusts
  Fetcher(SourceOptions options, Resolver resolver, Dialer dialer, @Nullable SSLSocketFactory tls) {
    this.hosts = options.hosts();
    this.resolver = resolver;
    this.dialer = dialer;
    this.tls = tls;
    this.bytes = options.bytes();
    this.headerBytes = options.headerBytes();
    this.times = options.times();
    this.free = new Semaphore(options.fetches(), true);
  }

  /// @throws PictureRefusedException if the host is not allowed, leads where it must not or does
  ///   not give the file, or if too many others are being fetched
  byte[] fetch(WebAddress address) {
    String host = address.authority();
    Verdict verdict = hosts.verdict(address);
    if (verdict == Verdict.REFUSED) {
      throw PictureRefusedException.notAllowed(hosts.refusal(host));
    }
    takeTurn(host);
    try {
      return fetch(address, verdict);
    } finally {
      free.release();
    }
  }

  private void takeTurn(String host) {
    try {
      if (!free.tryAcquire(times.turn().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new PictureRefusedException(
            Kind.BUSY,
            host + ": as many files are being fetched as may be at a time; try again in a moment");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PictureRefusedException(Kind.UNREACHABLE, host + ": the fetch was interrupted", e);
    }
  }

  private byte[] fetch(WebAddress address, Verdict verdict) {
    String host = address.authority();
    Deadline deadline = new Deadline(times.fetch());
    InetAddress literal = address.at().literal();
    List<InetAddress> found = literal == null ? lookUp(address, deadline) : List.of(literal);
    check(address, found, verdict);
    try {
      return get(address, found, deadline);
    } catch (IOException e) {
      String why =
          deadline.isOver() ? "did not send the file within " + deadline : reason(e, address);
      throw new PictureRefusedException(Kind.UNREACHABLE, host + ": " + why, e);
    }
  }

  private static String reason(IOException e, WebAddress address) {
    return e instanceof SSLException
        ? "no safe connection could be made; its certificate must be valid and name "
            + address.at().host()
        : "the connection failed or broke off";
  }

  /// On a thread of its own, since a lookup cannot be told how long to take.
  private List<InetAddress> lookUp(WebAddress address, Deadline deadline) {
    String host = address.authority();
    FutureTask<List<InetAddress>> lookup =
        new FutureTask<>(() -> resolver.resolve(address.at().host()));
    Thread.ofPlatform().daemon().name("picture-lookup").start(lookup);
    try {
      List<InetAddress> found = lookup.get(deadline.millis(times.fetch()), TimeUnit.MILLISECONDS);
      if (!found.isEmpty()) {
        return found;
      }
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof UnknownHostException)) {
        throw new IllegalStateException(host + ": the lookup of its address failed", e);
      }
    } catch (TimeoutException e) {
      // the same to who asks
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PictureRefusedException(Kind.UNREACHABLE, host + ": the fetch was interrupted", e);
    }
    throw PictureRefusedException.unreachable(host + ": its address was not found");
  }

  /// One bad address among good ones spoils them all: nobody honest has such.
  private static void check(WebAddress address, List<InetAddress> found, Verdict verdict) {
    for (InetAddress one : found) {
      AddressKind kind = AddressKind.of(one);
      if (kind == AddressKind.RESERVED) {
        throw PictureRefusedException.notAllowed(
            address.authority()
                + ": leads to an address of a reserved range; files are fetched from public ones");
      }
      if (kind == AddressKind.PRIVATE && verdict != Verdict.PRIVATE) {
        throw PictureRefusedException.notAllowed(
            "%s: leads to a private address; files are fetched from public ones unless the server is started with --picture-hosts %s=private"
                .formatted(address.authority(), address.authority()));
      }
    }
  }

  private byte[] get(WebAddress address, List<InetAddress> found, Deadline deadline)
      throws IOException {
    try (Socket socket = connect(address, found, deadline)) {
      Thread guard = deadline.guard(socket);
      try {
        Socket stream = address.secure() ? secure(socket, address) : socket;
        stream.getOutputStream().write(request(address));
        var in = new BufferedInputStream(stream.getInputStream());
        return new AnswerReader(in, address.authority(), headerBytes, bytes).read();
      } finally {
        guard.interrupt();
      }
    }
  }

  private Socket connect(WebAddress address, List<InetAddress> found, Deadline deadline)
      throws IOException {
    IOException failed = new IOException("no address");
    for (InetAddress one : found.subList(0, Math.min(MOST_ADDRESSES, found.size()))) {
      if (deadline.isOver()) {
        break;
      }
      try {
        InetSocketAddress target = new InetSocketAddress(one, address.port());
        return dialer.dial(target, deadline.millis(times.connect()));
      } catch (IOException e) {
        failed = e;
      }
    }
    throw failed;
  }

  private SSLSocket secure(Socket socket, WebAddress address) throws IOException {
    SSLSocketFactory factory = tls == null ? (SSLSocketFactory) SSLSocketFactory.getDefault() : tls;
    String name = address.serverName();
    String host = address.at().host().replaceAll("[\\[\\]]", "");
    SSLSocket secured = (SSLSocket) factory.createSocket(socket, host, address.port(), true);
    SSLParameters parameters = secured.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setServerNames(name == null ? List.of() : List.of(new SNIHostName(name)));
    secured.setSSLParameters(parameters);
    secured.startHandshake();
    return secured;
  }

  private static byte[] request(WebAddress address) {
    String head =
        """
        GET %s HTTP/1.1
        Host: %s
        User-Agent: InternVL4J
        Accept: image/*, video/*, application/pdf
        Accept-Encoding: identity
        Connection: close

        """
            .formatted(address.target(), address.authority());
    return head.replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII);
  }
}
