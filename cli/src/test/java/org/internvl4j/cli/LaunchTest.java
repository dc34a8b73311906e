package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The program as a process of its own.
class LaunchTest {
  private static final String LAUNCHER = "cli/src/launcher";

  @TempDir Path temp;

  @Test
  void javaWithoutFlagsStartsAgainWithThem() throws Exception {
    Cli.Result doctor = start(java("doctor"));
    assertThat(doctor.out()).contains("vector api         enabled").contains("device cpu");
    assertThat(doctor.code()).isZero();
  }

  @Test
  void theDemoNeedsNoFlags() throws Exception {
    Cli.Result demo = start(java("demo"));
    assertThat(demo.out()).contains("The blue cross is moving to the right.\n");
    assertThat(demo.err()).startsWith("A toy model, ").doesNotContain("WARNING");
    assertThat(demo.code()).isZero();
  }

  /// Rather than say why and stay.
  @Test
  void aServerThatCannotStartEnds() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      String port = Integer.toString(taken.getLocalPort());
      Cli.Result served = start(java("serve", "-m", "demo", "--port", port));
      String why = "internvl: server: cannot listen on 127.0.0.1:" + port;
      assertThat(served.err()).contains(why).doesNotContain("jetty", "INFO");
      assertThat(served.code()).isNotZero();
      Cli.Result told = start(java("serve", "-m", "demo", "--port", port, "-v"));
      assertThat(told.err()).contains(why, "internvl: jetty-");
    }
  }

  @Test
  void answersInAPipe() throws Exception {
    Cli.Result asked =
        start(
            java(
                "ask",
                "-m",
                "demo",
                "-i",
                Cli.sample("shapes.png"),
                "-p",
                "What color is the diamond?"));
    assertThat(asked.out()).isEqualTo("The diamond is green.\n");
    assertThat(asked.code()).isZero();
  }

  @Test
  void writesChineseIntoAPipe() throws Exception {
    Cli.Result asked = start(java("ask", "-m", "demo", "-p", "你好，你是谁？"));
    assertThat(asked.out()).isEqualTo("你好！我是InternVL4J演示模型，一个可以描述简单图形的小模型。\n");
  }

  @Test
  void handsOnTheExitCode() throws Exception {
    Cli.Result failed = start(java("ask", "-m", "demo", "-i", "no.png", "-p", "hello"));
    assertThat(failed.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(failed.err()).contains("internvl: no.png: ").doesNotContain("\tat ");
  }

  @Test
  void launcherSaysInOneSentenceThatThereIsNoJdk() throws Exception {
    Path launcher = launcherIn(temp.resolve("a folder"));
    Files.writeString(
        launcher.resolveSibling(".mvn/find-jdk.sh"),
        Files.readString(Fixtures.home().resolve(".mvn/find-jdk.sh"))
            .replaceAll("(?m)^(is_jdk_25\\(\\) \\{)$", "$1\n  return 1"));
    Cli.Result result = start(List.of("sh", launcher.toString(), "--help"));
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).startsWith("internvl: no JDK 25 or newer found").hasLineCount(1);
  }

  @Test
  void jdkIsLookedForWithoutHome() throws Exception {
    String script =
        ". '%s'; find_jdk; echo found".formatted(Fixtures.home().resolve(".mvn/find-jdk.sh"));
    Cli.Result result =
        start(
            List.of(
                "env",
                "-u",
                "HOME",
                "JAVA_HOME=" + System.getProperty("java.home"),
                "sh",
                "-euc",
                script));
    assertThat(result).isEqualTo(new Cli.Result(0, "found\n", ""));
  }

  @Test
  void launcherOpensStdinThatIsClosedAndLeavesAsciiLocales() throws Exception {
    Path launcher = launcherIn(temp.resolve("home"));
    Files.writeString(
        launcher.resolveSibling(".mvn/find-jdk.sh"),
        "find_jdk() { cat; echo ${LC_ALL:-}; exit 0; }\n");
    String closed = "LC_ALL=POSIX sh '%s' <&-".formatted(launcher);
    assertThat(start(List.of("sh", "-c", closed))).isEqualTo(new Cli.Result(0, "C.UTF-8\n", ""));
  }

  @Test
  void launcherOfAnImageStartsTheJavaBesideItThroughLinks() throws Exception {
    Path image = Files.createDirectories(temp.resolve("an image"));
    Path scripts = Fixtures.home().resolve(LAUNCHER);
    for (String folder : List.of("bin", "lib/java/bin", "lib/jars")) {
      Files.createDirectories(image.resolve(folder));
    }
    Files.copy(scripts.resolve("internvl"), image.resolve("bin/internvl"));
    Files.copy(scripts.resolve("launch.sh"), image.resolve("lib/launch.sh"));
    Files.createFile(image.resolve("lib/reading.aot"));
    Path java = image.resolve("lib/java/bin/java");
    Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
    Path link = Files.createSymbolicLink(temp.resolve("link"), image.resolve("bin/internvl"));
    Path home = image.toRealPath();
    Cli.Result shown = start(List.of("sh", link.toString(), "show", "-m", "a model"));
    assertThat(shown.lines())
        .contains("-XX:AOTCache=" + home.resolve("lib/reading.aot"))
        .doesNotContain("jdk.incubator.vector")
        .endsWith(
            "-cp",
            home.resolve("lib/jars/internvl4j-cli.jar").toString(),
            "org.internvl4j.cli.Main",
            "show",
            "-m",
            "a model");
    assertThat(shown.code()).isZero();
    Cli.Result asked = start(List.of("sh", link.toString(), "ask", "-m", "demo"));
    assertThat(asked.lines()).startsWith("--add-modules", "jdk.incubator.vector");
    assertThat(asked.out()).doesNotContain("AOTCache="); // there is none
  }

  @Test
  void jbangStartsThisVersionWithTheLaunchersFlags() throws IOException {
    String catalog = Files.readString(Fixtures.home().resolve("jbang-catalog.json"));
    String pom = Files.readString(Fixtures.home().resolve("pom.xml"));
    Matcher version = Pattern.compile("<version>(.*?)</version>").matcher(pom);
    assertThat(version.find()).isTrue();
    assertThat(catalog)
        .contains("\"org.internvl4j:internvl4j-cli:" + version.group(1) + "\"")
        .contains("\"" + Main.class.getName() + "\"")
        .contains("\"--add-modules=jdk.incubator.vector\"");
    String launcher = Files.readString(Fixtures.home().resolve(LAUNCHER + "/launch.sh"));
    Matcher flags = Pattern.compile("(?m)^flags='(.*)'$").matcher(launcher);
    assertThat(flags.find()).isTrue();
    for (String flag : flags.group(1).split(" ", -1)) {
      if (!flag.startsWith("-Xlog")) { // about caches that JBang has not
        assertThat(catalog).contains("\"" + flag + "\"");
      }
    }
  }

  private static Path launcherIn(Path home) throws IOException {
    Files.createDirectories(home.resolve(".mvn"));
    Files.createDirectories(home.resolve(LAUNCHER));
    String functions = LAUNCHER + "/launch.sh";
    Files.copy(Fixtures.home().resolve(functions), home.resolve(functions));
    return Files.copy(Fixtures.home().resolve("internvl"), home.resolve("internvl"));
  }

  private static List<String> java(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  private Cli.Result start(List<String> command) throws IOException, InterruptedException {
    return Cli.start(temp, command);
  }
}
