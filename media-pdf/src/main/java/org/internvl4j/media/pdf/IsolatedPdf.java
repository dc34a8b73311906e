package org.internvl4j.media.pdf;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.internvl4j.models.image.Tiling;
import org.jspecify.annotations.Nullable;

/// A PDF file of a stranger: what [Pdf] reads, read by a process of its own, which has a heap of 1
/// GiB and the time of a page, and reads no file but the fonts of the system. A file that fills or
/// holds up its process hurts nobody else: the process is killed.
///
/// The process is a Java of the kind that runs this one, with the same class path; it takes about
/// half a second to start and ends with [#close], or with this process. One thread at a time; an
/// interrupt ends a call with a [CancellationException], and the process with it.
public final class IsolatedPdf implements AutoCloseable {
  private static final int KILLED = 128 + 9; // by somebody else, such as Linux for want of memory
  private static final String FONTS = "pdfbox.fontcache";
  private static final Set<String> ENVIRONMENT =
      Set.of("HOME", "PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "SystemRoot");

  private final String name;
  private final PdfOptions options;
  private final Allowance allowance;
  private final Process process;
  private final DataOutputStream out;
  private final DataInputStream in;
  private int pageCount;
  private boolean started;
  private volatile boolean closed;

  private IsolatedPdf(String name, PdfOptions options, Allowance allowance, Process process) {
    this.name = name;
    this.options = options;
    this.allowance = allowance;
    this.process = process;
    this.out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
    this.in = new DataInputStream(new BufferedInputStream(process.getInputStream()));
  }

  /// What a process gets beside the time of a page.
  ///
  /// @param heap in MiB
  /// @param start time to start
  /// @param grace time to say itself that it is late
  record Allowance(int heap, Duration start, Duration grace) {
    static final Allowance DEFAULT =
        new Allowance(1024, Duration.ofSeconds(10), Duration.ofSeconds(2));
  }

  /// Opens a file with [PdfOptions#DEFAULT]; the caller closes it.
  ///
  /// @throws PdfException as [#open(Path, PdfOptions)]
  /// @throws CancellationException if this thread is interrupted
  public static IsolatedPdf open(Path file) {
    return open(file, PdfOptions.DEFAULT);
  }

  /// Opens a file, which this process reads and hands over; the caller closes it.
  ///
  /// @throws PdfException if there is no such file, it is no PDF, damaged, needs a password, is
  ///   above a limit, or fills or holds up its process; or if that cannot be started
  /// @throws CancellationException if this thread is interrupted
  public static IsolatedPdf open(Path file, PdfOptions options) {
    return of(Pdf.read(file, options), file.toString(), options);
  }

  /// Opens what a file holds; the caller closes it.
  ///
  /// @param name what sentences call it
  /// @throws PdfException if it is no PDF, damaged, needs a password, is above a limit, or fills or
  ///   holds up its process; or if that cannot be started
  /// @throws CancellationException if this thread is interrupted
  public static IsolatedPdf of(byte[] bytes, String name, PdfOptions options) {
    return of(bytes, name, options, Allowance.DEFAULT);
  }

  static IsolatedPdf of(byte[] bytes, String name, PdfOptions options, Allowance allowance) {
    IsolatedPdf pdf = new IsolatedPdf(name, options, allowance, start(name, allowance));
    try {
      Wire.Opening opening = new Wire.Opening(name, options, bytes);
      pdf.pageCount = pdf.ask(name, allowance.start(), opening::write, DataInputStream::readInt);
      return pdf;
    } catch (RuntimeException | Error e) {
      pdf.close();
      throw e;
    }
  }

  private static Process start(String name, Allowance allowance) {
    ProcessBuilder builder = new ProcessBuilder(command(allowance)).redirectError(Redirect.DISCARD);
    builder.environment().keySet().retainAll(ENVIRONMENT); // no keys, no flags for Java
    try {
      Process process = builder.start();
      sacrifice(process);
      return process;
    } catch (IOException e) {
      throw unstarted(name, Drawer.reason(e), e);
    }
  }

  /// Has Linux end the process before this one where memory ends.
  private static void sacrifice(Process process) {
    try {
      Files.writeString(Path.of("/proc", Long.toString(process.pid()), "oom_score_adj"), "1000");
    } catch (IOException e) {
      // another system, or one that does not let us
    }
  }

  private static List<String> command(Allowance allowance) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx" + allowance.heap() + "m",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-Xshare:auto"));
    command.add("-Djava.awt.headless=true");
    if (System.getProperty(FONTS) != null) {
      command.add("-D" + FONTS + "=" + System.getProperty(FONTS));
    }
    command.add("-cp");
    command.add(
        Stream.of("java.class.path", "jdk.module.path")
            .map(property -> System.getProperty(property, ""))
            .filter(path -> !path.isEmpty())
            .collect(Collectors.joining(File.pathSeparator)));
    command.add(PdfProcess.class.getName());
    return command;
  }

  /// Pages of the file, at least 1.
  public int pageCount() {
    return pageCount;
  }

  /// Pages that a person named.
  ///
  /// @param ranges `1-3,7`, `5-`, or nothing for all pages
  /// @param tiling how the pictures will be cut, such as the model's
  /// @throws IllegalArgumentException if it is no such list, or names pages that are not there
  /// @throws PdfException if a page is damaged, above a limit, takes too long, or fills its
  ///   process, or there are too many
  /// @throws CancellationException if this thread is interrupted
  public List<PdfPage> pages(String ranges, Tiling tiling, PageListener listener) {
    return Pdf.pages(numbers(ranges), number -> page(number, tiling), listener);
  }

  /// The numbers of pages that a person named, counted from 1.
  ///
  /// @param ranges `1-3,7`, `5-`, or nothing for all pages
  /// @throws IllegalArgumentException if it is no such list, or names pages that are not there
  /// @throws PdfException if there are too many
  public int[] numbers(String ranges) {
    return PageRanges.parse(ranges, pageCount, options.maxPages(), name);
  }

  /// A page.
  ///
  /// @param number counted from 1
  /// @param tiling how the picture will be cut, such as the model's
  /// @throws IllegalArgumentException if there is no such page
  /// @throws PdfException if it is damaged, above a limit, takes too long, or fills its process
  /// @throws CancellationException if this thread is interrupted
  public PdfPage page(int number, Tiling tiling) {
    return ask(number, tiling, true, in -> Wire.readPage(in, number, options.maxPixels()));
  }

  /// How many pixels the picture of a page will have, before it is drawn.
  ///
  /// @param number counted from 1
  /// @param tiling how the picture will be cut, such as the model's
  /// @throws IllegalArgumentException if there is no such page
  /// @throws PdfException if it is damaged
  /// @throws CancellationException if this thread is interrupted
  public long pixels(int number, Tiling tiling) {
    return ask(number, tiling, false, DataInputStream::readLong);
  }

  private <T> T ask(int number, Tiling tiling, boolean drawn, Answer<T> answer) {
    Pdf.requirePage(number, pageCount, name);
    Wire.Question question = new Wire.Question(drawn, number, tiling);
    String which = "%s: page %d".formatted(name, number);
    return ask(which, allowance.grace(), question::write, answer);
  }

  private interface Words {
    void write(DataOutputStream out) throws IOException;
  }

  private interface Answer<T> {
    T read(DataInputStream in) throws IOException;
  }

  /// Asks in a thread of its own, which ends when the process does.
  ///
  /// @param more time than a page may take
  private <T> T ask(String which, Duration more, Words question, Answer<T> answer) {
    FutureTask<T> asking =
        new FutureTask<>(() -> {
          requireStarted();
          question.write(out);
          out.flush();
          if (!in.readBoolean()) {
            throw new PdfException(Wire.readText(in));
          }
          return answer.read(in);
        });
    Duration patience = options.deadline().plus(more);
    try {
      Thread.ofPlatform().daemon().name("internvl pdf").start(asking);
      return asking.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      close();
      throw undrawn(which, "it takes longer than " + patience.toSeconds() + " s", e);
    } catch (OutOfMemoryError e) { // there are no more threads
      close();
      throw PdfException.ofMachine(which + " cannot be drawn: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      close();
      Thread.currentThread().interrupt();
      throw new CancellationException(which + ": drawing was interrupted");
    } catch (ExecutionException e) {
      throw failed(which, e.getCause());
    }
  }

  /// Waits until the process has said so.
  private void requireStarted() throws IOException {
    if (!started) {
      started = in.read() >= 0;
    }
    if (!started) {
      throw unstarted(name, "it ended with exit code " + exitCode(), null);
    }
  }

  private static PdfException unstarted(String name, String why, @Nullable Throwable cause) {
    return PdfException.ofMachine(
        "%s: the Java process that draws its pages cannot be started: %s".formatted(name, why),
        cause);
  }

  private static PdfException undrawn(String which, String why, Throwable cause) {
    return new PdfException(
        "%s cannot be drawn (%s); the file is damaged, or print it to a new PDF"
            .formatted(which, why),
        cause);
  }

  private RuntimeException failed(String which, @Nullable Throwable cause) {
    return switch (cause) {
      case PdfException refusal -> refusal;
      case IOException gone -> ended(which, gone);
      case null, default -> new IllegalStateException(which + ": cannot be asked for", cause);
    };
  }

  private PdfException ended(String which, IOException e) {
    boolean byUs = closed;
    int code = exitCode();
    if (code == KILLED && !byUs) {
      return PdfException.ofMachine(
          which + " cannot be drawn: its process was killed; is there enough memory?", e);
    }
    return undrawn(which, "its process has ended with exit code " + code, e);
  }

  /// Of a process that has ended, or does so.
  private int exitCode() {
    return process
        .onExit()
        .completeOnTimeout(process, 1, TimeUnit.SECONDS)
        .thenApply(_ -> {
          close(); // one that stays is killed here
          return process.exitValue();
        })
        .join();
  }

  /// Kills the process. Again does nothing.
  @Override
  public void close() {
    closed = true;
    process.destroyForcibly();
    process.onExit().join();
  }
}
