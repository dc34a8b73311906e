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
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.loader.WeightSource;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.loader.quantised.Dequantised;
import org.internvl4j.loader.quantised.Quantisation;
import org.internvl4j.models.Blueprint;
import org.internvl4j.models.contrastive.ContrastiveConfig;
import org.internvl4j.models.internvl.Adapter;
import org.internvl4j.models.internvl.Adapters;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.models.nn.LanguageConfig;
import org.internvl4j.models.nn.LanguageConfig.Mixture;
import org.jspecify.annotations.Nullable;

/// What `show` tells of a model.
///
/// @param blueprint null where the model cannot run
/// @param adapters those of its own files and those that are asked for
/// @param parameters how many, by part
/// @param bytes how many, by dtype
record ModelFacts(
    String name,
    String architecture,
    @Nullable Blueprint blueprint,
    List<String> adapters,
    int tensors,
    Map<String, Long> parameters,
    Map<String, Long> bytes) {
  private static final int KEYS_AND_VALUES = 2;
  private static final int CACHE_BYTES = 4; // the CPU keeps keys and values as f32

  static ModelFacts of(
      Checkpoint checkpoint, @Nullable Blueprint blueprint, List<Adapters.Choice> choices) {
    Quantisation quantisation = blueprint == null ? null : blueprint.quantisation();
    WeightSource numbers =
        quantisation == null ? checkpoint : Dequantised.of(checkpoint, quantisation, 1);
    Map<String, Long> parameters = new TreeMap<>();
    Map<String, Long> bytes = new TreeMap<>();
    for (String name : numbers.names()) {
      parameters.merge(name.split("\\.", 2)[0], numbers.info(name).elements(), Long::sum);
    }
    for (String name : checkpoint.names()) {
      TensorInfo info = checkpoint.info(name);
      bytes.merge(info.dtype().toLowerCase(Locale.ROOT), info.bytes(), Long::sum);
    }
    return new ModelFacts(
        checkpoint.name(),
        architecture(checkpoint.config()),
        blueprint,
        adapters(checkpoint, choices),
        checkpoint.names().size(),
        parameters,
        bytes);
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
    LanguageConfig language = blueprint == null ? null : blueprint.language();
    lines.put(
        "architecture",
        language == null ? architecture : architecture + ", " + language.architecture());
    if (blueprint != null) {
      lines.put("for", blueprint.purpose());
      describe(lines, blueprint);
    }
    lines.put(
        "parameters", Sizes.count(sum(parameters)) + " (" + listed(parameters, Sizes::count) + ")");
    lines.put("weights", listed(bytes, Sizes::bytes) + " in " + tensors + " tensors");
    if (blueprint != null && blueprint.quantisation() != null) {
      lines.put("quantisation", blueprint.quantisation().toString());
    }
    if (!adapters.isEmpty()) {
      lines.put("adapters", String.join("; ", adapters));
    }
    if (blueprint != null) {
      lines.put("memory", memory(blueprint.memory()));
    }
    if (language != null) {
      lines.put("KV cache", cache(language));
    }
    return lines;
  }

  private static void describe(Map<String, String> lines, Blueprint blueprint) {
    lines.put("vision tower", vision(blueprint.vision()));
    InternVlConfig chat = blueprint.chat();
    ContrastiveConfig contrastive = blueprint.contrastive();
    if (chat != null) {
      lines.put("projector", projector(chat));
    }
    if (contrastive != null) {
      lines.put("space", space(contrastive));
    }
    LanguageConfig language = blueprint.language();
    if (language != null) {
      lines.put("decoder", decoder(language));
      lines.put("vocabulary", "%,d tokens".formatted(language.vocabSize()));
      lines.put("context", "%,d tokens".formatted(language.context()));
    }
    if (chat != null) {
      lines.put("template", chat.template());
      lines.put("tiling", tiling(chat));
    }
  }

  private static String space(ContrastiveConfig c) {
    return "%,d wide, %d queries look at a picture of %d pixels"
        .formatted(c.clipEmbedDim(), c.numQueryToken(), c.forceImageSize());
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
    String shuffle = c.psVersion().equals("none") ? "MLP" : "pixel shuffle " + c.psVersion();
    return "%s, %,d to %,d, %d tokens a tile"
        .formatted(shuffle, shuffled, c.language().hiddenSize(), c.tokensPerTile());
  }

  private static String decoder(LanguageConfig c) {
    Mixture mixture = c.mixture();
    String experts =
        mixture == null
            ? ""
            : ", %d experts of %,d, %d a token"
                .formatted(
                    mixture.experts(), mixture.intermediateSize(), mixture.expertsPerToken());
    return "%d layers, width %,d, %d heads of %d, %d for keys and values, MLP %,d%s"
        .formatted(
            c.numHiddenLayers(),
            c.hiddenSize(),
            c.numAttentionHeads(),
            c.headDim(),
            c.numKeyValueHeads(),
            c.intermediateSize(),
            experts);
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

  /// What weights take on the CPU.
  static String memory(Map<WeightFormat, Long> bytes) {
    String stored = Sizes.bytes(bytes.getOrDefault(WeightFormat.STORED, 0L));
    String q8 = Sizes.bytes(bytes.getOrDefault(WeightFormat.Q8, 0L));
    String q4 = Sizes.bytes(bytes.getOrDefault(WeightFormat.Q4, 0L));
    return q8.equals(stored)
        ? "weights " + stored
        : "weights %s as stored, %s in q8, %s in q4".formatted(stored, q8, q4);
  }

  private static String cache(LanguageConfig c) {
    long perToken = cacheBytesPerToken(c);
    return "%s a token, %s at full context"
        .formatted(Sizes.bytes(perToken), Sizes.bytes(perToken * c.context()));
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
    if (!adapters.isEmpty()) {
      json.array("adapters");
      adapters.forEach(json::value);
      json.end();
    }
    if (blueprint != null) {
      json.field("for", blueprint.purpose());
      if (blueprint.quantisation() != null) {
        json.field("quantisation", blueprint.quantisation().toString());
      }
      describe(json, blueprint);
      json.object("memory_bytes");
      blueprint.memory().forEach((format, size) -> json.field(format.toString(), size));
      json.end();
    }
    return json.end().toString();
  }

  private static void describe(JsonWriter json, Blueprint blueprint) {
    InternVlConfig chat = blueprint.chat();
    LanguageConfig language = blueprint.language();
    if (chat != null) {
      json.field("template", chat.template()).field("tokens_per_tile", chat.tokensPerTile());
    }
    describe(json, blueprint.vision());
    if (language != null) {
      json.field("vocabulary", language.vocabSize())
          .field("context", language.context())
          .field("cache_bytes_per_token", cacheBytesPerToken(language));
      describe(json, language);
    }
    if (chat != null) {
      json.object("tiling")
          .field("tile_size", chat.forceImageSize())
          .field("min_tiles", chat.dynamicImageSize() ? chat.minDynamicPatch() : 1)
          .field("max_tiles", chat.dynamicImageSize() ? chat.maxDynamicPatch() : 1)
          .field("thumbnail", chat.dynamicImageSize() && chat.useThumbnail())
          .end();
    }
  }

  private static void describe(JsonWriter json, VisionConfig vision) {
    json.object("vision")
        .field("layers", vision.numHiddenLayers())
        .field("width", vision.hiddenSize())
        .field("heads", vision.numAttentionHeads())
        .field("mlp_width", vision.intermediateSize())
        .field("patch_size", vision.patchSize())
        .field("image_size", vision.imageSize())
        .end();
  }

  private static void describe(JsonWriter json, LanguageConfig language) {
    json.object("decoder")
        .field("architecture", language.architecture())
        .field("layers", language.numHiddenLayers())
        .field("width", language.hiddenSize())
        .field("heads", language.numAttentionHeads())
        .field("head_width", language.headDim())
        .field("key_value_heads", language.numKeyValueHeads())
        .field("mlp_width", language.intermediateSize())
        .end();
  }
}
