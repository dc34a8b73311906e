package org.internvl4j.cli;

import org.internvl4j.cli.Console.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/// The command line. Answers go to stdout, everything else to stderr.
final class Main {
  private Main() {}

  static void main(String... arguments) {
    System.setProperty("java.awt.headless", "true"); // it draws files, not windows
    Console console = Console.system();
    if (console.isTerminal(Stream.ERR) && isIncubatorWarned()) {
      console.eraseLineAbove();
    }
    System.exit(run(console, true, arguments));
  }

  /// Whether this JVM began with `WARNING: Using incubator modules`, which no flag turns off.
  private static boolean isIncubatorWarned() {
    return System.getProperty("internvl4j.terminals") != null
        && ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }

  /// Runs one command in this JVM.
  ///
  /// @return the exit code
  static int run(Console console, String... arguments) {
    return run(console, false, arguments);
  }

  private static int run(Console console, boolean mayRelaunch, String... arguments) {
    try {
      Integer code = ShortAnswers.give(console, arguments);
      if (code != null) {
        return code;
      }
      CommandLine line = Commands.commandLine(console, arguments);
      if (mayRelaunch) {
        line.setExecutionStrategy(parsed ->
            isComputing(parsed) && Relaunch.isNeeded()
                ? Relaunch.run(arguments)
                : new CommandLine.RunLast().execute(parsed));
      }
      return line.execute(arguments);
    } catch (Throwable e) { // picocli hands over exceptions, but not errors
      return ExitCodes.of(e, console);
    }
  }

  private static boolean isComputing(ParseResult parsed) {
    ParseResult last = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
    boolean help = last.isUsageHelpRequested() || last.isVersionHelpRequested();
    return !help
        && last.commandSpec().userObject() instanceof Computing command
        && command.wantsVectors();
  }
}
