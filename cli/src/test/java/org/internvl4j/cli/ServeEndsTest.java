package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// A server as a process of its own, and how it ends.
@DisabledOnOs(OS.WINDOWS)
class ServeEndsTest {
  private static final int HANGS = 120; // seconds, far more than it may take
  private static final Pattern PORT = Pattern.compile("serves demo on http://[0-9.]+:(\\d+)");

  @TempDir Path temp;

  /// Its last words come if they can be said within a while: on a machine that is busy, not always.
  @Test
  void endsWhileAVideoIsDecoded() throws Exception {
    String heard = "";
    for (int i = 0; i < 3 && heard.isEmpty(); i++) {
      heard = heardOfAServerThatEnds();
    }
    assertThat(heard).contains("server: is ending");
  }

  /// It decodes a video whose decoder never says a word.
  private String heardOfAServerThatEnds() throws Exception {
    Path begun = temp.resolve("begun");
    program("ffprobe", "touch '" + begun + "'; exec sleep 100000");
    program("ffmpeg", "exec sleep 100000");
    Process server = serve("--ffmpeg");
    try (HttpClient client = HttpClient.newHttpClient()) {
      String video =
          Base64.getEncoder().encodeToString("RIFF....AVI ".getBytes(StandardCharsets.US_ASCII));
      String body =
          """
          {"messages": [{"role": "user", "content": [
            {"type": "video_url", "video_url": {"url": "data:video/x-msvideo;base64,%s"}}]}]}\
          """
              .formatted(video);
      URI uri = URI.create("http://127.0.0.1:" + port(server) + "/v1/chat/completions");
      HttpRequest request = HttpRequest.newBuilder(uri).POST(BodyPublishers.ofString(body)).build();
      var answer = client.sendAsync(request, BodyHandlers.ofString());
      while (!Files.exists(begun)) {
        assertThat(answer.isDone()).as("answered: %s", answer).isFalse();
        Thread.sleep(5);
      }
      Thread.sleep(2500); // longer than handlers are waited for
      server.destroy();
      assertThat(server.waitFor(HANGS, TimeUnit.SECONDS)).as("ends: %s", said()).isTrue();
      assertThat(server.exitValue()).isEqualTo(128 + 15);
      assertThat(said()).contains("internvl: ends").doesNotContain("unexpected", "warning");
      String heard = answer.handle((said, gone) -> gone == null ? said.body() : "").join();
      client.shutdownNow();
      return heard;
    } finally {
      server.destroyForcibly();
      Files.deleteIfExists(begun);
    }
  }

  @Test
  void warnsIfEverybodyMayAsk() throws Exception {
    Process server = serve("--host", "0.0.0.0");
    try {
      port(server);
      server.destroy();
      assertThat(server.waitFor(HANGS, TimeUnit.SECONDS)).as("ends: %s", said()).isTrue();
      assertThat(said())
          .containsOnlyOnce("internvl: warning: whoever reaches this machine may ask it");
    } finally {
      server.destroyForcibly();
    }
  }

  private void program(String name, String script) throws IOException {
    Path file = Files.writeString(temp.resolve(name), "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private Process serve(String... more) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Dinternvl4j.ffmpeg=" + temp);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("serve", "-m", "demo", "--port", "0"));
    command.addAll(List.of(more));
    ProcessBuilder builder = new ProcessBuilder(command).directory(temp.toFile());
    return builder.redirectErrorStream(true).redirectOutput(temp.resolve("said").toFile()).start();
  }

  private String said() throws IOException {
    return Files.readString(temp.resolve("said"));
  }

  private String port(Process server) throws IOException, InterruptedException {
    while (true) {
      Matcher told = PORT.matcher(said());
      if (told.find()) {
        return told.group(1);
      }
      assertThat(server.isAlive()).as("serves: %s", said()).isTrue();
      Thread.sleep(20);
    }
  }
}
