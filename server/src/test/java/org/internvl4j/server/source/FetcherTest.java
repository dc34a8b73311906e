package org.internvl4j.server.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.server.Limits;
import org.internvl4j.server.source.PictureRefusedException.Kind;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Servers that send what they should, and those that do not.
class FetcherTest {
  private static final Picture PICTURE = Picture.ofRgb(2, 1, new byte[] {1, 2, 3, 4, 5, 6});
  private static final byte[] PNG = Pictures.png(PICTURE);
  private static final String BODY = new String(PNG, StandardCharsets.ISO_8859_1);
  private static final String OK = "HTTP/1.1 200 OK\r\n";
  private static final String CHUNKED = OK + "Transfer-Encoding: chunked\r\n\r\n";
  private static final SourceOptions OPTIONS =
      SourceOptions.of(Limits.DEFAULT)
          .withBytes(10_000)
          .withHosts(AllowedHosts.of(List.of("pictures.example.org", "other.example.org")));
  private static final Resolver SOMEWHERE = host -> List.of(InetAddress.ofLiteral("9.9.9.9"));

  private static PictureSource source(
      TestServer server, SourceOptions options, @Nullable SSLSocketFactory tls) {
    Dialer dialer =
        (address, millis) -> new Socket(InetAddress.getLoopbackAddress(), server.port());
    return new PictureSource(options, new Fetcher(options, SOMEWHERE, dialer, tls));
  }

  private static Picture fetch(TestServer.Script script) throws IOException {
    try (TestServer server = new TestServer(script)) {
      return source(server, OPTIONS, null).open("http://pictures.example.org/cat.png").read();
    }
  }

  private static void assertRefused(TestServer.Script script, Kind kind, String message) {
    assertRefused(catchThrowable(() -> fetch(script)), kind, message);
  }

  private static void assertRefused(Throwable refusal, Kind kind, String message) {
    assertThat(refusal).isInstanceOf(PictureRefusedException.class);
    String found = refusal.getMessage().replaceFirst("^pictures\\.example\\.org: ", "");
    assertThat(found).isEqualTo(message);
    assertThat(((PictureRefusedException) refusal).kind()).as(message).isEqualTo(kind);
  }

  private static void assertRefused(String answer, Kind kind, String message) {
    assertRefused(TestServer.text(answer), kind, message);
  }

  private static String chunk(String text) {
    return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
  }

  @Test
  void readsBodiesOfAllFramings() throws IOException {
    String length = "Content-Length: " + PNG.length + "\r\n\r\n";
    String half = chunk(BODY.substring(0, 9));
    for (String answer :
        List.of(
            OK + length + BODY,
            OK + length + BODY + "and more",
            "HTTP/1.0 200\r\n\r\n" + BODY,
            OK + "Content-Type: text/html\r\nContent-Encoding: Identity\r\n" + length + BODY,
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK + length + BODY,
            CHUNKED + half + chunk(BODY.substring(9)) + "0\r\nX-Sum: 1\r\n\r\n",
            CHUNKED
                + half.replaceFirst("9", "0009;x=y")
                + chunk(BODY.substring(9))
                + "0\r\n\r\n")) {
      assertThat(fetch(TestServer.text(answer))).as(answer).isEqualTo(PICTURE);
    }
  }

  @Test
  void neverFollowsARedirect() throws IOException {
    for (int status : List.of(300, 301, 302, 303, 304, 307, 308)) {
      try (TestServer inside = new TestServer(TestServer.ok(PNG))) {
        String to =
            "Location: http://127.0.0.1:" + inside.port() + "/\r\nContent-Length: 0\r\n\r\n";
        assertRefused(
            "HTTP/1.1 " + status + " Moved\r\n" + to,
            Kind.NOT_ALLOWED,
            "redirects to another address ("
                + status
                + "), which is not followed; name the last one");
        assertThat(inside.connections()).isZero();
      }
    }
  }

  @Test
  void saysWhatTheServerAnswers() {
    assertRefused("HTTP/1.1 404 No\r\n\r\n", Kind.NOT_FOUND, "has no such file (404)");
    assertRefused("HTTP/1.1 410 No\r\n\r\n", Kind.NOT_FOUND, "has no such file (410)");
    for (int status : List.of(101, 204, 206, 401, 403, 429, 500, 503)) {
      assertRefused(
          "HTTP/1.1 " + status + " X\r\n\r\n",
          Kind.UNREACHABLE,
          "answers " + status + " instead of the file");
    }
  }

  @Test
  void refusesAnswersThatAreNone() {
    String failed = "the connection failed or broke off";
    assertRefused("", Kind.UNREACHABLE, failed);
    assertRefused(OK + "Content-Le", Kind.UNREACHABLE, failed);
    String status = "does not answer in HTTP/1.1";
    for (String line :
        List.of("SSH-2.0-x\r\n", "HTTP/2 200\r\n", "HTTP/1.1 20\r\n", "+PONG\r\n", "\r\n")) {
      assertRefused(line, Kind.BROKEN, status);
    }
    assertRefused(
        "HTTP/1.1 200 OK\nA: b\n\n\r\r",
        Kind.BROKEN,
        "does not end a line of its headers where it should");
    for (String header : List.of("no colon", " folded: x", "a b: c", ": x", "a: \u0000")) {
      assertRefused(OK + header + "\r\n\r\n", Kind.BROKEN, "sends a header that is none");
    }
  }

  @Test
  void refusesLengthsThatLie() {
    assertRefused(OK + "Content-Length: 99\r\n\r\nabc", Kind.BROKEN, "ends after 3 of 99 bytes");
    String tooLarge = "the file is longer than the limit of 10000 bytes; shrink it";
    assertRefused(OK + "Content-Length: 10001\r\n\r\n", Kind.TOO_LARGE, tooLarge);
    assertRefused(OK + "Content-Length: 999999999999999999\r\n\r\n", Kind.TOO_LARGE, tooLarge);
    for (String length : List.of("-1", "+5", "0x5", "5, 5", "5 5", "", "9999999999999999999")) {
      assertRefused(
          OK + "Content-Length: " + length + "\r\n\r\nabcde",
          Kind.BROKEN,
          "sends a content-length that is no number");
    }
    assertRefused(
        OK + "Content-Length: 5\r\ncontent-length: 5\r\n\r\nabcde",
        Kind.BROKEN,
        "sends the header content-length twice");
    assertRefused(OK + "Content-Length: 0\r\n\r\n", Kind.BROKEN, "sends an empty file");
    String transfer = "sends the file in a way that is not understood (its transfer-encoding)";
    assertRefused(
        OK + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", Kind.BROKEN, transfer);
    assertRefused(OK + "Transfer-Encoding: gzip, chunked\r\n\r\n", Kind.BROKEN, transfer);
  }

  @Test
  void refusesBadChunksAndEncodings() {
    for (String size : List.of("", "g", "-1", "0x5", " 5", "123456789", "5 5")) {
      assertRefused(
          CHUNKED + size + "\r\nabcde\r\n0\r\n\r\n", Kind.BROKEN, "sends a chunk without its size");
    }
    String wrong = "sends a chunk that is shorter or longer than it says";
    assertRefused(CHUNKED + "5\r\nabc", Kind.BROKEN, wrong);
    assertRefused(
        CHUNKED + "ffffffff\r\n",
        Kind.TOO_LARGE,
        "the file is longer than the limit of 10000 bytes; shrink it");
    assertRefused(
        CHUNKED + "2\r\nabcde\r\n", Kind.BROKEN, "does not end a line of a chunk where it should");
    assertRefused(
        CHUNKED + "1;" + "x".repeat(300) + "\r\n",
        Kind.BROKEN,
        "does not end a line of a chunk where it should");
    for (String encoding : List.of("gzip", "br", "deflate", "identity, gzip")) {
      assertRefused(
          OK + "Content-Encoding: " + encoding + "\r\n\r\n" + BODY,
          Kind.BROKEN,
          "sends the file with an encoding that it was not asked for");
    }
  }

  private static TestServer.Script endless(String head, String more) {
    return out -> {
      out.write(head.getBytes(StandardCharsets.US_ASCII));
      while (true) {
        out.write(more.getBytes(StandardCharsets.US_ASCII));
      }
    };
  }

  @Test
  void endsWhatDoesNotEnd() {
    String tooLarge = "the file is longer than the limit of 10000 bytes; shrink it";
    assertRefused(endless(OK + "\r\n", "abc"), Kind.TOO_LARGE, tooLarge);
    assertRefused(endless(CHUNKED, "1\r\na\r\n"), Kind.TOO_LARGE, tooLarge);
    String line = "does not end a line of its headers where it should";
    assertRefused(endless(OK, "a: b\r\n"), Kind.BROKEN, line);
    assertRefused(endless(OK + "a: ", "b"), Kind.BROKEN, line);
    assertRefused(endless(CHUNKED + "1\r\na\r\n0\r\n", "a: b\r\n"), Kind.BROKEN, line);
    assertRefused(endless("", "HTTP/1.1 100 Continue\r\n\r\n"), Kind.BROKEN, line);
  }

  @Test
  void endsWhatIsTooSlow() throws IOException {
    SourceOptions hasty = OPTIONS.withTimes(Duration.ofMillis(200), Duration.ofMillis(200));
    CountDownLatch never = new CountDownLatch(1);
    TestServer.Script silent = out -> never.await();
    TestServer.Script drip =
        out -> {
          out.write((OK + "Content-Length: 9999\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
          while (true) {
            out.write(1);
            Thread.sleep(20);
          }
        };
    for (TestServer.Script script : List.of(silent, drip)) {
      for (String scheme : List.of("http", "https")) { // a handshake is waited for no longer
        try (TestServer server = new TestServer(script)) {
          assertRefused(
              catchThrowable(
                  () -> source(server, hasty, null).open(scheme + "://pictures.example.org")),
              Kind.UNREACHABLE,
              "did not send the file within 200 ms");
        }
      }
    }
    never.countDown();
  }

  @Test
  void fetchesNoMoreAtATimeThanItMay() throws Exception {
    CountDownLatch asked = new CountDownLatch(2);
    CountDownLatch go = new CountDownLatch(1);
    TestServer.Script held =
        out -> {
          asked.countDown();
          go.await();
          TestServer.ok(PNG).send(out);
        };
    try (TestServer server = new TestServer(held)) {
      PictureSource hasty = source(server, OPTIONS.withFetches(2, Duration.ZERO), null);
      List<FutureTask<Picture>> first =
          List.of(
              new FutureTask<>(() -> hasty.open("http://pictures.example.org").read()),
              new FutureTask<>(() -> hasty.open("http://other.example.org").read()));
      first.forEach(Thread.ofVirtual()::start);
      asked.await();
      assertRefused(
          catchThrowable(() -> hasty.open("http://pictures.example.org")),
          Kind.BUSY,
          "as many files are being fetched as may be at a time; try again in a moment");
      assertThat(server.connections()).isEqualTo(2);
      go.countDown();
      for (FutureTask<Picture> one : first) {
        assertThat(one.get()).isEqualTo(PICTURE);
      }
      assertThat(hasty.open("http://pictures.example.org").read()).isEqualTo(PICTURE);
    }
  }

  @Test
  void whoComesWhenTooManyAreFetchedGetsATurn() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    TestServer.Script held =
        out -> {
          asked.countDown();
          go.await();
          TestServer.ok(PNG).send(out);
        };
    try (TestServer server = new TestServer(held)) {
      PictureSource patient = source(server, OPTIONS.withFetches(1, Duration.ofHours(1)), null);
      List<FutureTask<Picture>> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        all.add(new FutureTask<>(() -> patient.open("http://pictures.example.org").read()));
        Thread.ofVirtual().start(all.getLast());
      }
      asked.await();
      assertThat(server.connections()).isEqualTo(1);
      go.countDown();
      for (FutureTask<Picture> one : all) {
        assertThat(one.get()).isEqualTo(PICTURE);
      }
    }
  }

  @Test
  void waitsForNoLookupAndNoConnection() {
    SourceOptions hasty = OPTIONS.withTimes(Duration.ofMillis(100), Duration.ofMillis(100));
    CountDownLatch never = new CountDownLatch(1);
    Resolver stuck =
        host -> {
          try {
            never.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return List.of();
        };
    PictureSource slow = new PictureSource(hasty, new Fetcher(hasty, stuck, Dialer.DIRECT, null));
    assertRefused(
        catchThrowable(() -> slow.open("http://pictures.example.org")),
        Kind.UNREACHABLE,
        "its address was not found");
    never.countDown();
    Dialer refusing =
        (InetSocketAddress address, int millis) -> {
          throw new IOException("refused by " + address);
        };
    PictureSource closed =
        new PictureSource(OPTIONS, new Fetcher(OPTIONS, SOMEWHERE, refusing, null));
    assertRefused(
        catchThrowable(() -> closed.open("http://pictures.example.org")),
        Kind.UNREACHABLE,
        "the connection failed or broke off");
  }

  /// A context with a fresh key whose certificate names one host, which it trusts.
  private static SSLContext context(Path folder, String name) throws Exception {
    Path file = folder.resolve(name + ".p12");
    String tool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    Process made =
        new ProcessBuilder(
                tool,
                "-genkeypair",
                "-alias",
                "a",
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + name,
                "-ext",
                "san=dns:" + name,
                "-validity",
                "3650",
                "-storetype",
                "PKCS12",
                "-storepass",
                "changeit",
                "-keystore",
                file.toString())
            .redirectErrorStream(true)
            .start();
    assertThat(made.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      keys.load(in, "changeit".toCharArray());
    }
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("a", keys.getCertificate("a"));
    KeyManagerFactory owns = KeyManagerFactory.getInstance("PKIX");
    owns.init(keys, "changeit".toCharArray());
    TrustManagerFactory trusts = TrustManagerFactory.getInstance("PKIX");
    trusts.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(owns.getKeyManagers(), trusts.getTrustManagers(), null);
    return context;
  }

  @Test
  void checksTheCertificateAgainstTheName(@TempDir Path folder) throws Exception {
    SSLContext context = context(folder, "pictures.example.org");
    SSLSocketFactory trusting = context.getSocketFactory();
    try (TestServer server =
        new TestServer(context.getServerSocketFactory().createServerSocket(), TestServer.ok(PNG))) {
      assertThat(source(server, OPTIONS, trusting).open("https://pictures.example.org/").read())
          .isEqualTo(PICTURE);
      assertThat(server.requests()).hasSize(1);
      assertRefused(
          catchThrowable(
              () -> source(server, OPTIONS, trusting).open("https://other.example.org/")),
          Kind.UNREACHABLE,
          "other.example.org: no safe connection could be made; its certificate must be valid and name other.example.org");
      assertRefused(
          catchThrowable(() -> source(server, OPTIONS, null).open("https://pictures.example.org/")),
          Kind.UNREACHABLE,
          "no safe connection could be made; its certificate must be valid and name pictures.example.org");
    }
  }
}
