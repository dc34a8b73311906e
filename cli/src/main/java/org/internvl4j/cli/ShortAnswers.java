package org.internvl4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.internvl4j.cli.Console.Stream;
import org.jspecify.annotations.Nullable;

/// Answers to `--help`, `--version`, `demo` and to nothing at all, given without picocli, which
/// takes longer to start than Java itself. The help is picocli's own: the build lets [#main] put it
/// into the jar.
final class ShortAnswers {
  private static final String HELP = "help.txt"; // with colours

  private ShortAnswers() {}

  /// Writes the help beside this class.
  public static void main(String[] classes) throws IOException {
    Console colourful =
        new Console(
            InputStream.nullInputStream(),
            OutputStream.nullOutputStream(),
            OutputStream.nullOutputStream(),
            Set.of(Stream.OUT),
            Map.of());
    Files.writeString(
        Path.of(classes[0], ShortAnswers.class.getPackageName().replace('.', '/'), HELP),
        Commands.commandLine(colourful).getUsageMessage());
  }

  /// Answers, if that is all the command line asks for.
  ///
  /// @return the exit code, or null if picocli has to read the command line
  static @Nullable Integer give(Console console, String... arguments) throws IOException {
    if (arguments.length > 1) {
      return null;
    }
    boolean asked = arguments.length == 1;
    return switch (asked ? arguments[0] : "help") {
      case "-V", "--version" -> {
        ProgramVersion.lines().forEach(console.out()::println);
        yield ExitCodes.OK;
      }
      case "-h", "--help", "help" -> help(console, asked);
      case "demo" -> new DemoCommand(console).call();
      default -> null;
    };
  }

  private static @Nullable Integer help(Console console, boolean asked) throws IOException {
    String help = help(console.hasColours());
    if (help == null) {
      return null;
    }
    if (!asked) {
      console.report(help.stripTrailing());
      return ExitCodes.USAGE;
    }
    console.out().print(help);
    return ExitCodes.OK;
  }

  /// The help; null where the build has not made it, as in an editor.
  private static @Nullable String help(boolean colours) throws IOException {
    try (InputStream in = ShortAnswers.class.getResourceAsStream(HELP)) {
      if (in == null) {
        return null;
      }
      String help = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return colours ? help : help.replaceAll("\u001b\\[[0-9;]*m", "");
    }
  }
}
