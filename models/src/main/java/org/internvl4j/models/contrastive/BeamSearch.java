package org.internvl4j.models.contrastive;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// Beam search as `BeamSearchScorer` of transformers does it, without early stopping: the likeliest
/// sequences go on, ended ones are kept with their mean log-probability, and it is over when none
/// that goes on can do better.
final class BeamSearch {
  /// What may follow.
  interface Scorer {
    /// Goes on with sequences of the last call, the prompt alone at first.
    ///
    /// @param from the sequence that each new one continues
    /// @param tokens the token that each new one adds
    /// @return logits of what follows each
    List<float[]> next(int[] from, int[] tokens);
  }

  /// @param beams how many sequences go on
  /// @param fewest tokens before which none ends
  /// @param most tokens of an answer, its end included
  /// @param lengthPenalty the power of the length that log-probabilities are divided by
  /// @param end the token that ends a sequence; below 0 for none
  record Options(int beams, int fewest, int most, double lengthPenalty, int end) {}

  /// A sequence.
  ///
  /// @param ids without the token that ends it
  /// @param score its log-probability, divided by the length's power
  record Found(int[] ids, double score) {}

  private record Beam(int[] ids, double sum) {}

  private record Candidate(int beam, int token, double sum) {}

  private final Options options;
  private final List<Found> ended = new ArrayList<>(); // the best first
  private List<Beam> beams = List.of(new Beam(new int[0], 0));

  private BeamSearch(Options options) {
    this.options = options;
  }

  /// The best sequence.
  ///
  /// @param first logits of what follows the prompt
  static Found search(float[] first, Scorer scorer, Options options) {
    BeamSearch search = new BeamSearch(options);
    List<float[]> logits = List.of(first);
    for (int length = 1; length <= options.most(); length++) {
      List<Candidate> chosen = search.step(logits, length);
      if (chosen.isEmpty()) {
        break;
      }
      if (length < options.most()) {
        logits =
            scorer.next(
                chosen.stream().mapToInt(Candidate::beam).toArray(),
                chosen.stream().mapToInt(Candidate::token).toArray());
      }
    }
    for (Beam beam : search.beams) {
      search.end(beam.ids, beam.sum, beam.ids.length);
    }
    return search.ended.getFirst();
  }

  /// Adds a token to each beam.
  ///
  /// @param length of the sequences afterwards
  /// @return how; nothing if it is over
  private List<Candidate> step(List<float[]> logits, int length) {
    List<Candidate> best = best(logits, length);
    List<Candidate> chosen = new ArrayList<>();
    List<Beam> next = new ArrayList<>();
    for (int rank = 0; rank < best.size() && next.size() < options.beams(); rank++) {
      Candidate c = best.get(rank);
      int[] ids = beams.get(c.beam).ids;
      if (c.token != options.end()) {
        int[] longer = Arrays.copyOf(ids, length);
        longer[length - 1] = c.token;
        next.add(new Beam(longer, c.sum));
        chosen.add(c);
      } else if (rank < options.beams()) {
        end(ids, c.sum, length);
      }
    }
    beams = next;
    boolean isOver =
        ended.size() >= options.beams()
            && !best.isEmpty()
            && ended.getLast().score >= score(best.getFirst().sum, length);
    if (isOver) {
      beams = List.of();
      return List.of();
    }
    return chosen;
  }

  /// The likeliest continuations, twice as many as beams, the best first.
  private List<Candidate> best(List<float[]> logits, int length) {
    List<Candidate> all = new ArrayList<>();
    for (int b = 0; b < beams.size(); b++) {
      double[] p = logSoftmax(logits.get(b));
      if (length <= options.fewest() && options.end() >= 0) {
        p[options.end()] = Double.NEGATIVE_INFINITY;
      }
      all.addAll(likeliest(b, p));
    }
    all.sort(Comparator.comparingDouble((Candidate c) -> -c.sum));
    return all.subList(0, Math.min(2 * options.beams(), all.size()));
  }

  /// The continuations of one beam that may be among the best of all.
  private List<Candidate> likeliest(int beam, double[] p) {
    double[] sorted = p.clone();
    Arrays.sort(sorted);
    double least = sorted[Math.max(0, sorted.length - 2 * options.beams())];
    List<Candidate> found = new ArrayList<>();
    for (int token = 0; token < p.length; token++) {
      if (p[token] >= least && p[token] > Double.NEGATIVE_INFINITY) {
        found.add(new Candidate(beam, token, beams.get(beam).sum + p[token]));
      }
    }
    return found;
  }

  private void end(int[] ids, double sum, int length) {
    Found found = new Found(ids, score(sum, length));
    int at = 0;
    while (at < ended.size() && ended.get(at).score >= found.score) {
      at++;
    }
    ended.add(at, found);
    if (ended.size() > options.beams()) {
      ended.removeLast();
    }
  }

  private double score(double sum, int length) {
    return sum / Math.pow(length, options.lengthPenalty());
  }

  private static double[] logSoftmax(float[] logits) {
    double largest = Double.NEGATIVE_INFINITY;
    for (float v : logits) {
      largest = Math.max(largest, v);
    }
    double sum = 0;
    for (float v : logits) {
      sum += Math.exp(v - largest);
    }
    double[] p = new double[logits.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = logits[i] - largest - Math.log(sum);
    }
    return p;
  }
}
