package org.internvl4j.search;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.internvl4j.media.DecodingMemory;
import org.internvl4j.media.PictureException;
import org.internvl4j.media.PictureFile;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.search.Entry.Stamp;
import org.internvl4j.search.ReadAhead.Looked;
import org.jspecify.annotations.Nullable;

/// Reads, hashes and decodes the next files while a picture is embedded, and hands them out in
/// order. What is known by its hash is not decoded.
final class ReadAhead implements Iterator<Looked>, AutoCloseable {
  private static final int AHEAD = 2; // a decoded picture may have 300 MB

  /// What a file is.
  ///
  /// @param hash null if it could not be read to its end, which may be better the next time
  /// @param picture null if it is known already, or no picture
  /// @param why it is no picture, in words that go on behind its path; null if it is one, or known
  record Looked(
      String path,
      Stamp stamp,
      @Nullable ContentHash hash,
      @Nullable Picture picture,
      @Nullable String why) {}

  private final Iterator<Map.Entry<String, Stamp>> files;
  private final PictureOptions options;
  private final DecodingMemory memory;
  private final Predicate<ContentHash> known;
  private final Queue<Future<Looked>> ahead = new ArrayDeque<>();
  private final ExecutorService threads =
      Executors.newFixedThreadPool(AHEAD, Thread.ofPlatform().daemon().name("index-", 0).factory());

  /// @param memory for what is being decoded; the decoded ones, three at most, have three quarters
  ///   as much beside it
  /// @param known whether a content need not be decoded; asked from several threads
  ReadAhead(
      Iterator<Map.Entry<String, Stamp>> files,
      PictureOptions options,
      DecodingMemory memory,
      Predicate<ContentHash> known) {
    this.files = files;
    this.options = options;
    this.memory = memory;
    this.known = known;
  }

  @Override
  public boolean hasNext() {
    return files.hasNext() || !ahead.isEmpty();
  }

  @Override
  public Looked next() {
    while (ahead.size() <= AHEAD && files.hasNext()) {
      Map.Entry<String, Stamp> file = files.next();
      ahead.add(threads.submit(() -> look(file.getKey(), file.getValue())));
    }
    try {
      return ahead.remove().get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case Error error -> throw error;
        case RuntimeException r -> throw r;
        case null, default -> throw new AssertionError(e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SearchException("index: was interrupted; run it again, it goes on", e);
    }
  }

  private Looked look(String path, Stamp stamp) throws InterruptedException {
    try {
      return memory.with(path, share -> look(path, stamp, share));
    } catch (PictureException e) { // for want of memory: another heap may have more
      return new Looked(path, stamp, null, null, why(String.valueOf(e.getMessage()), path));
    } catch (OutOfMemoryError e) {
      String why = "needs more memory than there is; give the heap more: INTERNVL_JAVA_OPTS=-Xmx8g";
      return new Looked(path, stamp, null, null, why);
    }
  }

  private Looked look(String path, Stamp stamp, DecodingMemory.Share share)
      throws InterruptedException {
    if (stamp.size() <= options.maxBytes()) { // a longer one is refused before it is read
      share.takeFile(stamp.size());
    }
    byte[] content;
    try {
      content = Pictures.bytes(Path.of(path), options);
    } catch (PictureException e) {
      return new Looked(path, stamp, null, null, why(e.what(), path));
    }
    ContentHash hash = ContentHash.of(content);
    if (known.test(hash)) {
      return new Looked(path, stamp, hash, null, null);
    }
    PictureFile file;
    try {
      file = PictureFile.of(content, path, options);
    } catch (PictureException e) {
      return new Looked(path, stamp, hash, null, why(e.what(), path));
    }
    share.take(PictureFile.DECODING * file.pixels());
    share.enough();
    try {
      return new Looked(path, stamp, hash, file.read(), null);
    } catch (PictureException e) {
      return new Looked(path, stamp, hash, null, why(e.what(), path));
    }
  }

  private static String why(String message, String path) {
    return message.startsWith(path + ": ") ? message.substring(path.length() + 2) : message;
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
