package org.internvl4j.serving;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Jobs that wait: one of each client after the other, each client's in the order in which they
/// came. Those that were begun already go before all.
final class Waiting {
  private final Deque<Job> begun = new ArrayDeque<>();
  private final Map<String, Deque<Job>> byClient = new LinkedHashMap<>(); // in order of turns
  private int size;

  int size() {
    return size;
  }

  void add(Job job) {
    byClient.computeIfAbsent(job.client(), _ -> new ArrayDeque<>()).addLast(job);
    size++;
  }

  /// Puts back one that has been taken, before all others: it has waited already.
  void putBack(Job job) {
    begun.addFirst(job);
    size++;
  }

  /// The one whose turn it is.
  @Nullable Job peek() {
    if (!begun.isEmpty()) {
      return begun.getFirst();
    }
    return byClient.isEmpty() ? null : byClient.values().iterator().next().getFirst();
  }

  /// Takes the one whose turn it is.
  Job take() {
    size--;
    if (!begun.isEmpty()) {
      return begun.removeFirst();
    }
    Map.Entry<String, Deque<Job>> next = byClient.entrySet().iterator().next();
    Deque<Job> jobs = next.getValue();
    String client = next.getKey();
    Job job = jobs.removeFirst();
    byClient.remove(client);
    if (!jobs.isEmpty()) {
      byClient.put(client, jobs);
    }
    return job;
  }

  /// Takes all that something is true of.
  List<Job> takeIf(Predicate<Job> condition) {
    List<Job> taken = new ArrayList<>();
    Predicate<Job> take = job -> condition.test(job) && taken.add(job);
    begun.removeIf(take);
    byClient.values().forEach(jobs -> jobs.removeIf(take));
    byClient.values().removeIf(Deque::isEmpty);
    size -= taken.size();
    return taken;
  }
}
