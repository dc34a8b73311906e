package org.internvl4j.testkit;

import java.util.List;
import org.internvl4j.loader.json.Json;

/// One case of the ONNX operator conformance suite; its tensors are `NAME/TENSOR` in
/// `cases.safetensors`.
///
/// @param inputs names of its inputs in the operator's order; empty where one is left out
/// @param outputs names of its outputs, likewise
public record OnnxCase(
    String name, String op, int opset, Json attributes, List<String> inputs, List<String> outputs) {

  /// All 167, in the order of the file.
  public static List<OnnxCase> all() {
    Json cases = Fixtures.json(Fixtures.folder("onnx").resolve("cases.json"));
    return cases.items().stream().map(OnnxCase::of).toList();
  }

  private static OnnxCase of(Json json) {
    return new OnnxCase(
        json.getText("name"),
        json.getText("op"),
        json.getInt("opset"),
        json.at("attributes"),
        json.at("inputs").items().stream().map(Json::asText).toList(),
        json.at("outputs").items().stream().map(Json::asText).toList());
  }

  /// Whether input `i` is given.
  public boolean has(int i) {
    return i < inputs.size() && !inputs.get(i).isEmpty();
  }

  /// An integer attribute.
  public int integer(String attribute, int otherwise) {
    return attributes.getInt(attribute, otherwise);
  }

  /// A floating-point attribute.
  public double number(String attribute, double otherwise) {
    return attributes.getDouble(attribute, otherwise);
  }

  /// A string attribute.
  public String text(String attribute, String otherwise) {
    return attributes.getText(attribute, otherwise);
  }

  @Override
  public String toString() {
    return name;
  }
}
