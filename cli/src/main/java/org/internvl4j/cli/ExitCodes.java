package org.internvl4j.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import org.internvl4j.batch.BatchException;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.pdf.PdfException;
import org.internvl4j.media.video.VideoException;
import org.internvl4j.models.PromptTooLongException;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.search.SearchException;
import org.internvl4j.serving.RefusedException;
import org.jspecify.annotations.Nullable;

/// What a command ends with: one place that turns what was thrown into a sentence and an exit code.
final class ExitCodes {
  /// It worked.
  static final int OK = 0;

  /// It did not, though it could have.
  static final int FAILED = 1;

  /// The command line is wrong.
  static final int USAGE = 2;

  /// A file, a picture, a checkpoint or a prompt is missing, wrong or too long.
  static final int INPUT = 3;

  /// This is not supported, or not on this machine.
  static final int UNSUPPORTED = 4;

  /// The user stopped it.
  static final int CANCELLED = 130;

  private ExitCodes() {}

  /// Tells what went wrong and gives the code to exit with; the stack trace only where it is
  /// wanted.
  static int of(Throwable e, Console console) {
    if (e instanceof Console.ClosedException) {
      return OK; // whoever read the answer has enough of it
    }
    if (e instanceof CancellationException) {
      return CANCELLED;
    }
    console.complain(sentence(e));
    if (console.isVerbose()) {
      console.trace(e);
    }
    return code(e);
  }

  private static int code(Throwable e) {
    return switch (e) {
      case UsageException _ -> USAGE;
      case CheckpointException _, PictureException _, PromptTooLongException _ -> INPUT;
      case VideoException _, PdfException _, IllegalArgumentException _ -> INPUT;
      case BatchException _, SearchException _ -> INPUT;
      case UnsupportedModelException _, DeviceException _ -> UNSUPPORTED;
      case UncheckedIOException io when io.getCause() != null -> code(io.getCause());
      case NoSuchFileException _, FileNotFoundException _ -> INPUT;
      case AccessDeniedException _, NotDirectoryException _ -> INPUT;
      default -> FAILED;
    };
  }

  /// One sentence without the word exception, and without what a terminal would take for a command:
  /// some of it comes from files and from servers.
  static String sentence(Throwable e) {
    return printable(text(e));
  }

  /// A text without what a terminal would take for a command.
  static String printable(String text) {
    return text.replaceAll("[\\p{Cc}&&[^\\n\\t]]", "?");
  }

  /// The same in one line: of names of files, which may have anything in them.
  static String line(String text) {
    return text.replaceAll("\\p{Cc}", "?");
  }

  private static String text(Throwable e) {
    return switch (e) {
      case UncheckedIOException io when io.getCause() != null -> sentence(io.getCause());
      case NoSuchFileException f ->
          f.getFile() + ": " + (f.getReason() == null ? "no such file or folder" : f.getReason());
      case AccessDeniedException f -> f.getFile() + ": permission denied";
      case NotDirectoryException f -> f.getFile() + ": is not a folder";
      case FileAlreadyExistsException f -> f.getFile() + ": exists already";
      case InvalidPathException path ->
          "'%s' cannot name a file: %s; if it has other letters than ASCII, set LC_ALL=C.UTF-8"
              .formatted(path.getInput(), lowerCase(path.getReason()));
      case OutOfMemoryError oom -> outOfMemory(oom.getMessage());
      case RefusedException refused when refused.getCause() instanceof OutOfMemoryError oom ->
          outOfMemory(oom.getMessage());
      case StackOverflowError _ -> "the stack overflowed; run again with -v for where";
      case IOException io -> described(io);
      case CheckpointException _, PictureException _, PromptTooLongException _ -> message(e);
      case VideoException _, PdfException _ -> message(e);
      case BatchException _, SearchException _ -> message(e);
      case UsageException _, UnsupportedModelException _, DeviceException _ -> message(e);
      case IllegalArgumentException _ -> described(e);
      default -> "unexpected: " + described(e) + "; run again with -v for where";
    };
  }

  private static String lowerCase(String sentence) {
    return sentence.substring(0, 1).toLowerCase(Locale.ROOT) + sentence.substring(1);
  }

  private static String outOfMemory(@Nullable String what) {
    long heap = Runtime.getRuntime().maxMemory() >> 20;
    String cause = what == null ? "" : " (" + what + ")";
    return "out of memory"
        + cause
        + "; the Java heap may have "
        + heap
        + " MiB; use fewer tiles (--max-tiles) or a smaller model, or give the heap more:"
        + " INTERNVL_JAVA_OPTS=-Xmx8g";
  }

  private static String message(Throwable e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  private static String described(Throwable e) {
    String message = e.getMessage();
    return message == null
        ? e.getClass().getSimpleName()
        : e instanceof IOException || e instanceof IllegalArgumentException
            ? message
            : message + " (" + e.getClass().getSimpleName() + ")";
  }
}
