package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The scripts for shells, loaded and asked by the shells themselves where those are installed.
class CompletionTest {
  /// Completes the word under the cursor of each line, as Tab does, in a terminal of its own.
  private static final String IN_ZSH =
      """
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell 'PS1= PS2=; stty -echo; autoload -Uz compinit; compinit -u -D; source ./script
      setopt no_list_ambiguous no_beep
      complete-lines() {
        while IFS= read -r line; do
          BUFFER=$line CURSOR=$#line
          zle expand-or-complete
          print -r -- "$BUFFER" >>completed
        done <lines
        print completed-them; zle kill-buffer
      }
      zle -N complete-lines; bindkey "^X" complete-lines; print now-bou""nd'
      zpty -r shell answer '*now-bound*' && zpty -w -n shell $'\\C-x' && zpty -r shell answer '*completed-them*'
      zpty -d shell
      cat completed
      """;

  @TempDir Path temp;

  @BeforeEach
  void putFilesThere() throws IOException {
    Files.createDirectories(temp.resolve("models/tiny"));
    Files.createFile(temp.resolve("model.txt"));
    Files.createFile(temp.resolve("pic ture.png"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bash", "zsh", "fish"})
  void everyCommandAndOptionIsThere(String shell) {
    String script = script(shell);
    Completable.commandLine(Console.system())
        .getSubcommands()
        .forEach((name, verb) -> {
          assertThat(script).contains(name);
          verb.getCommandSpec()
              .options()
              .forEach(option -> assertThat(script).contains(option.longestName().substring(2)));
        });
    assertThat(script.replace("\\$", "")).doesNotContain("${DEFAULT", "%n");
  }

  @Test
  void otherShellsAreRefused() {
    Cli.Result refused = Cli.run("completion", "tcsh");
    assertThat(refused.code()).isEqualTo(ExitCodes.USAGE);
    assertThat(refused.err()).contains("expected one of [BASH, ZSH, FISH]", "was 'tcsh'");
  }

  @Test
  void bashCompletes() throws Exception {
    assertThat(inBash("internvl", "des")).containsExactly("describe");
    assertThat(inBash("internvl", "cache", "l")).containsExactly("ls");
    assertThat(inBash("internvl", "ask", "--max-ti")).containsExactly("--max-tiles");
    assertThat(inBash("internvl", "ask", "--weights", "")).containsExactly("bf16", "q8", "q4");
    assertThat(inBash("internvl", "embed", "--what", "pa")).containsExactly("patches");
    assertThat(inBash("internvl", "completion", "f")).containsExactly("fish");
    assertThat(inBash("internvl", "help", "doc")).containsOnly("doctor");
    assertThat(inBash("internvl", "ask", "-m", "mod"))
        .containsExactlyInAnyOrder("models", "model.txt");
    assertThat(inBash("internvl", "ask", "-m", "dem")).containsExactly("demo");
    assertThat(inBash("internvl", "tiles", "--model", "dem")).containsExactly("demo");
    assertThat(inBash("internvl", "ask", "-i", "dem")).containsOnly("");
    assertThat(inBash("internvl", "ask", "-i", "pic")).containsExactly("pic ture.png");
    assertThat(inBash("internvl", "describe", "pic")).containsExactly("pic ture.png");
  }

  @Test
  void zshCompletes() throws Exception {
    require("zsh");
    List<String> lines =
        List.of(
            "internvl des",
            "internvl cache l",
            "internvl ask --max-ti",
            "internvl ask --weights b",
            "internvl embed --what=pa",
            "internvl completion f",
            "internvl help doc",
            "internvl ask -m dem",
            "internvl ask -m models/t",
            "internvl ask -i pic",
            "internvl describe pic");
    Files.writeString(temp.resolve("script"), script("zsh"));
    Files.write(temp.resolve("lines"), lines);
    Cli.Result result = Cli.start(temp, List.of("zsh", "-fc", IN_ZSH));
    assertThat(result.lines().stream().map(String::strip))
        .containsExactly(
            "internvl describe",
            "internvl cache ls",
            "internvl ask --max-tiles=",
            "internvl ask --weights bf16",
            "internvl embed --what=patches",
            "internvl completion fish",
            "internvl help doctor",
            "internvl ask -m demo",
            "internvl ask -m models/tiny/",
            "internvl ask -i pic\\ ture.png",
            "internvl describe pic\\ ture.png");
  }

  @Test
  void fishCompletes() throws Exception {
    require("fish");
    assertThat(inFish("internvl des")).containsExactly("describe");
    assertThat(inFish("internvl -q cache l")).containsExactly("ls");
    assertThat(inFish("internvl ask --max-ti")).containsExactly("--max-tiles");
    assertThat(inFish("internvl ask --weights ")).containsExactly("bf16", "q4", "q8");
    assertThat(inFish("internvl embed --what pa")).containsExactly("patches");
    assertThat(inFish("internvl completion f")).containsExactly("fish");
    assertThat(inFish("internvl help doc")).containsExactly("doctor");
    assertThat(inFish("internvl ask -m mod")).containsExactly("models/");
    assertThat(inFish("internvl ask -m dem")).containsExactly("demo");
    assertThat(inFish("internvl ask -i pic")).containsExactly("pic ture.png");
    assertThat(inFish("internvl describe pic")).containsExactly("pic ture.png");
    assertThat(inFish("internvl ask -p demo --draw mode")).contains("model.txt");
  }

  private static String script(String shell) {
    Cli.Result result = Cli.run("completion", shell);
    assertThat(result.code()).isEqualTo(ExitCodes.OK);
    return result.out();
  }

  private List<String> inBash(String... words) throws Exception {
    require("bash");
    Files.writeString(temp.resolve("script"), script("bash"));
    List<String> command = new ArrayList<>(List.of("bash", "--norc", "-c"));
    command.add(
        """
        source ./script
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        function=$(complete -p internvl); function=${function#*-F }
        "${function%% *}"
        printf '%s\\n' "${COMPREPLY[@]}"
        """);
    command.add("bash");
    command.addAll(List.of(words));
    return Cli.start(temp, command).lines().stream().map(String::strip).toList();
  }

  private List<String> inFish(String line) throws Exception {
    Files.writeString(temp.resolve("script"), script("fish"));
    String ask = "source ./script; complete -C '" + line + "'";
    return Cli.start(temp, List.of("fish", "--no-config", "-c", ask)).lines().stream()
        .map(found -> found.replaceFirst("\t.*", ""))
        .toList();
  }

  private static void require(String shell) {
    boolean there =
        Pattern.compile(File.pathSeparator, Pattern.LITERAL)
            .splitAsStream(System.getenv("PATH"))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, shell)));
    assumeTrue(there, shell + " is not installed");
  }
}
