package org.internvl4j.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;

/// A whole run, as it is kept in `bench/results`.
///
/// @param date when it began
/// @param command the one command that made it
/// @param machine facts of machine, Java and program
/// @param othersSeconds processor time of other programs meanwhile
/// @param failures what could not be measured, and why
record Results(
    String date,
    String command,
    Map<String, String> machine,
    double othersSeconds,
    List<Measurement> measurements,
    List<Breakdown> breakdowns,
    List<String> failures) {

  /// All of a benchmark with these parameters.
  Stream<Measurement> all(String benchmark, String... keysAndValues) {
    return measurements.stream().filter(m -> m.is(benchmark, keysAndValues));
  }

  /// The one of a benchmark with these parameters.
  Optional<Measurement> one(String benchmark, String... keysAndValues) {
    return all(benchmark, keysAndValues).findFirst();
  }

  String toJson() {
    JsonWriter json = new JsonWriter().object().field("date", date).field("command", command);
    json.object("machine");
    machine.forEach(json::field);
    json.end().field("othersSeconds", othersSeconds);
    json.array("measurements");
    measurements.forEach(m -> m.write(json));
    json.end().array("breakdowns");
    breakdowns.forEach(b -> b.write(json));
    json.end().array("failures");
    failures.forEach(json::value);
    json.end();
    return json.end().toString().replace("{\"benchmark\"", "\n{\"benchmark\"") + "\n";
  }

  /// @param source what messages call it
  static Results of(byte[] utf8, String source) {
    Json json = Json.parse(utf8, source);
    Map<String, String> machine = new TreeMap<>();
    json.at("machine").fields().forEach((name, value) -> machine.put(name, value.asText()));
    return new Results(
        json.getText("date"),
        json.getText("command"),
        machine,
        json.getDouble("othersSeconds"),
        json.at("measurements").items().stream().map(Measurement::of).toList(),
        json.at("breakdowns").items().stream().map(Breakdown::of).toList(),
        json.at("failures").items().stream().map(Json::asText).toList());
  }

  /// What [WhereTimeGoes] wrote.
  static List<Breakdown> breakdowns(byte[] utf8) {
    return new ArrayList<>(
        Json.parse(utf8, "breakdown").items().stream().map(Breakdown::of).toList());
  }
}
