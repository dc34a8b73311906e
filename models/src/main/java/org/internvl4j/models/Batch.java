package org.internvl4j.models;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Workspace;

/// Independent questions whose answers grow together.
final class Batch implements AutoCloseable {
  private final VisionLanguageModel model;
  private final Workspace steps;
  private final Generator generator;
  private final List<KvCache> caches = new ArrayList<>();

  Batch(VisionLanguageModel model) {
    this.model = model;
    this.steps = new Workspace(model.device(), "batch");
    this.generator = new Generator(model.net(), steps);
  }

  List<Answer> ask(List<Question> questions, Generation options) {
    List<Prompt> prompts = questions.stream().map(q -> Prompt.single(model, q)).toList();
    prompts.forEach(model::requireFits);
    long start = System.nanoTime();
    List<Integer> encoded =
        prompts.stream().map(p -> generator.see(p, AnswerListener.NONE)).toList();
    long seen = System.nanoTime();
    List<Sequence> sequences = new ArrayList<>();
    for (Prompt prompt : prompts) {
      KvCache cache = model.net().decoder().newCache("batch");
      caches.add(cache);
      cache.reserve(model.room(prompt, options));
      Sequence sequence = model.sequence(prompt, cache, options, AnswerListener.NONE);
      generator.read(sequence, 0, AnswerListener.NONE);
      sequences.add(sequence);
    }
    long read = System.nanoTime();
    List<Sequence> running = unfinished(sequences);
    while (!running.isEmpty()) {
      generator.advance(running);
      running = unfinished(running);
    }
    Answer.Timings timings =
        new Answer.Timings(
            Duration.ofNanos(seen - start),
            Duration.ofNanos(read - seen),
            Duration.ofNanos(System.nanoTime() - read));
    List<Answer> answers = new ArrayList<>();
    for (int i = 0; i < sequences.size(); i++) {
      answers.add(sequences.get(i).answer(0, encoded.get(i), timings));
    }
    return answers;
  }

  private static List<Sequence> unfinished(List<Sequence> sequences) {
    return sequences.stream().filter(s -> !s.finished()).toList();
  }

  @Override
  public void close() {
    caches.forEach(KvCache::close);
    generator.close();
    steps.close();
  }
}
