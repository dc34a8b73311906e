package org.internvl4j.bench.rivals;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache;
import com.github.tjake.jlama.tensor.operations.TensorOperationsProvider;
import java.nio.file.Path;
import java.util.Optional;
import org.internvl4j.bench.Engine;

/// Jlama with the decoder of our checkpoint: bf16 weights as in the file, f32 activations, as here.
///
/// Its bf16 activations are not used: on random weights they end in numbers that are none.
@SuppressWarnings("rawtypes") // Jlama's own methods take and return them
public final class JlamaEngine implements Engine {
  private final AbstractModel model;
  private final KvBufferCache caches;
  private final AbstractTensor logits;
  private final int threads;
  private KvBufferCache.KvBuffer cache;
  private int length;

  private JlamaEngine(AbstractModel model, int threads) {
    this.model = model;
    this.threads = threads;
    this.caches = new KvBufferCache(model);
    this.cache = caches.getEphemeralKvBuffer();
    this.logits = model.makeDenseTensor(1, model.getConfig().vocabularySize);
  }

  /// As `ServiceLoader` finds it.
  public static final class Provider implements Engine.Provider {
    @Override
    public String name() {
      return "jlama";
    }

    @Override
    public Engine open(Path folder, String weights, int threads) {
      if (!weights.equals("bf16")) {
        throw new IllegalArgumentException("jlama: is asked for bf16 weights only, not " + weights);
      }
      return new JlamaEngine(
          ModelSupport.loadModel(
              JlamaCheckpoint.of(folder).toFile(),
              null,
              DType.F32,
              DType.F32,
              Optional.empty(),
              Optional.of(threads)),
          threads);
    }
  }

  @Override
  public String description() {
    return "Jlama "
        + RivalVersions.of("jlama")
        + ", "
        + TensorOperationsProvider.get().name()
        + ", "
        + threads
        + " threads, weights bf16, activations f32";
  }

  @Override
  public int prefill(int[] ids) {
    cache.close();
    cache = caches.getEphemeralKvBuffer();
    length = ids.length;
    try (AbstractTensor rows = model.batchForward(ids, 0, cache)) {
      return likeliest(rows.slice(rows.shape().first() - 1));
    }
  }

  @Override
  public int next(int id) {
    try (AbstractTensor row = model.forward(id, length++, cache, Optional.empty())) {
      return likeliest(row);
    }
  }

  private int likeliest(AbstractTensor row) {
    return model.sample(row, 0, 0, logits);
  }

  @Override
  public void rewind(int length) {
    this.length = length; // what lies behind is written over
  }

  @Override
  public long cacheBytes() {
    return 0;
  }

  @Override
  public void close() {
    cache.close();
    model.close();
  }
}
