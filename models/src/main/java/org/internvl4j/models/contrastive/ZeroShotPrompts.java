package org.internvl4j.models.contrastive;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;

/// What a picture may be of, and the sentences that say so.
///
/// @param classes names
/// @param templates sentences with `{c}` where the name goes
public record ZeroShotPrompts(List<String> classes, List<String> templates) {
  /// Where the name goes.
  public static final String PLACE = "{c}";

  /// The name alone.
  public static final List<String> PLAIN = List.of(PLACE);

  /// @throws IllegalArgumentException if there is no class or no template, or one has no place for
  ///   the name
  public ZeroShotPrompts {
    classes = List.copyOf(classes);
    templates = List.copyOf(templates);
    if (classes.isEmpty() || templates.isEmpty()) {
      throw new IllegalArgumentException("classes: expected at least one name and one template");
    }
    for (String template : templates) {
      if (!template.contains(PLACE)) {
        throw new IllegalArgumentException(
            "templates: '" + template + "' has no " + PLACE + " where the name goes");
      }
    }
  }

  /// The sentences about a class.
  public List<String> about(String name) {
    return templates.stream().map(template -> template.replace(PLACE, name)).toList();
  }

  /// The names, or the templates, of a data set in a file of the format of CLIP benchmark.
  ///
  /// @param json lists by data set, or one list
  /// @param dataset which one; may be empty where there is one
  /// @throws CheckpointException if there is none of this name, naming those that there are
  public static List<String> list(Json json, String dataset) {
    Json list = json;
    if (json instanceof Json.Obj all) {
      String name = dataset.isEmpty() && all.fields().size() == 1 ? only(all) : dataset;
      if (!json.has(name)) {
        throw json.wrong(
            "a data set "
                + (name.isEmpty() ? "to be named" : "'" + name + "'")
                + ", there are "
                + String.join(", ", all.fields().keySet()));
      }
      list = json.at(name);
    }
    List<String> texts = new ArrayList<>();
    for (Json text : list.items()) {
      texts.add(text.asText());
    }
    if (texts.isEmpty()) {
      throw list.wrong("at least one text");
    }
    return texts;
  }

  private static String only(Json.Obj all) {
    return all.fields().keySet().iterator().next();
  }
}
