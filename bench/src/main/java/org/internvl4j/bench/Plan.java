package org.internvl4j.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// What a run of the suite measures, and in which order.
///
/// `quick` takes some twenty minutes on two cores, `full` measures every kernel and both models,
/// `smoke` only proves that everything runs.
final class Plan {
  private static final List<String> PROMPTS_AND_TILES =
      List.of(
          "qwen2-0.5b.qkv.prefill",
          "qwen2-0.5b.out.prefill",
          "qwen2-0.5b.swiglu.prefill",
          "qwen2-0.5b.down.prefill",
          "internlm2-1.8b.swiglu.prefill",
          "internlm2-1.8b.down.prefill",
          "vit-300m.qkv",
          "vit-300m.proj",
          "vit-300m.fc1",
          "vit-300m.fc2");
  private static final List<String> TOKENS =
      List.of("qwen2-0.5b.swiglu.decode", "qwen2-0.5b.head.decode", "internlm2-1.8b.down.decode");
  private static final List<String> ATTENTION =
      List.of("qwen2-0.5b.attention.decode", "qwen2-0.5b.attention.prefill", "vit-300m.attention");

  private Plan() {}

  /// Measured in turns.
  ///
  /// @param rounds how often each run has its turn
  record Group(String title, int rounds, List<Run> runs) {}

  /// One call of JMH: a process for each combination of parameters.
  ///
  /// @param params values of each parameter
  /// @param millis of an iteration
  /// @param garbage whether to ask what a call allocates
  record Run(
      String benchmark,
      Map<String, List<String>> params,
      int warmups,
      int iterations,
      int millis,
      boolean garbage) {
    /// For people: what and with which parameters.
    String name() {
      return benchmark + " " + new TreeMap<>(params);
    }
  }

  /// @param engines that are on the class path: rivals may be missing
  static List<Group> of(String mode, Set<String> engines) {
    return switch (mode) {
      case "smoke" -> smoke();
      case "quick" -> quick(engines);
      case "full" -> full(engines);
      default ->
          throw new IllegalArgumentException(
              "bench: no mode is called " + mode + "; there are quick, full, smoke");
    };
  }

  /// What [WhereTimeGoes] looks at.
  static List<String> pieces(String mode) {
    return mode.equals("smoke")
        ? List.of("token-bf16")
        : List.of("token-bf16", "token-q8", "token-q4", "prompt", "tile");
  }

  private static List<Group> smoke() {
    return List.of(
        new Group("kernels", 1, List.of(kernels(List.of("vit-300m.norm"), "BF16", "0", 1, 1, 100))),
        new Group("tokens", 1, List.of(tokens("internvl4j", "INTERNVL2_1B", "bf16", 1, 1))),
        new Group("starting", 1, List.of(starts(".*", 1))));
  }

  private static List<Group> quick(Set<String> engines) {
    List<String> some =
        List.of("qwen2-0.5b.swiglu.prefill", "qwen2-0.5b.down.prefill", "vit-300m.fc1");
    List<Group> groups = new ArrayList<>();
    groups.add(
        new Group(
            "products of prompts and tiles",
            1,
            List.of(
                kernels(PROMPTS_AND_TILES, "BF16", "2", 4, 5, 300),
                kernels(some, "BF16", "1", 4, 5, 300))));
    groups.add(
        new Group(
            "products of one token",
            1,
            List.of(
                kernels(TOKENS, "BF16", "0", 5, 5, 400),
                kernels(TOKENS, "Q8", "0", 5, 5, 400),
                kernels(TOKENS, "Q4", "0", 5, 5, 400))));
    groups.add(singleProducts(engines));
    groups.add(new Group("attention", 1, List.of(kernels(ATTENTION, "BF16", "0", 5, 5, 400))));
    groups.add(wholeTokens(engines, 2, 3));
    groups.add(wholePrompts(engines, 2, 3));
    groups.add(new Group("a tile", 1, List.of(run("VisionBenchmark.tile", Map.of(), 0, 3, 1000))));
    groups.add(new Group("opening", 1, List.of(run("LoadBenchmark.*", Map.of(), 1, 3, 1000))));
    groups.add(
        new Group(
            "starting",
            1,
            List.of(starts("(empty|version|help)", 10), starts("(demo|firstAnswer)", 5))));
    return groups;
  }

  private static List<Group> full(Set<String> engines) {
    List<Group> groups = new ArrayList<>(quick(engines));
    List<String> rest = new ArrayList<>(KernelShapes.names());
    rest.removeAll(PROMPTS_AND_TILES);
    rest.removeAll(TOKENS);
    rest.removeAll(ATTENTION);
    groups.add(new Group("other kernels", 1, List.of(kernels(rest, "BF16", "0", 4, 5, 500))));
    groups.add(
        new Group(
            "tokens of the 2B",
            3,
            List.of(
                tokens("internvl4j", "INTERNVL2_2B", "bf16", 1, 2),
                tokens("internvl4j", "INTERNVL2_2B", "q8", 1, 2),
                tokens("internvl4j", "INTERNVL2_2B", "q4", 1, 2))));
    groups.add(
        new Group("prompts of the 2B", 1, List.of(prompt("internvl4j", "INTERNVL2_2B", 2, 5))));
    return groups;
  }

  private static Group wholeTokens(Set<String> engines, int rounds, int iterations) {
    List<Run> runs = new ArrayList<>();
    for (String weights : List.of("bf16", "q8", "q4")) {
      runs.add(tokens("internvl4j", "INTERNVL2_1B", weights, 1, iterations));
    }
    if (engines.contains("jlama")) {
      runs.add(tokens("jlama", "INTERNVL2_1B", "bf16", 1, iterations));
    }
    return new Group("tokens", rounds, runs);
  }

  private static Group wholePrompts(Set<String> engines, int rounds, int iterations) {
    List<Run> runs = new ArrayList<>();
    runs.add(prompt("internvl4j", "INTERNVL2_1B", 1, iterations));
    if (engines.contains("jlama")) {
      runs.add(prompt("jlama", "INTERNVL2_1B", 1, 1)); // a quarter of a minute a call
    }
    return new Group("prompts", rounds, runs);
  }

  private static Run kernels(
      List<String> shapes, String weights, String threads, int warmups, int iterations, int ms) {
    return run(
        "KernelBenchmark.call",
        Map.of("shape", shapes, "weights", List.of(weights), "threads", List.of(threads)),
        warmups,
        iterations,
        ms);
  }

  /// Nothing to compare without a rival.
  private static Group singleProducts(Set<String> engines) {
    List<Run> runs = new ArrayList<>();
    if (engines.contains("onnxruntime")) {
      for (String shapeAndThreads :
          List.of(
              "vit-300m.fc1 1",
              "vit-300m.fc1 2",
              "qwen2-0.5b.up.prefill 2",
              "qwen2-0.5b.head.decode 0")) {
        String shape = shapeAndThreads.substring(0, shapeAndThreads.indexOf(' '));
        String threads = shapeAndThreads.substring(shape.length() + 1);
        runs.add(product("internvl4j", shape, "F32", threads));
        runs.add(product("onnxruntime", shape, "F32", threads));
        if (!threads.equals("1")) {
          runs.add(product("internvl4j", shape, "BF16", threads));
        }
      }
    }
    return new Group("single products beside a rival's", 1, runs);
  }

  private static Run product(String engine, String shape, String weights, String threads) {
    return run(
        "ProductBenchmark.call",
        Map.of(
            "engine",
            List.of(engine),
            "shape",
            List.of(shape),
            "weights",
            List.of(weights),
            "threads",
            List.of(threads)),
        2,
        3,
        400);
  }

  private static Run tokens(
      String engine, String model, String weights, int warmups, int iterations) {
    Map<String, List<String>> params = speaker(engine, model, weights);
    return new Run("DecodeBenchmark.token", params, warmups, iterations, 1000, true);
  }

  private static Run prompt(String engine, String model, int warmups, int iterations) {
    return run(
        "PrefillBenchmark.prompt", speaker(engine, model, "bf16"), warmups, iterations, 1000);
  }

  private static Map<String, List<String>> speaker(String engine, String model, String weights) {
    return Map.of("engine", List.of(engine), "model", List.of(model), "weights", List.of(weights));
  }

  private static Run starts(String which, int iterations) {
    return run("StartupBenchmark." + which, Map.of(), 1, iterations, 1000);
  }

  private static Run run(
      String benchmark, Map<String, List<String>> params, int warmups, int iterations, int ms) {
    return new Run(benchmark, params, warmups, iterations, ms, false);
  }
}
