package org.internvl4j.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.loader.quantised.Dequantised;
import org.internvl4j.loader.quantised.Quantisation;
import org.internvl4j.models.internvl.Adapter;
import org.internvl4j.models.internvl.Adapters;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.models.nn.LanguageConfig;
import org.jspecify.annotations.Nullable;

/// What `show` tells of a model.
///
/// @param config null where the architecture is not known
/// @param quantisation how its matrices are quantised; null if they are not
/// @param adapters those of its own files and those that are asked for
/// @param parameters how many, by part
/// @param bytes how many, by dtype
/// @param inMemory bytes of its weights as they are stored once they are no longer quantised
record ModelFacts(
    String name,
    String architecture,
    @Nullable InternVlConfig config,
    @Nullable Quantisation quantisation,
    List<String> adapters,
    int tensors,
    Map<String, Long> parameters,
    Map<String, Long> bytes,
    long inMemory) {
  private static final int KEYS_AND_VALUES = 2;
  private static final int CACHE_BYTES = 4; // the CPU keeps keys and values as f32

  static ModelFacts of(
      Checkpoint checkpoint,
      @Nullable InternVlConfig config,
      @Nullable Quantisation quantisation,
      List<Adapters.Choice> choices) {
    WeightSource numbers =
        quantisation == null ? checkpoint : Dequantised.of(checkpoint, quantisation, 1);
    Map<String, Long> parameters = new TreeMap<>();
    Map<String, Long> bytes = new TreeMap<>();
    for (String name : numbers.names()) {
      parameters.merge(name.split("\\.", 2)[0], elements(numbers.info(name)), Long::sum);
    }
    for (String name : checkpoint.names()) {
      TensorInfo info = checkpoint.info(name);
      bytes.merge(info.dtype().toLowerCase(Locale.ROOT), info.bytes(), Long::sum);
    }
    return new ModelFacts(
        checkpoint.name(),
        architecture(checkpoint.config()),
        config,
        quantisation,
        adapters(checkpoint, choices),
        checkpoint.names().size(),
        parameters,
        bytes,
        numbers.tensorBytes());
  }

  private static List<String> adapters(Checkpoint checkpoint, List<Adapters.Choice> choices) {
    List<String> adapters = new ArrayList<>();
    long own = Adapters.own(checkpoint);
    if (own > 0) {
      adapters.add("its own, not merged, " + own + " matrices");
    }
    for (Adapters.Choice choice : choices) {
      try (Adapter adapter = Adapter.open(choice.folder())) {
        adapters.add(adapter + (choice.weight() == 1 ? "" : ", weight " + choice.weight()));
      }
    }
    return adapters;
  }

  private static String architecture(Json config) {
    return config.has("architectures")
        ? config.at("architectures").items().getFirst().asText()
        : "none";
  }

  private static long elements(TensorInfo info) {
    return info.shape().stream().reduce(1L, Math::multiplyExact);
  }

  private static long sum(Map<String, Long> parts) {
    return parts.values().stream().mapToLong(Long::longValue).sum();
  }

  private static long cacheBytesPerToken(LanguageConfig c) {
    return (long) KEYS_AND_VALUES * c.numHiddenLayers() * c.keyWidth() * CACHE_BYTES;
  }

  // ---- for people

  /// Texts by name, in their order.
  Map<String, String> lines() {
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("model", name);
    if (config == null) {
      lines.put("architecture", architecture);
    } else {
      lines.put("architecture", architecture + ", " + config.language().architecture());
      describe(lines, config);
    }
    lines.put(
        "parameters", Sizes.count(sum(parameters)) + " (" + listed(parameters, Sizes::count) + ")");
    lines.put("weights", listed(bytes, Sizes::bytes) + " in " + tensors + " tensors");
    if (quantisation != null) {
      lines.put("quantisation", quantisation.toString());
    }
    if (!adapters.isEmpty()) {
      lines.put("adapters", String.join("; ", adapters));
    }
    if (config != null) {
      lines.put("memory", memory(config.language()));
    }
    return lines;
  }

  private static void describe(Map<String, String> lines, InternVlConfig config) {
    lines.put("vision tower", vision(config.vision()));
    lines.put("projector", projector(config));
    lines.put("decoder", decoder(config.language()));
    lines.put("vocabulary", "%,d tokens".formatted(config.language().vocabSize()));
    lines.put("context", "%,d tokens".formatted(config.language().context()));
    lines.put("template", config.template());
    lines.put("tiling", tiling(config));
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

  private static String listed(Map<String, Long> parts, LongFunction<String> format) {
    return parts.entrySet().stream()
        .map(part -> part.getKey() + " " + format.apply(part.getValue()))
        .collect(Collectors.joining(", "));
  }

  private String memory(LanguageConfig c) {
    long perToken = cacheBytesPerToken(c);
    return "weights %s, KV cache %s a token, %s at full context"
        .formatted(
            Sizes.bytes(inMemory), Sizes.bytes(perToken), Sizes.bytes(perToken * c.context()));
  }

  // ---- for programs

  /// One line; sizes in bytes.
  String json() {
    JsonWriter json =
        new JsonWriter()
            .object()
            .field("model", name)
            .field("architecture", architecture)
            .field("parameters", sum(parameters))
            .object("parameters_by_part");
    parameters.forEach(json::field);
    json.end().field("tensors", tensors).field("bytes", sum(bytes)).object("bytes_by_dtype");
    bytes.forEach(json::field);
    json.end();
    if (quantisation != null) {
      json.field("quantisation", quantisation.toString());
    }
    if (!adapters.isEmpty()) {
      json.array("adapters");
      adapters.forEach(json::value);
      json.end();
    }
    if (config != null) {
      describe(json, config);
    }
    return json.end().toString();
  }

  private static void describe(JsonWriter json, InternVlConfig config) {
    VisionConfig vision = config.vision();
    LanguageConfig language = config.language();
    json.field("template", config.template())
        .field("vocabulary", language.vocabSize())
        .field("context", language.context())
        .field("tokens_per_tile", config.tokensPerTile())
        .field("cache_bytes_per_token", cacheBytesPerToken(language));
    json.object("vision")
        .field("layers", vision.numHiddenLayers())
        .field("width", vision.hiddenSize())
        .field("heads", vision.numAttentionHeads())
        .field("mlp_width", vision.intermediateSize())
        .field("patch_size", vision.patchSize())
        .field("image_size", vision.imageSize())
        .end();
    json.object("decoder")
        .field("architecture", language.architecture())
        .field("layers", language.numHiddenLayers())
        .field("width", language.hiddenSize())
        .field("heads", language.numAttentionHeads())
        .field("head_width", language.headDim())
        .field("key_value_heads", language.numKeyValueHeads())
        .field("mlp_width", language.intermediateSize())
        .end();
    json.object("tiling")
        .field("tile_size", config.forceImageSize())
        .field("min_tiles", config.dynamicImageSize() ? config.minDynamicPatch() : 1)
        .field("max_tiles", config.dynamicImageSize() ? config.maxDynamicPatch() : 1)
        .field("thumbnail", config.dynamicImageSize() && config.useThumbnail())
        .end();
  }
}
