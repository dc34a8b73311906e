package org.internvl4j.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;

/// What one benchmark measured with one set of parameters, in all rounds of a run.
///
/// @param benchmark `KernelBenchmark.call`
/// @param params its parameters
/// @param command what measures it again
/// @param engine name, version, threads and dtypes of whoever computed, as it says itself
/// @param samples one an iteration, in the order of time
/// @param garbage bytes allocated a call in the last iteration of a process, the least of all
///   rounds; NaN where it was not asked
record Measurement(
    String benchmark,
    Map<String, String> params,
    String command,
    String engine,
    List<Sample> samples,
    double garbage) {
  /// An iteration.
  ///
  /// @param seconds a call
  /// @param facts what stood beside it: [Counters]
  record Sample(double seconds, Map<String, Double> facts) {
    double fact(String name) {
      return facts.getOrDefault(name, Double.NaN);
    }

    /// GB/s over that of a plain loop that reads.
    double shareOfRead() {
      return fact("gigabytes") / seconds / fact("plainRead");
    }

    /// GFLOP/s over that of a plain loop of fused multiply-adds.
    double shareOfFma() {
      return fact("gigaflops") / seconds / fact("plainFma");
    }
  }

  Measurement {
    params = new TreeMap<>(params);
    samples = List.copyOf(samples);
  }

  /// Tells measurements of one run apart: benchmark and parameters.
  String key() {
    return benchmark + params;
  }

  /// Whether benchmark and these parameters are its own.
  boolean is(String benchmark, String... keysAndValues) {
    boolean same = this.benchmark.equals(benchmark);
    for (int i = 0; i < keysAndValues.length; i += 2) {
      same &= keysAndValues[i + 1].equals(params.get(keysAndValues[i]));
    }
    return same;
  }

  double best(ToDoubleFunction<Sample> of) {
    return samples.stream().mapToDouble(of).max().orElse(Double.NaN);
  }

  double median(ToDoubleFunction<Sample> of) {
    return median(samples.stream().mapToDouble(of).toArray());
  }

  static double median(double... values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }

  /// The samples of two runs with the same parameters.
  Measurement and(Measurement later) {
    List<Sample> all = new ArrayList<>(samples);
    all.addAll(later.samples);
    return new Measurement(
        benchmark, params, command, engine, all, Math.min(garbage, later.garbage));
  }

  void write(JsonWriter json) {
    json.object().field("benchmark", benchmark);
    json.object("params");
    params.forEach(json::field);
    json.end().field("command", command).field("engine", engine);
    if (!Double.isNaN(garbage)) {
      json.field("garbageBytes", garbage);
    }
    json.array("samples");
    for (Sample sample : samples) {
      json.object().field("seconds", sample.seconds);
      new TreeMap<>(sample.facts).forEach(json::field);
      json.end();
    }
    json.end().end();
  }

  static Measurement of(Json json) {
    Map<String, String> params = new TreeMap<>();
    json.at("params").fields().forEach((name, value) -> params.put(name, value.asText()));
    List<Sample> samples = new ArrayList<>();
    for (Json item : json.at("samples").items()) {
      Map<String, Double> facts = new TreeMap<>();
      item.fields().forEach((name, value) -> facts.put(name, value.asDouble()));
      double seconds = item.getDouble("seconds");
      facts.remove("seconds");
      samples.add(new Sample(seconds, facts));
    }
    return new Measurement(
        json.getText("benchmark"),
        params,
        json.getText("command"),
        json.getText("engine"),
        samples,
        json.getDouble("garbageBytes", Double.NaN));
  }
}
