package org.internvl4j.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.hub.Partial.Range;
import org.jspecify.annotations.Nullable;

/// Brings one file: in several ranges at once if it is large, again and again where a connection
/// breaks, and under its final name only when its hash is right.
final class Download {
  /// How a file is divided.
  ///
  /// @param piece bytes that one connection fetches
  /// @param noted after how many bytes is noted that they have come
  record Division(long piece, long noted) {
    static final Division DEFAULT = new Division(32L << 20, 8L << 20);
  }

  private static final int CONNECTIONS = 4;
  private static final long PROGRESS = 1 << 20; // bytes after which failures are counted anew
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

  private final Transport transport;
  private final HubSettings settings;
  private final Refusals refusals;
  private final URI uri;
  private final ListedFile file;
  private final Tally tally;

  Download(
      Transport transport,
      HubSettings settings,
      Refusals refusals,
      URI uri,
      ListedFile file,
      Tally tally) {
    this.transport = transport;
    this.settings = settings;
    this.refusals = refusals;
    this.uri = uri;
    this.file = file;
    this.tally = tally;
  }

  /// @param alone whether nobody else can be writing this blob: then what was left is gone on with
  /// @throws IOException if it does not come, or comes with another hash or size
  void to(Path blobs, boolean alone) throws IOException, InterruptedException {
    boolean fresh = !alone;
    boolean ranges = true;
    while (true) {
      tally.begin(file);
      try (Partial partial = Partial.open(blobs, file, !fresh)) {
        boolean resumed = partial.done() > 0;
        tally.add(partial.done());
        try {
          fetch(partial, ranges);
          tally.checking(file);
          partial.finish(blobs.resolve(file.hash()));
          return;
        } catch (RangesIgnoredException e) {
          ranges = false;
          partial.delete();
        } catch (WrongContentException e) {
          partial.delete();
          if (!resumed) { // what was left may have been wrong; what came now is
            throw e;
          }
        }
        fresh = true;
      }
    }
  }

  private void fetch(Partial partial, boolean ranges) throws IOException, InterruptedException {
    List<Range> missing = partial.missing(ranges ? settings.division().piece() : file.bytes());
    if (!ranges) {
      fetchWhole(partial);
    } else if (missing.size() > 1) {
      fetchTogether(partial, missing);
    } else if (!missing.isEmpty()) {
      new Piece(partial, missing.getFirst()).fetch();
    }
  }

  /// Fetches all from its beginning until it comes in one go.
  private void fetchWhole(Partial partial) throws IOException, InterruptedException {
    new Retry(settings.firstPause(), tally)
        .call(() -> {
          tally.begin(file);
          Piece piece = new Piece(partial, new Range(0, file.bytes()));
          piece.receive(null);
          return piece;
        });
  }

  private void fetchTogether(Partial partial, List<Range> missing)
      throws IOException, InterruptedException {
    Queue<Range> queue = new ConcurrentLinkedQueue<>(missing);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      ExecutorCompletionService<Void> workers = new ExecutorCompletionService<>(threads);
      int count = Math.min(CONNECTIONS, missing.size());
      for (int i = 0; i < count; i++) {
        workers.submit(() -> {
          for (Range range = queue.poll(); range != null; range = queue.poll()) {
            new Piece(partial, range).fetch();
          }
          return null;
        });
      }
      try {
        for (int i = 0; i < count; i++) {
          workers.take().get();
        }
      } catch (ExecutionException e) {
        throw thrown(e.getCause());
      } finally {
        threads.shutdownNow(); // nobody is left, unless one failed
      }
    }
  }

  private static IOException thrown(@Nullable Throwable cause) {
    return switch (cause) {
      case IOException e -> e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case null, default -> new IOException(cause);
    };
  }

  /// A range on its way.
  private final class Piece {
    private final Partial partial;
    private final long to;
    private long at;
    private long noted;

    Piece(Partial partial, Range range) {
      this.partial = partial;
      this.to = range.to();
      this.at = range.from();
      this.noted = range.from();
    }

    void fetch() throws IOException, InterruptedException {
      Retry retry = new Retry(settings.firstPause(), tally);
      while (at < to) {
        long before = at;
        try {
          boolean whole = at == 0 && to == file.bytes();
          receive(whole ? null : "bytes=" + at + "-" + (to - 1));
        } catch (TransientException e) {
          note();
          if (at - before >= PROGRESS) {
            retry.progressed();
          }
          retry.pauseAfter(e);
        }
      }
    }

    /// Writes what comes for one request, and notes it.
    ///
    /// @param range the header; null asks for the whole file
    void receive(@Nullable String range) throws IOException, InterruptedException {
      try (Answer answer = transport.get(uri, range)) {
        refusals.require(answer, file.path());
        long end = range == null ? whole(answer) : part(answer);
        while (at < end || range == null) {
          ByteBuffer bytes = answer.body().next();
          if (bytes == null) {
            break;
          }
          if (bytes.remaining() > end - at) {
            requireRange(answer, range);
            bytes.limit((int) (bytes.position() + end - at));
          }
          int count = partial.write(bytes, at);
          at += count;
          tally.add(count);
          if (at - noted >= settings.division().noted()) {
            note();
          }
        }
        if (at < end) {
          throw new TransientException(answer.host() + ": the connection ended early");
        }
      }
      note();
    }

    private void note() throws IOException {
      partial.note(noted, at);
      noted = at;
    }

    private void requireRange(Answer answer, @Nullable String range) throws WrongContentException {
      if (range == null) {
        throw wrong(answer, "sends more than " + file.bytes() + " bytes, as many as the hub says");
      }
    }

    /// @return where an answer ends that should be the whole file
    private long whole(Answer answer) throws WrongContentException {
      requirePlain(answer);
      long length = answer.number("Content-Length");
      if (answer.status() != Answer.OK) {
        throw wrong(answer, "answers " + answer.status() + " though no range was asked for");
      }
      if (length >= 0 && length != file.bytes()) {
        throw wrong(answer, "has " + length + " bytes, the hub says " + file.bytes());
      }
      return file.bytes();
    }

    /// @return where an answer ends that should be a range
    private long part(Answer answer) throws IOException {
      requirePlain(answer);
      if (answer.status() == Answer.OK) {
        throw new RangesIgnoredException(answer.host());
      }
      String header = String.valueOf(answer.header("Content-Range"));
      if (answer.status() == Answer.OUT_OF_RANGE) {
        throw wrong(answer, "has not as many bytes as the hub says, " + file.bytes());
      }
      Matcher range = CONTENT_RANGE.matcher(header);
      boolean asked =
          range.matches()
              && Long.parseLong(range.group(1)) == at
              && Long.parseLong(range.group(2)) >= at;
      if (!asked) {
        throw wrong(answer, "sends '" + header + "', expected bytes from " + at);
      }
      String total = range.group(3);
      if (!total.equals("*") && Long.parseLong(total) != file.bytes()) {
        throw wrong(answer, "has " + total + " bytes, the hub says " + file.bytes());
      }
      return Math.min(to, Long.parseLong(range.group(2)) + 1);
    }

    private void requirePlain(Answer answer) throws WrongContentException {
      String encoding = answer.header("Content-Encoding");
      if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
        throw wrong(answer, "is encoded as '" + encoding + "' though that was not asked for");
      }
    }

    private WrongContentException wrong(Answer answer, String what) {
      return new WrongContentException(file.path() + ": " + answer.host() + " " + what);
    }
  }
}
