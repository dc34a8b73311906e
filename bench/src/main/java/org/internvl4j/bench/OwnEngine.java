package org.internvl4j.bench;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.internvl4j.loader.CachePolicy;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.LoadListener;
import org.internvl4j.loader.PackedStore;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.loader.Weights;
import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// This project's decoder.
final class OwnEngine implements Engine {
  /// Room for a prompt and as many tokens as an iteration may add.
  private static final int CAPACITY = 2048;

  /// Prompt tokens that go through together, as in the product.
  private static final int CHUNK = 512;

  private final Checkpoint checkpoint;
  private final Device device;
  private final Workspace model;
  private final PackedStore matrices;
  private final Workspace steps;
  private final Workspace passes;
  private final InternVl net;
  private final KvCache cache;
  private final DType weights;
  private final int[] likeliest = new int[1];
  private final Token token;

  OwnEngine(Path folder, DType weights, Device device) {
    this.checkpoint = Checkpoint.open(folder);
    this.device = device;
    this.weights = weights;
    WeightFormat format =
        switch (weights) {
          case Q8 -> WeightFormat.Q8;
          case Q4 -> WeightFormat.Q4;
          case F32, BF16, F16, I8, U8, I32, I64 -> WeightFormat.STORED;
        };
    this.model = new Workspace(device, "model");
    this.steps = new Workspace(device, "prompts");
    this.passes = new Workspace(device, "tokens");
    InternVlConfig config = InternVlConfig.of(checkpoint);
    this.matrices =
        PackedStore.open(checkpoint, device, format, CachePolicy.standard(), 0, LoadListener.NONE);
    Weights w = Weights.of(checkpoint, model, matrices);
    this.net = InternVl.load(config, config.visionBlocks(), format, w);
    matrices.finish();
    this.cache = net.decoder().newCache("benchmark");
    cache.reserve(CAPACITY);
    this.token = new Token();
  }

  /// As `ServiceLoader` finds it.
  public static final class Provider implements Engine.Provider {
    @Override
    public String name() {
      return "internvl4j";
    }

    @Override
    public Engine open(Path model, String weights, int threads) {
      Device device = Devices.open("cpu", threads);
      if (!device.name().equals("cpu")) {
        throw new AssertionError("bench: got the device " + device.name());
      }
      return new OwnEngine(model, DType.valueOf(weights.toUpperCase(Locale.ROOT)), device);
    }
  }

  Device device() {
    return device;
  }

  InternVl net() {
    return net;
  }

  @Override
  public String description() {
    return "internvl4j, " + device.description() + ", weights " + weights + ", activations f32";
  }

  @Override
  public int prefill(int[] ids) {
    cache.truncate(0);
    return read(ids);
  }

  @Override
  public int next(int id) {
    return token.run(id);
  }

  /// A prompt, appended to what is held.
  private int read(int[] ids) {
    Decoder decoder = net.decoder();
    for (int from = 0; ; from += CHUNK) {
      int rows = Math.min(CHUNK, ids.length - from);
      Workspace.Mark mark = steps.mark();
      Tensor x = decoder.embed(steps.of(Arrays.copyOfRange(ids, from, from + rows), rows));
      Step step = decoder.step(List.of(new Step.Span(rows, cache, ids.length)), steps).begin();
      Tensor y = decoder.forward(x, step, h -> {});
      step.advance();
      if (from + rows == ids.length) {
        decoder.logits(y.narrow(0, rows - 1, 1)).argMax().toInts(likeliest);
        steps.reset(mark);
        return likeliest[0];
      }
      steps.reset(mark);
    }
  }

  /// The pass of one token, recorded the first time and run again after that.
  private final class Token {
    private final Tensor ids = passes.allocate(DType.I32, 1);
    private final int[] id = new int[1];
    private final MemorySegment idMemory = MemorySegment.ofArray(id);
    private final Step step =
        net.decoder().repeatedStep(List.of(new Step.Span(1, cache, 1)), passes);
    private final Workspace.Mark mark = passes.mark();
    private @Nullable Runnable recorded;
    private @Nullable Tensor best;

    int run(int next) {
      id[0] = next;
      ids.fromHost(idMemory);
      step.begin();
      if (recorded == null) {
        recorded = device.record(this::compute);
      } else {
        recorded.run();
      }
      step.advance();
      Objects.requireNonNull(best).toInts(likeliest);
      return likeliest[0];
    }

    private void compute() {
      passes.reset(mark);
      Tensor x = net.decoder().forward(net.decoder().embed(ids), step, h -> {});
      best = net.decoder().logits(x).argMax();
    }
  }

  @Override
  public void rewind(int length) {
    cache.truncate(length);
  }

  @Override
  public long cacheBytes() {
    return cache.byteSize();
  }

  @Override
  public void close() {
    cache.close();
    steps.close();
    passes.close();
    matrices.close();
    model.close();
    device.close();
    checkpoint.close();
  }
}
