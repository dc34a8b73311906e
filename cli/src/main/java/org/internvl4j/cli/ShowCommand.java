package org.internvl4j.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.models.nn.LanguageConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "show",
    description =
        "Shows a model's architecture, sizes and needs. Reads no weights, only their headers.")
final class ShowCommand implements Callable<Integer> {
  private static final int KEYS_AND_VALUES = 2;
  private static final int CACHE_BYTES = 4; // the CPU keeps keys and values as f32

  private final Console console;

  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(names = "--json", description = "One line of JSON.")
  private boolean json;

  ShowCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Logging.to(console);
    try (Checkpoint checkpoint = model.checkpoint()) {
      Map<String, String> facts = facts(checkpoint);
      if (json) {
        JsonWriter line = new JsonWriter().object();
        facts.forEach(line::field);
        console.out().println(line.end());
      } else {
        facts.forEach((name, value) ->
            console.out().println(console.bold("%-15s".formatted(name)) + " " + value));
      }
    }
    return ExitCodes.OK;
  }

  private static Map<String, String> facts(Checkpoint checkpoint) {
    InternVlConfig config = InternVlConfig.of(checkpoint.config());
    Map<String, Long> parameters = new TreeMap<>();
    Map<String, Long> bytes = new TreeMap<>();
    for (String name : checkpoint.names()) {
      TensorInfo info = checkpoint.info(name);
      parameters.merge(name.split("\\.", 2)[0], elements(info), Long::sum);
      bytes.merge(info.dtype().toLowerCase(Locale.ROOT), info.bytes(), Long::sum);
    }
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("model", checkpoint.name());
    facts.put("architecture", "InternVLChatModel, " + config.language().architecture());
    facts.put("vision tower", vision(config.vision()));
    facts.put("projector", projector(config));
    facts.put("decoder", decoder(config.language()));
    facts.put("vocabulary", "%,d tokens".formatted(config.language().vocabSize()));
    facts.put("context", "%,d tokens".formatted(config.language().context()));
    facts.put("template", config.template());
    facts.put("tiling", tiling(config));
    facts.put("parameters", counts(parameters));
    facts.put("weights", sizes(bytes) + " in " + checkpoint.names().size() + " tensors");
    facts.put("memory", memory(config, checkpoint.tensorBytes()));
    return facts;
  }

  private static long elements(TensorInfo info) {
    return info.shape().stream().reduce(1L, Math::multiplyExact);
  }

  private static String vision(VisionConfig c) {
    return "InternViT, %d blocks, width %,d, %d heads, MLP %,d, patches of %d of %d pixels"
        .formatted(
            c.numHiddenLayers(),
            c.hiddenSize(),
            c.numAttentionHeads(),
            c.intermediateSize(),
            c.patchSize(),
            c.imageSize());
  }

  private static String projector(InternVlConfig c) {
    int shuffled = (int) (c.vision().hiddenSize() / c.downsampleRatio() / c.downsampleRatio());
    return "pixel shuffle %s, %,d to %,d, %d tokens a tile"
        .formatted(c.psVersion(), shuffled, c.language().hiddenSize(), c.tokensPerTile());
  }

  private static String decoder(LanguageConfig c) {
    return "%d layers, width %,d, %d heads of %d, %d for keys and values, MLP %,d"
        .formatted(
            c.numHiddenLayers(),
            c.hiddenSize(),
            c.numAttentionHeads(),
            c.headDim(),
            c.numKeyValueHeads(),
            c.intermediateSize());
  }

  private static String tiling(InternVlConfig c) {
    return c.dynamicImageSize()
        ? "%d to %d tiles of %d pixels%s"
            .formatted(
                c.minDynamicPatch(),
                c.maxDynamicPatch(),
                c.forceImageSize(),
                c.useThumbnail() ? " and a thumbnail" : "")
        : "one tile of %d pixels".formatted(c.forceImageSize());
  }

  private static String counts(Map<String, Long> parameters) {
    StringBuilder parts = new StringBuilder();
    parameters.forEach((part, count) ->
        parts
            .append(parts.isEmpty() ? "" : ", ")
            .append(part)
            .append(' ')
            .append(Sizes.count(count)));
    long all = parameters.values().stream().mapToLong(Long::longValue).sum();
    return Sizes.count(all) + " (" + parts + ")";
  }

  private static String sizes(Map<String, Long> bytes) {
    StringBuilder parts = new StringBuilder();
    bytes.forEach((dtype, size) ->
        parts
            .append(parts.isEmpty() ? "" : ", ")
            .append(dtype)
            .append(' ')
            .append(Sizes.bytes(size)));
    return parts.toString();
  }

  private static String memory(InternVlConfig config, long weights) {
    LanguageConfig c = config.language();
    long perToken = (long) KEYS_AND_VALUES * c.numHiddenLayers() * c.keyWidth() * CACHE_BYTES;
    return "weights %s, KV cache %s a token, %s at full context"
        .formatted(
            Sizes.bytes(weights), Sizes.bytes(perToken), Sizes.bytes(perToken * c.context()));
  }
}
