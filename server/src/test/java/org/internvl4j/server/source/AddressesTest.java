package org.internvl4j.server.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.server.Limits;
import org.internvl4j.server.source.PictureRefusedException.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// No address leads into the server's own network; those that may be asked are.
class AddressesTest {
  private static final Picture PICTURE = Picture.ofRgb(2, 1, new byte[] {1, 2, 3, 4, 5, 6});
  private static final AllowedHosts GENEROUS =
      AllowedHosts.of(
          List.of(
              "pictures.example.org",
              "a.example.net",
              "localhost",
              "*.localhost",
              "localhost.localdomain",
              "ip6-localhost",
              "metadata.google.internal",
              "instance-data",
              "*.nip.example",
              "127.0.0.1",
              "127.0.0.2",
              "0.0.0.0",
              "10.0.0.1",
              "169.254.169.254",
              "192.168.1.1",
              "[::1]",
              "[::]",
              "[64:ff9b::7f00:1]",
              "[2002:7f00:1::]",
              "[fe80::1]",
              "[fd00:ec2::254]"));

  private TestServer server;
  private final List<InetSocketAddress> dialled = new ArrayList<>();
  private int lookups;

  @BeforeEach
  void start() throws IOException {
    server = new TestServer(TestServer.ok(Pictures.png(PICTURE)));
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  /// Answers one list of addresses after the other, then the last one for ever.
  private Resolver answering(String script) {
    Deque<String> answers = new ArrayDeque<>(List.of(script.split("\\|", -1)));
    return host -> {
      lookups++;
      String answer = answers.size() > 1 ? answers.removeFirst() : answers.getFirst();
      if (answer.isEmpty()) {
        throw new UnknownHostException(host);
      }
      return Stream.of(answer.split(",", -1)).map(InetAddress::ofLiteral).toList();
    };
  }

  /// Whatever is dialled, the test's own server answers.
  private PictureSource source(AllowedHosts hosts, String answers) {
    SourceOptions options = SourceOptions.of(Limits.DEFAULT).withHosts(hosts);
    Dialer dialer =
        (address, millis) -> {
          dialled.add(address);
          return new Socket(InetAddress.getLoopbackAddress(), server.port());
        };
    return new PictureSource(options, new Fetcher(options, answering(answers), dialer, null));
  }

  @Test
  void noneOfTheTableGetsIn() throws IOException {
    List<List<String>> rows = Table.rows("addresses.tsv");
    assertThat(rows).hasSizeGreaterThan(200);
    for (List<String> row : rows) {
      Throwable refusal = catchThrowable(() -> source(GENEROUS, row.get(1)).open(row.get(0)));
      assertThat(refusal).as("%s", row).isInstanceOf(PictureRefusedException.class);
      Kind kind = ((PictureRefusedException) refusal).kind();
      assertThat(kind).as("%s", row).isEqualTo(Kind.valueOf(row.get(2)));
      assertThat(refusal.getMessage()).as("%s", row).doesNotContain("\n", "\r", "secret", ".java");
      if (!row.get(1).isEmpty() && !row.get(0).contains(row.get(1))) {
        assertThat(refusal.getMessage()).as("%s", row).doesNotContain(row.get(1));
      }
    }
    assertThat(dialled).isEmpty();
    assertThat(server.connections()).isZero();
  }

  @Test
  void nothingIsLookedUpThatIsNotOnTheList() {
    assertThatThrownBy(() -> source(AllowedHosts.NONE, "93.184.215.14").open("https://example.org"))
        .isInstanceOf(PictureRefusedException.class)
        .hasMessage(
            "example.org: nothing is fetched from this host unless the server is started with --picture-hosts example.org; send the file as a data: URI");
    assertThat(lookups).isZero();
  }

  @Test
  void goesToTheAddressThatWasJudgedThoughTheNameMovesOn() {
    PictureSource source = source(GENEROUS, "93.184.215.14|127.0.0.1");
    assertThat(source.open("http://pictures.example.org/cat.png").read()).isEqualTo(PICTURE);
    assertThat(lookups).isEqualTo(1);
    assertThat(dialled)
        .extracting(a -> a.getAddress().getHostAddress())
        .containsExactly("93.184.215.14");
    assertThatThrownBy(() -> source.open("http://pictures.example.org/cat.png"))
        .hasMessageContaining("private address");
    assertThat(server.connections()).isEqualTo(1);
  }

  @Test
  void goodOnesGetIn() {
    AllowedHosts hosts =
        AllowedHosts.of(
            List.of(
                "pictures.example.org",
                "*.example.net",
                "example.com:8080",
                "9.9.9.9",
                "[2620:fe::0:9]",
                "inside.example=private",
                "127.0.0.1:5000=private"));
    List<List<String>> good =
        List.of(
            List.of("http://pictures.example.org", "93.184.215.14", "/93.184.215.14:80"),
            List.of("HTTP://Pictures.Example.ORG:80/?a=@b", "93.184.215.14", "/93.184.215.14:80"),
            List.of(
                "http://a.b.example.net/x#y", "64:ff9b::808:808", "/[64:ff9b:0:0:0:0:808:808]:80"),
            List.of("http://example.com:8080/x", "2606:4700::1", "/[2606:4700:0:0:0:0:0:1]:8080"),
            List.of("http://9.9.9.9/cat.png", "", "/9.9.9.9:80"),
            List.of("http://[2620:fe::9]/cat.png", "", "/[2620:fe:0:0:0:0:0:9]:80"),
            List.of("http://inside.example/", "10.1.2.3", "/10.1.2.3:80"),
            List.of("http://inside.example/", "::1", "/[0:0:0:0:0:0:0:1]:80"),
            List.of("http://127.0.0.1:5000/", "", "/127.0.0.1:5000"));
    for (List<String> row : good) {
      dialled.clear();
      assertThat(source(hosts, row.get(1)).open(row.get(0)).read())
          .as("%s", row)
          .isEqualTo(PICTURE);
      assertThat(dialled.toString()).isEqualTo("[" + row.get(2) + "]");
    }
  }

  @Test
  void privateIsNotReserved() {
    AllowedHosts hosts = AllowedHosts.of(List.of("inside.example=private"));
    for (String bad :
        List.of("169.254.169.254", "fd00:ec2::254", "0.0.0.0", "224.0.0.1", "fe80::1")) {
      assertThatThrownBy(() -> source(hosts, bad).open("http://inside.example/"))
          .hasMessage(
              "inside.example: leads to an address of a reserved range; files are fetched from public ones");
    }
    assertThat(dialled).isEmpty();
  }

  @Test
  void asksForNothingButTheFile() {
    source(GENEROUS, "93.184.215.14").open("http://pictures.example.org/猫.png?q={1}");
    assertThat(server.requests())
        .containsExactly(
            """
            GET /%E7%8C%AB.png?q=%7B1%7D HTTP/1.1
            Host: pictures.example.org
            User-Agent: InternVL4J
            Accept: image/*, video/*, application/pdf
            Accept-Encoding: identity
            Connection: close
            """);
  }

  @Test
  void refusesEntriesThatAreNoHosts() {
    for (String bad :
        List.of(
            "",
            "*",
            "*.",
            "*.1.2.3.4",
            "http://example.org",
            "example.org/",
            "a b",
            "0x7f.1",
            "example.org:0",
            "a@b",
            "*.*.org",
            "example.org=public",
            "[::ffff:1.2.3.4]",
            "１.example")) {
      assertThatThrownBy(() -> AllowedHosts.of(List.of(bad)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "--picture-hosts: '"
                  + bad
                  + "' is no host; expected one like example.org, *.example.org, example.org:8080 or intranet.example=private");
    }
  }
}
