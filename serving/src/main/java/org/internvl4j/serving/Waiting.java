package org.internvl4j.serving;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Jobs that wait, and those still to come that have a place among them: one of each host after the
/// other, of each of its users after the other, each user's in the order in which they came. Those
/// that were begun already go before all.
final class Waiting {
  private final Deque<Job> begun = new ArrayDeque<>();
  private final Turns<Turns<Deque<Job>>> hosts = new Turns<>();
  private final Map<String, Integer> placesOfHosts = new HashMap<>();
  private final Map<Client, Integer> placesOfClients = new HashMap<>();
  private int coming;
  private int size;

  // ---- places

  /// Whether a client may have a place more: no host has as many as it would leave to others, and
  /// no user of a host as many as it would leave of those to other users. So whoever has asked for
  /// little finds a place, however much others ask.
  ///
  /// @param places that there are
  boolean hasPlaceFor(Client client, int places) {
    int ofHost = placesOfHosts.getOrDefault(client.host(), 0);
    int leftToHost = places - size - coming - ofHost;
    return leftToHost > placesOfClients.getOrDefault(client, 0);
  }

  /// Those that wait and those still to come.
  int size() {
    return size + coming;
  }

  /// Whether some are still to come.
  boolean expectsMore() {
    return coming > 0;
  }

  /// One is to come: it is being prepared.
  void expect(Client client) {
    coming++;
    count(client, 1);
  }

  /// One that was to come has come, or never will.
  void expectNoMore(Client client) {
    coming--;
    count(client, -1);
  }

  private void count(Client client, int change) {
    add(placesOfHosts, client.host(), change);
    add(placesOfClients, client, change);
  }

  private static <K> void add(Map<K, Integer> counts, K key, int change) {
    counts.merge(key, change, (a, b) -> a + b == 0 ? null : a + b);
  }

  // ---- jobs

  void add(Job job) {
    hosts.of(job.client().host(), Turns::new).of(job.client().user(), ArrayDeque::new).addLast(job);
    size++;
    count(job.client(), 1);
  }

  /// Puts back one that has been taken, before all others: it has waited already.
  void putBack(Job job) {
    begun.addFirst(job);
    size++;
    count(job.client(), 1);
  }

  /// The one whose turn it is.
  @Nullable Job peek() {
    if (!begun.isEmpty()) {
      return begun.getFirst();
    }
    return hosts.isEmpty() ? null : hosts.first().first().getFirst();
  }

  /// Takes the one whose turn it is.
  void take() {
    Job taken = begun.isEmpty() ? takeTurn() : begun.removeFirst();
    size--;
    count(taken.client(), -1);
  }

  private Job takeTurn() {
    Turns<Deque<Job>> users = hosts.first();
    Deque<Job> jobs = users.first();
    Job job = jobs.removeFirst();
    users.next(!jobs.isEmpty());
    hosts.next(!users.isEmpty());
    return job;
  }

  /// Takes all that something is true of.
  List<Job> takeIf(Predicate<Job> condition) {
    List<Job> taken = new ArrayList<>();
    Predicate<Job> take = job -> condition.test(job) && taken.add(job);
    begun.removeIf(take);
    hosts.removeIf(users -> {
      users.removeIf(jobs -> {
        jobs.removeIf(take);
        return jobs.isEmpty();
      });
      return users.isEmpty();
    });
    size -= taken.size();
    taken.forEach(job -> count(job.client(), -1));
    return taken;
  }
}
