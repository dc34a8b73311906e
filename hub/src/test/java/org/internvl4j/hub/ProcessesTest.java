package org.internvl4j.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.internvl4j.hub.TestServer.Request;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pulls in processes of their own: one that is killed, two at once.
class ProcessesTest {
  @TempDir Path cache;
  private TestHub test;

  @BeforeEach
  void start() throws IOException {
    test = TestHub.withModel();
    test.files.keySet().removeIf(path -> !WantedFiles.isWanted(path, PullOptions.DEFAULT));
  }

  @AfterEach
  void stop() throws IOException {
    test.close();
  }

  /// What a child runs: endpoint, cache, a file for what it hears.
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws IOException {
      HubSettings settings =
          TestHub.impatient(
              HubSettings.of(
                  Map.of(
                      "HF_ENDPOINT", arguments[0], "HF_HUB_CACHE", arguments[1], "no_proxy", "*"),
                  Path.of(arguments[1], "home")));
      Heard heard = new Heard();
      new Hub(settings).pull(TestHub.MODEL, PullOptions.DEFAULT, heard);
      Files.write(Path.of(arguments[2]), heard.events);
    }
  }

  private Process child(Path heard) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            test.hub.address(),
            cache.toString(),
            heard.toString())
        .redirectErrorStream(true)
        .redirectOutput(heard.resolveSibling(heard.getFileName() + ".out").toFile())
        .start();
  }

  private static boolean isLarge(Request request) {
    return request.path().contains("?sig=");
  }

  @Test
  void whatAKilledProcessHasPulledIsNotPulledAgain(@TempDir Path temp) throws Exception {
    CountDownLatch killed = new CountDownLatch(1);
    CountDownLatch silent = new CountDownLatch(3);
    test.fault(2, TestHub.to("?sig="), reply -> reply);
    test.fault(
        100,
        ProcessesTest::isLarge,
        reply -> {
          silent.countDown();
          return reply.cutAfter(40_000).until(killed);
        });
    Process child = child(temp.resolve("heard"));
    silent.await(); // two pieces have come, three connections stand half way
    Path blobs = cache.resolve("models--acme--Tiny-1B/blobs");
    while (Partial.left(blobs, large()) < 2 * (64 << 10)) {
      Thread.onSpinWait();
    }
    child.destroyForcibly().waitFor();
    Layout.checkUnfinished(cache, test.files);
    long left = Partial.left(blobs, large());
    assertThat(left).isBetween(2L * (64 << 10), large().bytes() - 1);
    killed.countDown();
    test.heal();
    int before = test.store.requests().size();
    Hub hub = new Hub(test.settings(cache));
    assertThat(hub.missing(hub.list(TestHub.MODEL, PullOptions.DEFAULT, PullListener.NONE)))
        .isEqualTo(
            test.files.values().stream().mapToLong(file -> file.length).sum() - small() - left);
    hub.pull(TestHub.MODEL, PullOptions.DEFAULT, PullListener.NONE);
    Layout.check(cache, test.files);
    long asked =
        test.store.requests().subList(before, test.store.requests().size()).stream()
            .filter(r -> r.path().contains(large().hash()))
            .mapToLong(r -> r.last(300_001) + 1L - r.from())
            .sum();
    assertThat(asked).isEqualTo(large().bytes() - left);
  }

  private ListedFile large() {
    String path = "model-00001-of-00002.safetensors";
    byte[] content = test.files.get(path);
    return new ListedFile(path, content.length, TestHub.hash(path, content));
  }

  /// Bytes of the files in front of the large one, which are whole by then.
  private long small() {
    return (long) test.files.get("README.md").length + test.files.get("config.json").length;
  }

  @Test
  void twoProcessesPullEachFileOnce(@TempDir Path temp) throws Exception {
    CountDownLatch both = new CountDownLatch(2);
    CountDownLatch waits = new CountDownLatch(1);
    test.fault(
        2,
        TestHub.to("/api/"),
        reply -> {
          both.countDown();
          return reply;
        });
    test.fault(1, ProcessesTest::isLarge, reply -> reply.cutAfter(1000).until(waits));
    Path one = temp.resolve("one");
    Path two = temp.resolve("two");
    Process first = child(one);
    Process second = child(two);
    both.await();
    waits.countDown();
    assertThat(first.waitFor()).as(Files.readString(temp.resolve("one.out"))).isZero();
    assertThat(second.waitFor()).as(Files.readString(temp.resolve("two.out"))).isZero();
    Layout.check(cache, test.files);
    List<String> heard = new ArrayList<>(Files.readAllLines(one));
    heard.addAll(Files.readAllLines(two));
    for (String file : test.files.keySet()) {
      assertThat(heard).containsOnlyOnce("pulled " + file, "has " + file);
    }
  }

  @Test
  void aProcessWaitsForAnotherAndSaysSo() throws Exception {
    Store store = Store.in(cache, TestHub.MODEL, true);
    Heard heard = new Heard();
    BlobLock lock = BlobLock.take(store.lock(large()), () -> {});
    assertThat(lock.holds()).isTrue();
    Thread puller =
        Thread.ofVirtual()
            .start(() -> {
              try {
                new Hub(test.settings(cache)).pull(TestHub.MODEL, PullOptions.DEFAULT, heard);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    while (!heard.events.contains("waiting for " + large().path())) {
      Thread.sleep(10);
    }
    Files.write(store.blob(large()), test.files.get(large().path()));
    lock.close();
    puller.join();
    assertThat(heard.events).contains("has " + large().path());
    assertThat(test.store.requests()).noneMatch(r -> r.path().contains(large().hash()));
    Layout.check(cache, new TreeMap<>(test.files));
  }
}
