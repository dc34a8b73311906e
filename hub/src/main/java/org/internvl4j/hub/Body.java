package org.internvl4j.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What a server sends, a buffer at a time, no faster than it is taken. One thread at a time;
/// closing before the end breaks the connection off.
final class Body implements AutoCloseable {
  private final String host;
  private final Duration patience;
  private final Events events = new Events();
  private final Deque<ByteBuffer> parts = new ArrayDeque<>();
  private boolean ended;

  Body(String host, Duration patience, Flow.Publisher<List<ByteBuffer>> sent) {
    this.host = host;
    this.patience = patience;
    sent.subscribe(events);
  }

  /// The next bytes, at least one; null at the end.
  ///
  /// @throws TransientException if the connection breaks, or nothing comes for too long
  @Nullable ByteBuffer next() throws IOException, InterruptedException {
    while (true) {
      ByteBuffer part = parts.poll();
      if (part != null && part.hasRemaining()) {
        return part;
      }
      if (part == null && !receive()) {
        return null;
      }
    }
  }

  /// @return false at the end
  private boolean receive() throws IOException, InterruptedException {
    if (ended) {
      return false;
    }
    events.request();
    Event event = events.queue.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
    switch (event) {
      case Part part -> parts.addAll(part.buffers());
      case End end -> {
        ended = true;
        if (end.failure() != null) {
          throw new TransientException(host + ": the connection broke", null, end.failure());
        }
      }
      case null ->
          throw new TransientException(host + ": nothing came for " + patience.toSeconds() + " s");
    }
    return !ended;
  }

  /// All of it.
  ///
  /// @throws IOException if it has more than `limit` bytes
  byte[] readAll(int limit) throws IOException, InterruptedException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (ByteBuffer part = next(); part != null; part = next()) {
      byte[] bytes = new byte[part.remaining()];
      part.get(bytes);
      if (all.size() + bytes.length > limit) {
        throw new IOException(host + ": answers with more than " + limit + " bytes");
      }
      all.writeBytes(bytes);
    }
    return all.toByteArray();
  }

  @Override
  public void close() {
    if (!ended) {
      ended = true;
      events.cancel();
    }
  }

  /// What a connection says.
  private sealed interface Event permits Part, End {}

  private record Part(List<ByteBuffer> buffers) implements Event {}

  private record End(@Nullable Throwable failure) implements Event {}

  /// Hands over what comes; asked for one part at a time, it holds no more.
  private static final class Events implements Flow.Subscriber<List<ByteBuffer>> {
    final BlockingQueue<Event> queue = new LinkedBlockingQueue<>();
    private Flow.@Nullable Subscription subscription;

    synchronized void request() {
      if (subscription != null) {
        subscription.request(1);
      }
    }

    synchronized void cancel() {
      if (subscription != null) {
        subscription.cancel();
      }
    }

    @Override
    public synchronized void onSubscribe(Flow.Subscription given) {
      subscription = given;
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
      queue.add(new Part(buffers));
    }

    @Override
    public void onError(Throwable failure) {
      queue.add(new End(failure));
    }

    @Override
    public void onComplete() {
      queue.add(new End(null));
    }
  }
}
