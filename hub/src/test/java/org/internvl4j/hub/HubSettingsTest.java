package org.internvl4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
  @TempDir Path home;

  private HubSettings of(String... environment) {
    Map<String, String> all = new HashMap<>();
    for (int i = 0; i < environment.length; i += 2) {
      all.put(environment[i], environment[i + 1]);
    }
    return HubSettings.of(all, home);
  }

  @Test
  void cacheIsWhereTheClientsHaveIt() {
    String temp = home.toString();
    assertThat(of().cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(of("XDG_CACHE_HOME", temp).cache()).isEqualTo(home.resolve("huggingface/hub"));
    assertThat(of("XDG_CACHE_HOME", temp, "HF_HOME", "~/hf").cache())
        .isEqualTo(home.resolve("hf/hub"));
    assertThat(of("HF_HOME", temp, "HF_HUB_CACHE", "~/c").cache()).isEqualTo(home.resolve("c"));
  }

  @Test
  void tokenIsNamedOrInAFileAndNeverShown() throws IOException {
    assertThat(of().token()).isNull();
    Path token = Files.createDirectories(home.resolve("hf")).resolve("token");
    Files.writeString(token, "hf_file\n");
    String hf = home.resolve("hf").toString();
    assertThat(of("HF_HOME", hf).token()).isEqualTo("hf_file");
    Path other = Files.writeString(home.resolve("other"), "hf_other");
    assertThat(of("HF_HOME", hf, "HF_TOKEN_PATH", other.toString()).token()).isEqualTo("hf_other");
    HubSettings named = of("HF_HOME", hf, "HF_TOKEN", " hf_named ");
    assertThat(named.token()).isEqualTo("hf_named");
    assertThat(named.toString()).endsWith(", with a token").doesNotContain("hf_named");
    assertThatThrownBy(() -> of("HF_TOKEN", "hf_a b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("HF_TOKEN: is no token, it has spaces or other such signs");
  }

  @ParameterizedTest
  @CsvSource({"1,true", "TRUE,true", "yes,true", "On,true", "0,false", "no,false", "'',false"})
  void switchesAreReadAsTheClientsDo(String value, boolean on) {
    assertThat(of("HF_HUB_OFFLINE", value).offline()).isEqualTo(on);
    assertThat(of("HF_HUB_DISABLE_SYMLINKS", value).links()).isEqualTo(!on);
  }

  @Test
  void endpointIsAMirrorPerhapsWithAPath() {
    assertThat(of().endpoint().getScheme()).isEqualTo("https");
    assertThat(of("HF_ENDPOINT", "https://mirror.example/hf//").endpoint())
        .isEqualTo(URI.create("https://mirror.example/hf"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"mirror.example", "ftp://m.example", "https://u:p@m.example", "https:// m"})
  void endpointsThatAreNoneAreRefused(String endpoint) {
    assertThatThrownBy(() -> of("HF_ENDPOINT", endpoint))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("HF_ENDPOINT is '" + endpoint + "', expected https://HOST");
  }

  private static Proxy proxy(Map<String, String> environment, String uri) {
    return new Proxies(environment).select(URI.create(uri)).getFirst();
  }

  private static Proxy at(String host, int port) {
    return new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(host, port));
  }

  @Test
  void proxiesAreChosenByScheme() {
    Map<String, String> both = Map.of("https_proxy", "http://s:1", "HTTP_PROXY", "p:2");
    assertThat(proxy(both, "https://a.example/")).isEqualTo(at("s", 1));
    assertThat(proxy(both, "http://a.example/")).isEqualTo(at("p", 2));
    assertThat(proxy(Map.of("ALL_PROXY", "http://x"), "https://a/")).isEqualTo(at("x", 80));
  }

  @ParameterizedTest
  @CsvSource({
    "a.example,true",
    "A.Example,true",
    "b.a.example,true",
    "ba.example,false",
    "c.example,true",
    "d.c.example,true",
    "e.example,false"
  })
  void someHostsAreAskedDirectly(String host, boolean direct) {
    Map<String, String> environment =
        Map.of("https_proxy", "http://p:1", "no_proxy", "a.example, .c.example,e.example:8443");
    assertThat(proxy(environment, "https://" + host + "/").equals(Proxy.NO_PROXY))
        .isEqualTo(direct);
    assertThat(proxy(environment, "https://e.example:8443/")).isEqualTo(Proxy.NO_PROXY);
    assertThat(proxy(Map.of("https_proxy", "http://p:1", "NO_PROXY", "*"), "https://x/"))
        .isEqualTo(Proxy.NO_PROXY);
  }

  @Test
  void proxiesOfOtherKindsAreRefusedWithoutTellingPasswords() {
    assertThatThrownBy(() -> of("https_proxy", "socks5://user:word@host:1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("https_proxy: is no address like http://HOST:PORT");
  }
}
