package org.internvl4j.models;

import java.util.List;
import java.util.Set;
import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Runs the network for one conversation: tiles to image tokens, prompts into caches, one token
/// after another.
final class Generator implements AutoCloseable {
  /// Prompt tokens that go through the decoder together, unless the device asks for more: enough to
  /// keep it busy, few enough to stay in cache.
  private static final int CHUNK = 512;

  private final ImageTokens imageTokens;
  private final Prefill prefill;
  private final Decoding decoding;

  /// @param steps where activations go; belongs to the caller
  Generator(InternVl net, Workspace steps) {
    int chunk = Math.max(CHUNK, net.decoder().device().rows());
    this.imageTokens = new ImageTokens(net.decoder().device(), Long.MAX_VALUE, "session", Set::of);
    this.prefill = new Prefill(net, chunk, steps, imageTokens);
    this.decoding = new Decoding(net, steps);
  }

  /// [Prefill#see(Prompt, AnswerListener)].
  int see(Prompt prompt, AnswerListener listener) {
    return prefill.see(prompt, listener);
  }

  /// [Prefill#read(Sequence, int, AnswerListener)].
  void read(Sequence sequence, int from, AnswerListener listener) {
    prefill.read(sequence, from, listener);
  }

  /// [Prefill#embed(Prompt, int, int)].
  Tensor embed(Prompt prompt, int start, int rows) {
    return prefill.embed(prompt, start, rows);
  }

  /// [Decoding#advance(List)].
  void advance(List<Sequence> sequences) {
    decoding.advance(sequences);
  }

  @Override
  public void close() {
    imageTokens.close();
    prefill.close();
    decoding.close();
  }
}
