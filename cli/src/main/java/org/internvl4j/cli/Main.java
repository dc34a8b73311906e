package org.internvl4j.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.internvl4j.cli.Console.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/// The command line. Answers go to stdout, everything else to stderr.
@Command(
    name = "internvl",
    description = "InternVL vision-language models in pure Java.",
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "'internvl demo' shows what it can do, with a toy model that ships with it.",
      "'internvl COMMAND --help' explains a command.",
      "",
      "Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 bad or missing input, 4 not supported, 130 cancelled."
    })
final class Main implements Callable<Integer> {
  private final Console console;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Versions of the program, of Java and of the system.")
  @SuppressWarnings("UnusedVariable") // picocli looks at it
  private boolean version;

  Main(Console console) {
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

  static void main(String... arguments) {
    Console console = Console.system();
    if (console.isTerminal(Stream.ERR) && isIncubatorWarned()) {
      console.eraseLineAbove();
    }
    CommandLine line = commandLine(console);
    line.setExecutionStrategy(parsed ->
        isComputing(parsed) && Relaunch.isNeeded()
            ? Relaunch.run(arguments)
            : new CommandLine.RunLast().execute(parsed));
    System.exit(run(line, console, arguments));
  }

  /// Whether this JVM began with `WARNING: Using incubator modules`, which no flag turns off.
  private static boolean isIncubatorWarned() {
    return System.getProperty("internvl4j.terminals") != null
        && ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }

  private static boolean isComputing(ParseResult parsed) {
    ParseResult last = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
    boolean help = last.isUsageHelpRequested() || last.isVersionHelpRequested();
    return !help && last.commandSpec().userObject() instanceof Computing;
  }

  /// Runs one command in this JVM.
  ///
  /// @return the exit code
  static int run(Console console, String... arguments) {
    return run(commandLine(console), console, arguments);
  }

  private static int run(CommandLine line, Console console, String... arguments) {
    try {
      return line.execute(arguments);
    } catch (Throwable e) { // picocli hands over exceptions, but not errors
      return ExitCodes.of(e, console);
    }
  }

  private static CommandLine commandLine(Console console) {
    CommandLine line = new CommandLine(new Main(console));
    commands(console).forEach(line::addSubcommand);
    line.getSubcommands().values().forEach(verb -> verb.addMixin("help", new Help()));
    line.addMixin("help", new Help());
    line.addSubcommand(new CommandLine.HelpCommand());
    line.setOut(new PrintWriter(console.out(), true, console.out().charset()));
    line.setColorScheme(
        CommandLine.Help.defaultColorScheme(console.hasColours() ? Ansi.ON : Ansi.OFF));
    line.setUsageHelpLongOptionsMaxWidth(28);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.registerConverter(Path.class, Path::of);
    line.setParameterExceptionHandler((e, _) -> usage(e, console));
    line.setExecutionExceptionHandler((e, _, _) -> ExitCodes.of(e, console));
    return line;
  }

  private static List<Object> commands(Console console) {
    return List.of(
        new DemoCommand(console),
        new ChatCommand(console),
        new DescribeCommand(console),
        new AskCommand(console),
        new EmbedCommand(console),
        new TilesCommand(console),
        new TokenizeCommand(console),
        new ShowCommand(console),
        new VerifyCommand(console),
        new DoctorCommand(console));
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
    if (!(e instanceof UnmatchedArgumentException unmatched)
        || unmatched.isUnknownOption()
        || e.getCommandLine().getParent() != null) {
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

  /// The version, the JDK and the machine.
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        "internvl " + (version == null ? "(not packaged)" : version),
        "Java "
            + Runtime.version()
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
      };
    }
  }
}
