package org.internvl4j.bench.gpu;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.internvl4j.loader.CachePolicy;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.LoadListener;
import org.internvl4j.loader.PackedStore;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.loader.Weights;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
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

/// Runs a whole model: what it computes, and how long it takes.
///
///     ModelRuns CHECKPOINT REQUEST.json INPUTS.safetensors RESULTS.safetensors TIMES.json
///
/// The request names `tiles` and `prompts` to be timed, `decode` pairs of batch and context, and how
/// many `tokens` are chosen greedily behind the prompt of the inputs. Inputs are `pixels`
/// `[tiles, 3, side, side]` and `ids` `[T]`.
final class ModelRuns implements AutoCloseable {
  private static final int SAMPLES = 5;

  private final Json request;
  private final Device device;
  private final Workspace steps;
  private final InternVl net;
  private final Tensor pixels;
  private final int[] ids;
  private final JsonWriter times = new JsonWriter().object();

  private ModelRuns(
      Json request,
      Device device,
      Workspace weights,
      InternVl net,
      SafeTensors inputs,
      Device host) {
    this.request = request;
    this.device = device;
    this.net = net;
    this.steps = new Workspace(device, "model runs");
    Operands o = new Operands(inputs, "model", host, weights);
    this.pixels = o.get("pixels");
    Tensor prompt = o.get("ids");
    this.ids = new int[prompt.dim(0)];
    prompt.toInts(ids);
  }

  /// @param args see above
  public static void main(String... args) throws IOException {
    long start = System.nanoTime();
    try (Checkpoint checkpoint = Checkpoint.open(Path.of(args[0]));
        SafeTensors inputs = SafeTensors.open(Path.of(args[2]));
        Device host = Operands.hostDevice();
        Device device = Devices.open("cuda", 0);
        Workspace weights = new Workspace(device, "model");
        PackedStore matrices =
            PackedStore.open(
                checkpoint,
                device,
                WeightFormat.STORED,
                CachePolicy.standard(),
                0,
                LoadListener.NONE)) {
      InternVlConfig config = InternVlConfig.of(checkpoint);
      Weights w = Weights.of(checkpoint, weights, matrices);
      InternVl net = InternVl.load(config, config.visionBlocks(), WeightFormat.STORED, w);
      matrices.finish();
      device.synchronize();
      double loaded = (System.nanoTime() - start) * 1e-9;
      Json request = Json.parse(Files.readAllBytes(Path.of(args[1])), args[1]);
      try (ModelRuns runs = new ModelRuns(request, device, weights, net, inputs, host)) {
        runs.times.field("load", loaded);
        runs.compute(Path.of(args[3]));
        runs.time();
        Files.writeString(Path.of(args[4]), runs.times.end().toString());
      }
    }
  }

  // ---- what it computes

  private void compute(Path results) throws IOException {
    SafeTensorsWriter writer = new SafeTensorsWriter();
    Workspace.Mark mark = steps.mark();
    Tensor seen = see(1);
    writer.add("image", seen.toFloats(), seen.shape().toArray());
    steps.reset(mark);
    int tokens = request.getInt("tokens");
    try (KvCache cache = net.decoder().newCache("model runs")) {
      cache.reserve(ids.length + tokens);
      Tensor logits = read(cache, ids);
      float[] first = logits.toFloats();
      writer.add("logits", first, first.length);
      steps.reset(mark);
      Decode decode = new Decode(List.of(cache));
      int[] chosen = new int[tokens];
      for (int i = 0, next = best(first); i < tokens; i++) {
        chosen[i] = next;
        next = decode.run(next);
      }
      writer.add("greedy", chosen, tokens);
      writer.write(results);
    }
    steps.reset(mark);
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  // ---- how long it takes

  private void time() {
    for (Json tiles : request.at("tiles").items()) {
      int n = tiles.asInt();
      times.field("vision " + n, median(() -> see(n)));
    }
    for (Json prompt : request.at("prompts").items()) {
      int[] some = prompt(prompt.asInt());
      try (KvCache cache = net.decoder().newCache("model runs")) {
        cache.reserve(some.length);
        times.field(
            "prefill " + some.length,
            median(() -> {
              cache.truncate(0);
              read(cache, some);
            }));
        int most = pixels.dim(0);
        times.field(
            "first token " + most + " tiles, " + some.length,
            median(() -> {
              cache.truncate(0);
              see(most);
              read(cache, some);
            }));
      }
    }
    for (Json pair : request.at("decode").items()) {
      int batch = pair.items().get(0).asInt();
      int context = pair.items().get(1).asInt();
      times.field("decode " + batch + " at " + context, decode(batch, context));
    }
  }

  private double median(Runnable pass) {
    double[] samples = new double[SAMPLES];
    for (int i = -1; i < SAMPLES; i++) { // the first one compiles and allocates
      Workspace.Mark mark = steps.mark();
      device.synchronize();
      long start = System.nanoTime();
      pass.run();
      device.synchronize();
      if (i >= 0) {
        samples[i] = (System.nanoTime() - start) * 1e-9;
      }
      steps.reset(mark);
    }
    Arrays.sort(samples);
    return samples[SAMPLES / 2];
  }

  /// Seconds a step, everything that a host has to do included.
  private double decode(int batch, int context) {
    int tokens = request.getInt("tokens");
    int[] prompt = prompt(context - tokens);
    List<KvCache> caches = new ArrayList<>();
    Workspace.Mark mark = steps.mark();
    try {
      for (int i = 0; i < batch; i++) {
        KvCache cache = net.decoder().newCache("model runs");
        caches.add(cache);
        cache.reserve(context + 2);
        Workspace.Mark before = steps.mark();
        read(cache, prompt);
        steps.reset(before);
      }
      Decode decode = new Decode(caches);
      decode.run(0);
      decode.run(0);
      device.synchronize();
      long start = System.nanoTime();
      for (int i = 0, next = 0; i < tokens; i++) {
        next = decode.run(next);
      }
      return (System.nanoTime() - start) * 1e-9 / tokens;
    } finally {
      caches.forEach(KvCache::close);
      steps.reset(mark);
    }
  }

  // ---- the passes

  private Tensor see(int tiles) {
    Tensor some = pixels.in(steps).narrow(0, 0, tiles);
    return net.projector().forward(net.tower().forward(some, net.config().visionBlocks(), x -> {}));
  }

  private int[] prompt(int length) {
    return IntStream.range(0, length).map(i -> ids[i % ids.length]).toArray();
  }

  /// @return the logits behind the prompt
  private Tensor read(KvCache cache, int[] prompt) {
    Decoder decoder = net.decoder();
    Tensor x = decoder.embed(steps.of(prompt, prompt.length));
    Step.Span span = new Step.Span(prompt.length, cache, prompt.length);
    Step step = decoder.step(List.of(span), steps).begin();
    Tensor y = decoder.forward(x, step, h -> {});
    step.advance();
    return decoder.logits(y.narrow(0, prompt.length - 1, 1));
  }

  /// One more token for each sequence: recorded the first time and run again after that.
  private final class Decode {
    private final Tensor next;
    private final Step step;
    private final int[] chosen;
    private final Workspace.Mark mark;
    private final Runnable recorded;
    private Tensor best;

    Decode(List<KvCache> caches) {
      next = steps.allocate(DType.I32, caches.size());
      step =
          net.decoder()
              .repeatedStep(caches.stream().map(c -> new Step.Span(1, c, 1)).toList(), steps);
      chosen = new int[caches.size()];
      Arrays.fill(chosen, -1);
      mark = steps.mark();
      best = next;
      step.begin();
      recorded = device.record(this::compute);
    }

    int run(int id) {
      if (chosen[0] != id) {
        Arrays.fill(chosen, id);
        next.fromHost(MemorySegment.ofArray(chosen));
      }
      step.begin();
      recorded.run();
      step.advance();
      best.toInts(chosen);
      return chosen[0];
    }

    private void compute() {
      steps.reset(mark);
      Tensor x = net.decoder().forward(net.decoder().embed(next), step, h -> {});
      best = net.decoder().logits(x).argMax();
      next.copyFrom(best);
    }
  }

  @Override
  public void close() {
    steps.close();
  }
}
