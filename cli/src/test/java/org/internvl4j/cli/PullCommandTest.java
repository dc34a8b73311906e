package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Models of the hub as a user meets them: pulled, listed, used, removed.
class PullCommandTest {
  @TempDir Path cache;
  private OneModelHub hub;

  @BeforeEach
  void start() throws IOException {
    hub = new OneModelHub(Cli.fixture("internvl2-1b"));
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Map<String, String> environment(String... more) {
    Map<String, String> environment = new HashMap<>();
    environment.put("HF_ENDPOINT", hub.address());
    environment.put("HF_HUB_CACHE", cache.toString());
    environment.put("HF_HOME", cache.resolve("home").toString());
    environment.put("no_proxy", "*");
    for (int i = 0; i < more.length; i += 2) {
      environment.put(more[i], more[i + 1]);
    }
    return environment;
  }

  private Cli.Result run(String... arguments) {
    return Cli.within(environment(), arguments);
  }

  private Cli.Result answering(String input, String... arguments) {
    return Cli.answering(input, environment(), arguments);
  }

  private Path repository() {
    return cache.resolve("models--acme--tiny");
  }

  private Path snapshot() {
    return repository().resolve("snapshots").resolve(OneModelHub.COMMIT);
  }

  @Test
  void pullsListsUsesAndRemoves() {
    Cli.Result pulled = run("pull", "acme/tiny");
    assertThat(pulled.err())
        .contains("pulled config.json, ")
        .contains("pulled model.safetensors, ")
        .doesNotContain("\u001b");
    assertThat(pulled.code()).isZero();
    assertThat(pulled.out()).isEqualTo(snapshot() + "\n");
    int before = hub.requests();
    assertThat(run("pull", "acme/tiny")).isEqualTo(new Cli.Result(0, snapshot() + "\n", ""));
    assertThat(hub.requests()).isEqualTo(before + 1);

    assertThat(run("models").lines())
        .singleElement()
        .asString()
        .matches("acme/tiny  main  [\\d.]+ [KM]iB  \\d+ s  whole");
    assertThat(run("models", "--json").out())
        .startsWith("{\"name\":\"acme/tiny\",\"path\":\"" + repository() + "\",\"bytes\":")
        .contains("\"commit\":\"" + OneModelHub.COMMIT + "\",\"refs\":[\"main\"]")
        .endsWith("\"whole\":true}]}\n");

    assertThat(run("show", "-m", "acme/tiny").out()).contains("InternVLChatModel");
    assertThat(run("tokenize", "-m", "tiny", "--ids", "hello").code()).isZero();
    assertThat(hub.requests()).isEqualTo(before + 1);

    assertThat(run("rm", "acme/tiny").err())
        .isEqualTo("internvl: rm asks on a terminal; elsewhere say --yes\n");
    assertThat(answering("\n", "rm", "acme/tiny").code()).isZero();
    assertThat(repository()).exists();
    Cli.Result removed = run("rm", "acme/tiny", "--yes");
    assertThat(removed.err()).matches("removed acme/tiny, [\\d.]+ [KM]iB are free\n");
    assertThat(removed.code()).isZero();
    assertThat(repository()).doesNotExist();
    assertThat(run("models"))
        .isEqualTo(new Cli.Result(0, "", "internvl: no models in " + cache + "\n"));
  }

  @Test
  void dryRunListsAndPullsNothing() {
    Cli.Result listed = run("pull", "acme/tiny", "--dry-run");
    assertThat(listed.code()).isZero();
    assertThat(listed.lines())
        .anySatisfy(line -> assertThat(line).matches(" *[\\d.]+ [KM]?i?B  config.json"));
    assertThat(listed.err())
        .matches("acme/tiny at " + OneModelHub.COMMIT + ": ([\\d.]+ [KM]iB), \\1 to pull\n");
    assertThat(hub.requests()).isEqualTo(1);
    assertThat(repository()).doesNotExist();
  }

  @Test
  void aTerminalSeesABarForTheFileAndAll() {
    Cli.Result pulled = answering("", "pull", "acme/tiny");
    assertThat(pulled.code()).isZero();
    assertThat(pulled.err())
        .contains("asking for acme/tiny")
        .containsPattern("config.json █+ [\\d.]+ [KM]?i?B of [\\d.]+ [KM]?i?B  all [█░]{12} \\d+%");
    for (String line : pulled.err().split("\u001b\\[2K", -1)) {
      assertThat(line.length()).isLessThan(80);
    }
  }

  @Test
  void commandsSayHowToPullAModelThatIsNotHere() {
    Cli.Result shown = run("show", "-m", "acme/tiny");
    assertThat(shown.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(shown.err())
        .startsWith("internvl: acme/tiny: no such folder, and no such model in " + cache + ", ")
        .endsWith("; 'internvl pull acme/tiny' gets it from the hub\n");
    assertThat(hub.requests()).isZero();
    assertThat(run("show", "-m", "no/such/model").err()).doesNotContain("internvl pull");
    assertThat(run("tokenize", "-m", "acme/tiny@v1", "x").err())
        .endsWith("'internvl pull acme/tiny@v1' gets it from the hub\n");
  }

  @Test
  void onATerminalThePullIsOffered() {
    Cli.Result declined = answering("n\n", "show", "-m", "acme/tiny");
    assertThat(declined.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(declined.err())
        .containsPattern("acme/tiny is not here; pull it \\([\\d.]+ [KM]iB\\)\\? \\[Y/n\\] ");
    assertThat(answering("", "show", "-m", "acme/tiny").code()).isEqualTo(ExitCodes.INPUT);
    assertThat(repository()).doesNotExist();
    Cli.Result shown = answering("\n", "show", "-m", "acme/tiny");
    assertThat(shown.code()).isZero();
    assertThat(shown.out()).contains("InternVLChatModel");
    assertThat(snapshot()).exists();
  }

  @Test
  void offlineOnlyLooks() {
    Map<String, String> offline = environment("HF_HUB_OFFLINE", "1");
    Cli.Result none = Cli.within(offline, "pull", "acme/tiny");
    assertThat(none.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(none.err()).startsWith("internvl: acme/tiny: no such model in " + cache);
    assertThat(Cli.answering("\n", offline, "show", "-m", "acme/tiny").code())
        .isEqualTo(ExitCodes.INPUT);
    assertThat(hub.requests()).isZero();
    run("pull", "acme/tiny");
    assertThat(Cli.within(offline, "pull", "acme/tiny").out()).isEqualTo(snapshot() + "\n");
  }

  @Test
  void errorsAreOneSentenceAndHaveTheirCodes() throws IOException {
    expect(2, "'tiny' is no model of the hub, expected OWNER/NAME", "pull", "tiny");
    expect(2, "'../x' is no model of the hub", "pull", "../x");
    expect(2, "the revision is named twice: a/b@v1 and v2", "pull", "a/b@v1", "--revision", "v2");
    expect(2, "missing required parameter: 'MODEL'", "pull");
    expect(3, "acme/other: no such model on 127.0.0.1, or a private one; ", "pull", "acme/other");
    expect(3, "acme/other: no such model in " + cache, "rm", "--yes", "acme/other");
    expect(3, "a/../b: is no name of a model", "rm", "--yes", "a/../b");
    Files.createDirectories(repository());
    expect(3, "acme/tiny: has no revision v1 here; there are []", "rm", "--yes", "tiny@v1");
    assertThat(run("models").lines()).containsExactly("acme/tiny  -  0 B  -  cut off");
    Cli.Result wrong = Cli.within(environment("HF_ENDPOINT", "nowhere"), "pull", "a/b");
    assertThat(wrong.err())
        .isEqualTo("internvl: HF_ENDPOINT is 'nowhere', expected https://HOST\n");
    assertThat(wrong.code()).isEqualTo(ExitCodes.INPUT);
  }

  private void expect(int code, String sentence, String... arguments) {
    Cli.Result result = run(arguments);
    assertThat(result.err()).contains(sentence).hasLineCount(1);
    assertThat(result.code()).isEqualTo(code);
  }
}
