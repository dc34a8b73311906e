package org.internvl4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.internvl4j.hub.TestServer.Reply;
import org.internvl4j.hub.TestServer.Request;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A hub that cuts, lies and refuses: never a wrong or half file under its final name.
class HostileHubTest {
  private static final String LARGE = "model-00001-of-00002.safetensors";
  private static final int MANY = 1_000_000;

  @TempDir Path cache;
  private final Heard heard = new Heard();
  private TestHub test;

  @BeforeEach
  void start() throws IOException {
    test = TestHub.withModel();
  }

  @AfterEach
  void stop() throws IOException {
    test.close();
  }

  private void pull() throws IOException {
    new Hub(test.settings(cache)).pull(TestHub.MODEL, PullOptions.DEFAULT, heard);
  }

  private Map<String, byte[]> wanted() {
    Map<String, byte[]> wanted = new TreeMap<>(test.files);
    wanted.keySet().removeIf(path -> !WantedFiles.isWanted(path, PullOptions.DEFAULT));
    return wanted;
  }

  private void succeeds() throws IOException {
    pull();
    Layout.check(cache, wanted());
  }

  private void fails(String message) throws IOException {
    assertThatThrownBy(this::pull).isInstanceOf(IOException.class).hasMessage(message);
    Layout.checkUnfinished(cache, wanted());
  }

  private static boolean isLarge(Request request) {
    return request.path().contains("?sig=");
  }

  private static boolean isSmall(Request request) {
    return request.path().endsWith("/resolve/" + TestHub.COMMIT + "/config.json");
  }

  /// The last of the files.
  private static boolean isOther(Request request) {
    return request.path().endsWith("/onnx/config.json");
  }

  private static boolean isRange(Request request) {
    return isLarge(request) && request.from() >= 0;
  }

  // ---- what passes

  @Test
  void cutConnectionsAreGoneOnWith() throws IOException {
    test.fault(9, HostileHubTest::isLarge, reply -> reply.cutAfter(30_000));
    test.fault(2, HostileHubTest::isSmall, reply -> reply.cutAfter(10));
    succeeds();
    assertThat(heard.events).anyMatch(e -> e.startsWith("again: 127.0.0.1: the connection broke"));
    long sent =
        test.store.requests().stream()
            .filter(r -> r.from() >= 0)
            .mapToLong(r -> r.last(300_001) + 1L - r.from())
            .sum();
    assertThat(sent).isGreaterThan(300_001); // what was asked for again is what had not come
    assertThat(test.store.requests())
        .anyMatch(r -> r.from() > 0 && r.from() % (64 << 10) == 30_000);
  }

  @Test
  void endsThatComeEarlyAndPolitelyAreGoneOnWith() throws IOException {
    test.fault(3, HostileHubTest::isRange, reply -> reply.cutAfter(20_000).declaring(20_000));
    test.fault(1, HostileHubTest::isSmall, reply -> reply.cutAfter(10).declaring(-1));
    succeeds();
    assertThat(heard.events).contains("again: 127.0.0.1: the connection ended early");
  }

  @ParameterizedTest
  @ValueSource(ints = {408, 429, 500, 502, 503, 504})
  void busyServersAreAskedAgain(int status) throws IOException {
    test.fault(2, TestHub.to("/api/"), reply -> Reply.of(status));
    test.fault(3, HostileHubTest::isLarge, reply -> Reply.of(status));
    test.fault(1, HostileHubTest::isSmall, reply -> Reply.of(status));
    succeeds();
    assertThat(heard.events).filteredOn(e -> e.startsWith("again: ")).hasSize(6);
  }

  @Test
  void retryAfterIsHonoured() throws IOException {
    test.fault(1, TestHub.to("/api/"), reply -> Reply.of(429, "Retry-After", "1"));
    test.fault(
        1,
        HostileHubTest::isSmall,
        reply -> Reply.of(503, "Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"));
    succeeds();
    assertThat(heard.events).contains("again: 127.0.0.1 asks for fewer requests (429)");
    assertThat(heard.pauses).first().isEqualTo(Duration.ofSeconds(1));
    assertThat(heard.pauses.get(1)).isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void pausesGrow() throws IOException {
    test.fault(5, TestHub.to("/api/"), reply -> Reply.of(503));
    succeeds();
    assertThat(heard.pauses).hasSize(5);
    for (int i = 0; i < 5; i++) {
      assertThat(heard.pauses.get(i).toNanos() / 1e6).isBetween(0.75 * (1 << i), 1.25 * (1 << i));
    }
  }

  @Test
  void ignoredRangesBeginAnewWithTheWholeFile() throws IOException {
    test.fault(MANY, HostileHubTest::isRange, reply -> Reply.ok(test.files.get(LARGE)));
    test.files.remove("model-00002-of-00002.safetensors");
    succeeds();
    assertThat(test.store.requests()).filteredOn(r -> r.from() < 0).hasSize(1);
  }

  @Test
  void cutAndIgnoredRangesTogetherBeginAnewUntilItComesWhole() throws IOException {
    test.files.remove("model-00002-of-00002.safetensors");
    test.fault(MANY, HostileHubTest::isRange, reply -> Reply.ok(test.files.get(LARGE)));
    test.fault(3, HostileHubTest::isLarge, reply -> reply.cutAfter(200_000));
    succeeds();
    assertThat(heard.events).filteredOn(e -> e.startsWith("again: ")).hasSize(3);
  }

  @Test
  void serversThatGiveLessThanTheRangeAreAskedForTheRest() throws IOException {
    test.fault(
        5,
        HostileHubTest::isRange,
        reply -> {
          String range = String.valueOf(reply.headers().get("Content-Range"));
          int from = Integer.parseInt(range.replaceAll("bytes (\\d+)-.*", "$1"));
          return reply
              .cutAfter(10_000)
              .declaring(10_000)
              .with(
                  "Content-Range",
                  "bytes %d-%d/%s".formatted(from, from + 9999, range.split("/", -1)[1]));
        });
    pull();
    Layout.check(cache, wanted());
  }

  @Test
  void silentServersAreGivenUpOn() throws IOException {
    CountDownLatch never = new CountDownLatch(1);
    HubSettings s = test.settings(cache);
    HubSettings impatient =
        new HubSettings(
            s.endpoint(),
            s.token(),
            s.folders(),
            s.offline(),
            s.links(),
            s.proxies(),
            Duration.ofMillis(300),
            s.firstPause(),
            s.division());
    test.fault(1, HostileHubTest::isLarge, reply -> reply.cutAfter(50_000).until(never));
    new Hub(impatient).pull(TestHub.MODEL, PullOptions.DEFAULT, heard);
    Layout.check(cache, wanted());
    assertThat(heard.events).contains("again: 127.0.0.1: nothing came for 0 s");
    never.countDown();
  }

  // ---- what does not

  @Test
  void serversThatStayBusyAreGivenUpOn() throws IOException {
    test.fault(MANY, HostileHubTest::isLarge, reply -> Reply.of(503));
    fails("127.0.0.1 answers 503; given up after 6 attempts");
    assertThat(cache.resolve("models--acme--Tiny-1B/blobs"))
        .isDirectoryNotContaining("glob:**.incomplete");
    test.heal();
    succeeds();
  }

  @Test
  void connectionsThatAreAlwaysCutAreGivenUpOnAndWhatCameIsKept() throws IOException {
    test.files.remove("model-00002-of-00002.safetensors");
    test.fault(MANY, HostileHubTest::isLarge, reply -> reply.cutAfter(1000));
    assertThatThrownBy(this::pull)
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("127.0.0.1: the connection broke")
        .hasMessageEndingWith("; given up after 6 attempts");
    Layout.checkUnfinished(cache, wanted());
    test.heal();
    int before = test.store.requests().size();
    succeeds();
    assertThat(test.store.requests().subList(before, test.store.requests().size()))
        .allSatisfy(r -> assertThat(r.from()).isPositive());
  }

  @Test
  void serversThatAskForTooMuchPatienceAreGivenUpOn() throws IOException {
    test.fault(MANY, HostileHubTest::isLarge, reply -> Reply.of(429, "Retry-After", "7200"));
    fails("127.0.0.1 asks for fewer requests (429), and to come back in 120 min");
  }

  @Test
  void otherContentIsDeletedAndNotAskedForAgain() throws IOException {
    byte[] other = TestHub.bytes(300_001, 99);
    String expected = TestHub.hash(LARGE, test.files.get(LARGE));
    test.fault(MANY, HostileHubTest::isRange, reply -> Reply.ok(other));
    test.fault(MANY, HostileHubTest::isLarge, reply -> Reply.ok(other));
    fails(
        "%s: came with the hash %s, the hub says %s; it was deleted"
            .formatted(LARGE, TestHub.hash(LARGE, other), expected));
    assertThat(cache.resolve("models--acme--Tiny-1B/blobs"))
        .isDirectoryNotContaining("glob:**.incomplete");
    assertThat(test.store.requests()).filteredOn(r -> r.from() < 0).hasSize(1);
  }

  @Test
  void otherContentOfASmallFileIsDeleted() throws IOException {
    byte[] content = test.files.get("config.json").clone();
    content[3] ^= 1;
    test.fault(MANY, HostileHubTest::isSmall, reply -> Reply.ok(content));
    fails(
        "config.json: came with the hash %s, the hub says %s; it was deleted"
            .formatted(
                TestHub.hash("config.json", content),
                TestHub.hash("config.json", test.files.get("config.json"))));
  }

  @Test
  void aByteThatIsWrongInWhatWasLeftIsFetchedAnew() throws IOException {
    test.fault(MANY, HostileHubTest::isLarge, reply -> reply.cutAfter(5_000));
    assertThatThrownBy(this::pull).isInstanceOf(IOException.class);
    Path blobs = cache.resolve("models--acme--Tiny-1B/blobs");
    try (var left = Files.newDirectoryStream(blobs, "*.incomplete")) {
      Path path = left.iterator().next();
      byte[] bytes = Files.readAllBytes(path);
      bytes[1000] ^= 1;
      Files.write(path, bytes);
    }
    test.heal();
    succeeds();
  }

  @Test
  void otherSizesAreTold() throws IOException {
    byte[] longer = TestHub.bytes(300_002, 99);
    test.fault(
        MANY,
        HostileHubTest::isRange,
        reply ->
            reply.with(
                "Content-Range",
                reply.headers().get("Content-Range").replace("/300001", "/300002")));
    fails(LARGE + ": 127.0.0.1 has 300002 bytes, the hub says 300001");
    test.heal();
    test.fault(MANY, HostileHubTest::isRange, reply -> Reply.ok(longer));
    test.fault(MANY, HostileHubTest::isLarge, reply -> Reply.ok(longer));
    fails(LARGE + ": 127.0.0.1 has 300002 bytes, the hub says 300001");
    test.heal();
    test.fault(MANY, HostileHubTest::isRange, reply -> Reply.ok(longer));
    test.fault(MANY, HostileHubTest::isLarge, reply -> Reply.ok(longer).declaring(-1));
    fails(LARGE + ": 127.0.0.1 sends more than 300001 bytes, as many as the hub says");
    test.heal();
    test.fault(MANY, HostileHubTest::isRange, reply -> Reply.of(416));
    fails(LARGE + ": 127.0.0.1 has not as many bytes as the hub says, 300001");
    assertThat(cache.resolve("models--acme--Tiny-1B/blobs"))
        .isDirectoryNotContaining("glob:**.incomplete");
  }

  @Test
  void otherRangesAndEncodingsAreTold() throws IOException {
    test.fault(
        MANY, HostileHubTest::isRange, reply -> reply.with("Content-Range", "bytes 1-2/300001"));
    assertThatThrownBy(this::pull)
        .isInstanceOf(IOException.class)
        .hasMessageMatching(
            LARGE + ": 127.0.0.1 sends 'bytes 1-2/300001', expected bytes from \\d+");
    test.heal();
    test.fault(
        MANY, HostileHubTest::isRange, reply -> new Reply(206, Map.of(), reply.body(), 5, 5, null));
    assertThatThrownBy(this::pull).hasMessageContaining("sends 'null', expected bytes from ");
    test.heal();
    test.fault(MANY, HostileHubTest::isOther, reply -> reply.with("Content-Encoding", "gzip"));
    fails("onnx/config.json: 127.0.0.1 is encoded as 'gzip' though that was not asked for");
  }

  @Test
  void listingsWithoutEndAreNotReadToTheirEnd() throws IOException {
    test.fault(1, TestHub.to("/api/"), reply -> Reply.ok(new byte[(64 << 20) + 1]));
    fails("127.0.0.1: answers with more than 67108864 bytes");
  }

  @Test
  void nobodyThereIsTold() throws IOException {
    String port = String.valueOf(test.hub.port());
    test.close();
    assertThatThrownBy(this::pull)
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("127.0.0.1: no connection: ")
        .hasMessageEndingWith("; given up after 6 attempts")
        .hasMessageNotContaining(port);
  }

  @Test
  void faultsAtRandomNeverLeaveAWrongFile() throws IOException {
    for (int seed = 0; seed < 4; seed++) {
      java.util.Random random = new java.util.Random(seed);
      Path folder = Files.createDirectory(cache.resolve("seed-" + seed));
      test.heal();
      test.fault(
          MANY,
          r -> !r.path().startsWith("/api/") && random.nextInt(3) == 0,
          reply ->
              switch (random.nextInt(4)) {
                case 0 -> Reply.of(503);
                case 1 -> reply.cutAfter(random.nextInt(70_000));
                case 2 -> reply.cutAfter(random.nextInt(70_000)).declaring(-1);
                default -> reply.cutAfter(0);
              });
      Hub hub = new Hub(test.settings(folder));
      boolean done = false;
      for (int i = 0; i < 20 && !done; i++) {
        try {
          hub.pull(TestHub.MODEL, PullOptions.DEFAULT, PullListener.NONE);
          done = true;
        } catch (IOException e) {
          Layout.checkUnfinished(folder, wanted());
        }
      }
      assertThat(done).as("seed " + seed).isTrue();
      Layout.check(folder, wanted());
    }
  }
}
