package org.internvl4j.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;

/// Where the time of one piece of work went.
///
/// @param what `a token, bf16`, `a tile`, `a prompt of 512 tokens`
/// @param command what measures it again
/// @param wallMillis from beginning to end
/// @param kernelMillis of each kernel, longest first; the rest was spent between kernels
record Breakdown(String what, String command, double wallMillis, Map<String, Double> kernelMillis) {
  Breakdown {
    Map<String, Double> sorted = new LinkedHashMap<>();
    kernelMillis.entrySet().stream()
        .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
        .forEach(e -> sorted.put(e.getKey(), e.getValue()));
    kernelMillis = sorted;
  }

  /// Time that no kernel had.
  double betweenMillis() {
    return wallMillis - kernelMillis.values().stream().mapToDouble(x -> x).sum();
  }

  void write(JsonWriter json) {
    json.object().field("what", what).field("command", command).field("wallMillis", wallMillis);
    json.object("kernelMillis");
    kernelMillis.forEach(json::field);
    json.end().end();
  }

  static Breakdown of(Json json) {
    Map<String, Double> kernels = new LinkedHashMap<>();
    json.at("kernelMillis").fields().forEach((name, value) -> kernels.put(name, value.asDouble()));
    return new Breakdown(
        json.getText("what"), json.getText("command"), json.getDouble("wallMillis"), kernels);
  }
}
