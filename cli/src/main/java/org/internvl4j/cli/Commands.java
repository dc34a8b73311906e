package org.internvl4j.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/// All commands, as picocli reads and explains them.
@Command(
    name = "internvl",
    description = "InternVL vision-language models in pure Java.",
    versionProvider = Commands.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "'internvl demo' shows what it can do, with a toy model that ships with it.",
      "'internvl COMMAND --help' explains a command.",
      "",
      "Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 bad or missing input, 4 not supported, 130 cancelled."
    })
final class Commands implements Callable<Integer> {
  private static final List<String> NAMES =
      List.of(
          "demo",
          "chat",
          "describe",
          "ask",
          "serve",
          "batch",
          "embed",
          "classify",
          "segment",
          "rank",
          "caption",
          "index",
          "search",
          "tiles",
          "tokenize",
          "show",
          "verify",
          "pull",
          "models",
          "rm",
          "cache",
          "doctor",
          "completion");

  private final Console console;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Versions of the program, of Java and of the system.")
  @SuppressWarnings("UnusedVariable") // picocli looks at it
  private boolean version;

  private Commands(Console console) {
    this.console = console;
  }

  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      description = "Nothing but answers and errors.")
  void quiet(boolean quiet) {
    console.quiet(quiet);
  }

  @Option(
      names = {"-v", "--verbose", "--debug"},
      scope = ScopeType.INHERIT,
      description = "What was chosen and why; stack traces of errors.")
  void verbose(boolean verbose) {
    console.verbose(verbose);
  }

  @Option(
      names = "--no-color",
      scope = ScopeType.INHERIT,
      description = "No colours; nor with NO_COLOR set.")
  void noColours(boolean noColours) {
    if (noColours) {
      console.noColours();
    }
  }

  /// Without a command: the help.
  @Override
  public Integer call() {
    console.report(commandLine(console).getUsageMessage().stripTrailing());
    return ExitCodes.USAGE;
  }

  /// The command line that reads `arguments`. Where their first word is a command, it knows no
  /// other: picocli takes a while to learn all of them.
  static CommandLine commandLine(Console console, String... arguments) {
    boolean named = arguments.length > 0 && NAMES.contains(arguments[0]);
    CommandLine line = new CommandLine(new Commands(console));
    for (String name : named ? List.of(arguments[0]) : NAMES) {
      line.addSubcommand(command(name, console));
    }
    line.getSubcommands().values().forEach(Commands::addHelp);
    line.addMixin("help", new Help());
    line.addSubcommand(new CommandLine.HelpCommand());
    line.setOut(new PrintWriter(console.out(), true, console.out().charset()));
    line.setColorScheme(
        CommandLine.Help.defaultColorScheme(console.hasColours() ? Ansi.ON : Ansi.OFF));
    line.setUsageHelpLongOptionsMaxWidth(28);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.registerConverter(Path.class, Commands::path);
    line.setParameterExceptionHandler((e, _) -> usage(e, console));
    line.setExecutionExceptionHandler((e, _, _) -> ExitCodes.of(e, console));
    return line;
  }

  /// A variable of a shell that is not set is not the folder that one is in.
  private static Path path(String text) {
    if (text.isBlank()) {
      throw new CommandLine.TypeConversionException("it is empty, expected a path");
    }
    return Path.of(text);
  }

  private static void addHelp(CommandLine verb) {
    verb.addMixin("help", new Help());
    verb.getSubcommands().values().forEach(Commands::addHelp);
  }

  private static Object command(String name, Console console) {
    return switch (name) {
      case "demo" -> new DemoCommand(console);
      case "chat" -> new ChatCommand(console);
      case "describe" -> new DescribeCommand(console);
      case "ask" -> new AskCommand(console);
      case "serve" -> new ServeCommand(console);
      case "batch" -> new BatchCommand(console);
      case "embed" -> new EmbedCommand(console);
      case "classify" -> new ClassifyCommand(console);
      case "segment" -> new SegmentCommand(console);
      case "rank" -> new RankCommand(console);
      case "caption" -> new CaptionCommand(console);
      case "index" -> new IndexCommand(console);
      case "search" -> new SearchCommand(console);
      case "tiles" -> new TilesCommand(console);
      case "tokenize" -> new TokenizeCommand(console);
      case "show" -> new ShowCommand(console);
      case "verify" -> new VerifyCommand(console);
      case "pull" -> new PullCommand(console);
      case "models" -> new ModelsCommand(console);
      case "rm" -> new RmCommand(console);
      case "cache" -> new CacheCommand(console);
      case "doctor" -> new DoctorCommand(console);
      case "completion" -> new CompletionCommand(console);
      default -> throw new AssertionError(name);
    };
  }

  private static int usage(ParameterException e, Console console) {
    if (e.getCause() instanceof InvalidPathException path) {
      return ExitCodes.of(path, console);
    }
    String message = message(e).replaceFirst("\\.$", ""); // picocli ends some with a full stop
    console.complain(
        Character.toLowerCase(message.charAt(0))
            + message.substring(1)
            + "; see '"
            + e.getCommandLine().getCommandSpec().qualifiedName()
            + " --help'");
    return ExitCodes.USAGE;
  }

  private static String message(ParameterException e) {
    if (!(e instanceof UnmatchedArgumentException unmatched) || unmatched.isUnknownOption()) {
      return String.valueOf(e.getMessage());
    }
    if (e.getCommandLine().getCommand() instanceof BatchCommand) {
      return BatchCommand.tooMany(unmatched.getUnmatched());
    }
    if (e.getCommandLine().getParent() != null) {
      return String.valueOf(e.getMessage());
    }
    String word = unmatched.getUnmatched().getFirst();
    String nearest = nearest(word, e.getCommandLine().getSubcommands().keySet());
    return "there is no command '%s'%s"
        .formatted(word, nearest == null ? "" : ", did you mean '" + nearest + "'?");
  }

  /// The known word with the fewest changes to `word`, if those are fewer than half of it.
  private static @Nullable String nearest(String word, Set<String> known) {
    String nearest = null;
    int fewest = (word.length() + 1) / 2 + 1;
    for (String candidate : known) {
      int changes = changes(word, candidate);
      if (changes < fewest) {
        fewest = changes;
        nearest = candidate;
      }
    }
    return nearest;
  }

  /// Letters to add, drop or replace (Levenshtein).
  private static int changes(String from, String to) {
    int[] row = IntStream.rangeClosed(0, to.length()).toArray();
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[to.length()];
  }

  /// `--help`, the same for all commands; picocli alone looks at it.
  private static final class Help {
    @Option(
        names = {"-h", "--help"},
        usageHelp = true,
        description = "This help.")
    @SuppressWarnings("UnusedVariable")
    private boolean wanted;
  }

  /// Hands [ProgramVersion] to picocli.
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return ProgramVersion.lines().toArray(String[]::new);
    }
  }
}
