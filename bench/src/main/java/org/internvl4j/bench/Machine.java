package org.internvl4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/// The machine and the program of a run, for its result.
record Machine(TreeMap<String, String> facts) {
  /// This one.
  ///
  /// @param commit of the program
  /// @param flags of the measured processes
  static Machine here(String commit, List<String> flags) {
    TreeMap<String, String> facts = new TreeMap<>();
    facts.put("cpu", cpu());
    facts.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("memory", firstOf("/proc/meminfo", "MemTotal"));
    facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    facts.put("jdk", System.getProperty("java.vendor") + " " + Runtime.version());
    facts.put("flags", String.join(" ", flags));
    facts.put("commit", commit);
    return new Machine(facts);
  }

  /// The processor as the system calls it, with the instructions that matter here: a virtual
  /// machine often hides the model.
  private static String cpu() {
    String model = firstOf("/proc/cpuinfo", "model name");
    String flags = " " + firstOf("/proc/cpuinfo", "flags") + " ";
    StringBuilder name = new StringBuilder(model.isEmpty() ? System.getProperty("os.arch") : model);
    for (String flag : List.of("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile")) {
      if (flags.contains(" " + flag + " ")) {
        name.append(' ').append(flag);
      }
    }
    return name.toString();
  }

  private static String firstOf(String file, String key) {
    try {
      return Files.readAllLines(Path.of(file)).stream()
          .filter(line -> line.startsWith(key))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      return "";
    }
  }

  /// A short name for files: `amd-epyc-2`.
  String shortName() {
    String cpu =
        facts.getOrDefault("cpu", "cpu").replaceAll("(?i)\\b(avx|amx)\\S*|\\(.*?\\)|@.*", "");
    return (cpu.strip() + "-" + facts.get("cores"))
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^a-z0-9]+", "-");
  }
}
