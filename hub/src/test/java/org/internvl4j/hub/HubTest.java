package org.internvl4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import org.internvl4j.hub.TestServer.Reply;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.ModelFolders;
import org.internvl4j.loader.ModelName;
import org.internvl4j.loader.SafeTensorsWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A pull from a hub that is as it should be, and what its refusals mean.
class HubTest {
  private static final ModelName MODEL = TestHub.MODEL;

  @TempDir Path temp;
  private Path cache;
  private TestHub test;

  @BeforeEach
  void start() throws IOException {
    cache = temp.resolve("cache");
    test = TestHub.withModel();
  }

  @AfterEach
  void stop() throws IOException {
    test.close();
  }

  private Hub hub(String... environment) {
    return new Hub(test.settings(cache, environment));
  }

  private Path pull(String... environment) throws IOException {
    return hub(environment).pull(MODEL, PullOptions.DEFAULT, PullListener.NONE);
  }

  private Map<String, byte[]> wanted() {
    Map<String, byte[]> wanted = new LinkedHashMap<>(test.files);
    wanted.keySet().removeIf(path -> !WantedFiles.isWanted(path, PullOptions.DEFAULT));
    return wanted;
  }

  @Test
  void laysAModelOutAsOtherClientsDo() throws IOException {
    Path snapshot = pull();
    assertThat(snapshot)
        .isEqualTo(cache.resolve("models--acme--Tiny-1B/snapshots/" + TestHub.COMMIT));
    assertThat(wanted().keySet())
        .containsExactly(
            "README.md",
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "onnx/config.json");
    Layout.check(cache, wanted());
  }

  @Test
  void tellsHowFarItIs() throws IOException {
    Heard heard = new Heard();
    Listing listing = hub().list(MODEL, PullOptions.DEFAULT, heard);
    assertThat(hub().missing(listing)).isEqualTo(listing.bytes());
    hub().pull(listing, heard);
    assertThat(hub().missing(listing)).isZero();
    assertThat(heard.events)
        .containsExactlyElementsOf(wanted().keySet().stream().map("pulled "::concat).toList());
    long done = 0;
    for (PullListener.Step step : heard.steps) {
      assertThat(step.allDone()).isGreaterThanOrEqualTo(done);
      assertThat(step.done()).isBetween(0L, step.file().bytes());
      assertThat(step.all()).isEqualTo(listing.bytes());
      done = step.allDone();
    }
    assertThat(done).isEqualTo(listing.bytes());
  }

  @Test
  void pullsNothingThatIsHereAndOnlyWhatIsNew() throws IOException {
    pull();
    int before = test.hub.requests().size() + test.store.requests().size();
    Heard heard = new Heard();
    hub().pull(MODEL, PullOptions.DEFAULT, heard);
    assertThat(heard.events).allMatch(event -> event.startsWith("has ")).hasSize(6);
    assertThat(test.hub.requests().size() + test.store.requests().size()).isEqualTo(before + 1);
    test.files.put("vocab.json", TestHub.text("{\"a\": 1}"));
    Heard more = new Heard();
    hub().pull(MODEL, PullOptions.DEFAULT, more);
    assertThat(more.events)
        .contains("pulled vocab.json")
        .filteredOn(e -> e.startsWith("pulled"))
        .hasSize(1);
    Layout.check(cache, wanted());
  }

  @Test
  void pullsPicklesOnlyWhenTheyAreWanted() throws IOException {
    Path snapshot = pull();
    assertThat(snapshot.resolve("pytorch_model.bin")).doesNotExist();
    hub().pull(MODEL, PullOptions.DEFAULT.withPickles(), PullListener.NONE);
    assertThat(snapshot.resolve("pytorch_model.bin"))
        .hasBinaryContent(test.files.get("pytorch_model.bin"));
    assertThat(snapshot.resolve("configuration.py")).doesNotExist();
  }

  @Test
  void whatItPullsIsFoundAndOpened() throws IOException {
    Path weights = temp.resolve("weights");
    new SafeTensorsWriter().add("a", new float[] {5}, 1).write(weights);
    test.files.keySet().removeIf(path -> path.contains("safetensors"));
    test.files.put("model.safetensors", Files.readAllBytes(weights));
    Path snapshot = pull();
    ModelFolders folders = new ModelFolders(Map.of("HF_HUB_CACHE", cache.toString()), temp);
    assertThat(folders.find("acme/Tiny-1B")).isEqualTo(snapshot);
    try (Checkpoint checkpoint = Checkpoint.open(snapshot)) {
      assertThat(checkpoint.name()).isEqualTo("Tiny-1B");
      assertThat(checkpoint.names()).containsExactly("a");
    }
  }

  @Test
  void findsWhatOtherClientsHavePulled() throws IOException {
    Path repository = cache.resolve("models--acme--Tiny-1B");
    Path blobs = Files.createDirectories(repository.resolve("blobs"));
    for (Map.Entry<String, byte[]> file : wanted().entrySet()) {
      String hash = TestHub.hash(file.getKey(), file.getValue());
      Files.write(blobs.resolve(hash), file.getValue());
      Path link = repository.resolve("snapshots/" + TestHub.COMMIT).resolve(file.getKey());
      Files.createDirectories(link.resolveSibling(""));
      String up = "../".repeat(1 + file.getKey().split("/", -1).length);
      Files.createSymbolicLink(link, Path.of(up + "blobs/" + hash));
    }
    Files.writeString(
        Files.createDirectories(repository.resolve("refs")).resolve("main"), TestHub.COMMIT);
    Path offline = pull("HF_HUB_OFFLINE", "1");
    assertThat(test.hub.requests()).isEmpty();
    assertThat(pull()).isEqualTo(offline);
    assertThat(test.hub.requests()).hasSize(1); // the listing
    assertThat(test.store.requests()).isEmpty();
  }

  @Test
  void copiesWhereLinksAreNotWanted() throws IOException {
    test.files.put("tokenizer.json", TestHub.text("{}")); // as onnx/config.json
    Path snapshot = pull("HF_HUB_DISABLE_SYMLINKS", "true");
    for (Map.Entry<String, byte[]> file : wanted().entrySet()) {
      Path path = snapshot.resolve(file.getKey());
      assertThat(path).hasBinaryContent(file.getValue());
      assertThat(Files.isSymbolicLink(path)).isFalse();
    }
    assertThat(Layout.names(cache.resolve("models--acme--Tiny-1B/blobs"))).isEmpty();
    int before = test.store.requests().size();
    pull("HF_HUB_DISABLE_SYMLINKS", "true");
    pull();
    assertThat(test.store.requests()).hasSize(before);
  }

  @Test
  void aRevisionHasARefUnlessItIsACommit() throws IOException {
    test.commits.put("refs%2Fpr%2F1", TestHub.COMMIT);
    test.commits.put(TestHub.COMMIT, TestHub.COMMIT);
    hub().pull(MODEL.at(TestHub.COMMIT), PullOptions.DEFAULT, PullListener.NONE);
    Path repository = cache.resolve("models--acme--Tiny-1B");
    assertThat(repository.resolve("refs")).doesNotExist();
    hub().pull(MODEL.at("refs/pr/1"), PullOptions.DEFAULT, PullListener.NONE);
    assertThat(repository.resolve("refs/refs/pr/1")).hasContent(TestHub.COMMIT);
  }

  @Test
  void asksAMirrorThatListsNamesAloneForEachFile() throws IOException {
    test.fault(
        1,
        TestHub.to("/api/"),
        reply ->
            Reply.ok(
                TestHub.text(
                    "{\"sha\": \"%s\", \"siblings\": [{\"rfilename\": \"config.json\"}, {\"rfilename\": \"model-00002-of-00002.safetensors\"}]}"
                        .formatted(TestHub.COMMIT))));
    Path snapshot = pull();
    assertThat(snapshot.resolve("config.json")).hasBinaryContent(test.files.get("config.json"));
    assertThat(snapshot.resolve("model-00002-of-00002.safetensors"))
        .hasBinaryContent(test.files.get("model-00002-of-00002.safetensors"));
    assertThat(test.hub.requests()).filteredOn(r -> r.method().equals("HEAD")).hasSize(2);
    assertThat(test.store.requests()).noneMatch(r -> r.method().equals("HEAD"));
  }

  // ---- refusals

  private void refused(Reply reply, String message, String... environment) {
    test.heal();
    test.fault(1, TestHub.to("/api/"), r -> reply);
    assertThatThrownBy(() -> pull(environment))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(message.replace("HUB", test.hub.address()));
    assertThat(cache).doesNotExist();
  }

  @Test
  void saysWhyTheHubRefuses() {
    Reply missing = Reply.of(401, "X-Error-Code", "RepoNotFound");
    refused(
        missing,
        "acme/Tiny-1B: no such model on 127.0.0.1, or a private one; for that set HF_TOKEN to a token");
    refused(
        missing,
        "acme/Tiny-1B: no such model on 127.0.0.1, or a private one; the token does not open it",
        "HF_TOKEN",
        "hf_x");
    refused(
        Reply.of(401),
        "acme/Tiny-1B: no such model on 127.0.0.1, or a private one; for that set HF_TOKEN to a token");
    refused(
        Reply.of(403, "X-Error-Code", "GatedRepo", "X-Error-Message", "Access is restricted"),
        "acme/Tiny-1B: is gated; accept its terms on HUB/acme/Tiny-1B and set HF_TOKEN to a token"
            + " (the hub says: Access is restricted)");
    refused(
        Reply.of(403, "X-Error-Code", "GatedRepo"),
        "acme/Tiny-1B: is gated; accept its terms on HUB/acme/Tiny-1B, as the user whose token it is",
        "HF_TOKEN",
        "hf_x");
    refused(
        Reply.of(404, "X-Error-Code", "RevisionNotFound"), "acme/Tiny-1B: has no revision main");
    refused(
        Reply.of(403),
        "acme/Tiny-1B: 127.0.0.1 forbids its list of files; set HF_TOKEN to a token");
    refused(Reply.of(404), "acme/Tiny-1B: 127.0.0.1 does not have its list of files");
  }

  @Test
  void aReplyThatIsNoHttpIsNotAskedForAgain() {
    int[] asked = new int[1];
    test.fault(
        100,
        TestHub.to("/api/"),
        r -> {
          asked[0]++;
          return Reply.of(403, "X-Error-Message", "evil \u001b[31mred");
        });
    assertThatThrownBy(this::pull)
        .isInstanceOf(IOException.class)
        .hasMessage("127.0.0.1: answers what is no HTTP");
    assertThat(asked[0]).isEqualTo(1);
  }

  @Test
  void aFileThatIsRefusedEndsThePull() throws IOException {
    test.fault(1, TestHub.to("/resolve/"), r -> Reply.of(403, "X-Error-Code", "GatedRepo"));
    assertThatThrownBy(this::pull)
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("is gated");
    test.fault(1, r -> r.path().contains("?sig="), r -> Reply.of(403));
    assertThatThrownBy(this::pull)
        .isInstanceOf(IOException.class)
        .hasMessage("127.0.0.1: refuses model-00001-of-00002.safetensors (403)");
    Layout.checkUnfinished(cache, wanted());
  }

  @Test
  void offlineIsTheCacheAlone() {
    assertThatThrownBy(() -> pull("HF_HUB_OFFLINE", "yes"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("acme/Tiny-1B: no such model in " + cache);
    assertThatThrownBy(
            () -> hub("HF_HUB_OFFLINE", "1").list(MODEL, PullOptions.DEFAULT, PullListener.NONE))
        .hasMessage("acme/Tiny-1B: HF_HUB_OFFLINE is set, and it is not in " + cache);
    assertThat(test.hub.requests()).isEmpty();
  }

  @Test
  void namesThatAFolderCannotKeepApartAreRefused() {
    for (ModelName name :
        List.of(new ModelName(null, "Tiny-1B", "main"), new ModelName("a--b", "c", "main"))) {
      assertThatThrownBy(() -> hub().list(name, PullOptions.DEFAULT, PullListener.NONE))
          .isInstanceOf(CheckpointException.class)
          .hasMessage(name + ": is no name of a model, expected OWNER/NAME");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../evil.json",
        "/etc/evil.json",
        "a/../../evil.json",
        "a//evil.json",
        "C:evil.json",
        "a\\\\evil.json",
        "a/./evil.json",
        "evil\\u0000.json",
        ".git/evil.json"
      })
  void namesThatLeadOutAreRefused(String name) {
    test.fault(
        1,
        TestHub.to("/api/"),
        r ->
            Reply.ok(TestHub.text(test.listing(TestHub.COMMIT).replace("onnx/config.json", name))));
    assertThatThrownBy(this::pull)
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("whose name may lead out of its folder; not pulled");
    assertThat(cache).doesNotExist();
  }

  @Test
  void listingsThatMakeNoSenseAreRefused() {
    listed("\"sha\":\"" + TestHub.COMMIT, "\"sha\":\"../../x", "expected a commit of 40 digits");
    listed("onnx/config.json", "config.json", "acme/Tiny-1B: lists config.json twice");
    listed("\"size\":300001", "\"size\":9000000000000000000", "lists files of 9");
    listed("\"sha256\":\"", "\"sha256\":\"../", "which is no hash");
    listed("{\"sha\"", "{\"sha", "list of files: ");
    listed("\"siblings\"", "\"others\"", "siblings is missing");
    assertThat(cache).doesNotExist();
  }

  private void listed(String what, String instead, String message) {
    String listing = test.listing(TestHub.COMMIT);
    assertThat(listing).contains(what);
    test.heal();
    test.fault(1, TestHub.to("/api/"), r -> Reply.ok(TestHub.text(listing.replace(what, instead))));
    assertThatThrownBy(this::pull)
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(message);
  }

  @Test
  void saysThatThereIsNoRoom() {
    String listing =
        test.listing(TestHub.COMMIT).replace("\"size\":300001", "\"size\":500000000000000");
    test.fault(1, TestHub.to("/api/"), r -> Reply.ok(TestHub.text(listing)));
    assertThatThrownBy(this::pull)
        .isInstanceOf(IOException.class)
        .hasMessageMatching(".*cache: 476837158 MiB are needed, \\d+ are free");
    assertThat(test.store.requests()).isEmpty();
  }

  @Test
  void stopsWhenItsThreadIsInterruptedAndKeepsWhatHasCome() throws Exception {
    CountDownLatch silent = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    test.fault(
        1,
        r -> r.path().contains("?sig="),
        reply -> {
          silent.countDown();
          return reply.cutAfter(40_000).until(never);
        });
    Thread caller = Thread.currentThread();
    Thread.ofVirtual()
        .start(() -> {
          try {
            silent.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          caller.interrupt();
        });
    assertThatThrownBy(this::pull).isInstanceOf(CancellationException.class);
    assertThat(Thread.interrupted()).isTrue();
    Layout.checkUnfinished(cache, wanted());
    never.countDown();
    pull();
    Layout.check(cache, wanted());
  }
}
