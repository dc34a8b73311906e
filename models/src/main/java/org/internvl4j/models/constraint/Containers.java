package org.internvl4j.models.constraint;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.constraint.SchemaCompiler.Depth;
import org.jspecify.annotations.Nullable;

/// Rules of objects and arrays.
final class Containers {
  static final int MAX_PROPERTIES = 1_000;
  static final int MAX_ITEMS = 10_000;

  private final SchemaCompiler compiler;
  private final Grammar grammar;

  Containers(SchemaCompiler compiler) {
    this.compiler = compiler;
    this.grammar = compiler.grammar();
  }

  /// @param name as JSON writes it
  private record Property(String name, int rule, boolean required) {}

  /// Properties in the order of the schema, then those it does not name.
  int object(Json schema, Depth depth) {
    Json listed = schema.find("properties");
    Map<String, Json> properties = listed == null ? Map.of() : listed.fields();
    Set<String> required = new LinkedHashSet<>();
    Json names = schema.find("required");
    if (names != null) {
      names.items().forEach(name -> required.add(name.asText()));
    }
    Set<String> all = new LinkedHashSet<>(properties.keySet());
    all.addAll(required);
    if (all.size() > MAX_PROPERTIES) {
      throw Keywords.refused(schema, "has more than " + MAX_PROPERTIES + " properties");
    }
    Json more = schema.fields().get("additionalProperties");
    int other = more == null ? anything(listed == null) : compiler.rule(more, depth.inner());
    Map<String, Property> members = new LinkedHashMap<>();
    for (String name : all) {
      Json property = properties.get(name);
      int rule = other;
      if (property != null) {
        rule = compiler.rule(property, depth.inner());
      } else if (more == null) {
        rule = anything(true);
      }
      if (rule != Grammar.NOTHING) {
        String text = new Json.Str(name, schema.place()).toString();
        members.put(name, new Property(text, rule, required.contains(name)));
      } else if (required.contains(name)) {
        return Grammar.NOTHING;
      }
    }
    if (other != Grammar.NOTHING) {
      compiler.usesFreeNames();
    }
    return members(List.copyOf(members.values()), all, other);
  }

  private int anything(boolean allowed) {
    if (!allowed) {
      return Grammar.NOTHING;
    }
    compiler.usesFreeNames();
    return compiler.any().value(SchemaCompiler.ANY_DEPTH);
  }

  private int members(List<Property> members, Set<String> names, int other) {
    int start = grammar.node();
    // at[0] is where nothing has been written yet, at[1] where something has
    int[] at = {grammar.behind(start, '{'), grammar.node()};
    for (Property member : members) {
      int[] then = {grammar.node(), grammar.node()};
      int name = grammar.node();
      grammar.empty(at[0], name);
      grammar.empty(grammar.behindSeparator(at[1], ','), name);
      value(name, member, then[1]);
      if (!member.required) {
        grammar.empty(at[0], then[0]);
        grammar.empty(at[1], then[1]);
      }
      at = then;
    }
    if (other != Grammar.NOTHING) {
      int name = grammar.node();
      int named = grammar.node();
      grammar.empty(at[0], name);
      grammar.empty(grammar.behindSeparator(at[1], ','), name);
      grammar.call(name, compiler.name(names), named);
      grammar.call(grammar.behindSeparator(named, ':'), other, at[1]);
    }
    grammar.bytes(at[0], '}', '}', Grammar.END);
    grammar.bytes(at[1], '}', '}', Grammar.END);
    return start;
  }

  private void value(int from, Property member, int to) {
    int named = grammar.node();
    grammar.path(from, member.name.getBytes(StandardCharsets.UTF_8), named);
    grammar.call(grammar.behindSeparator(named, ':'), member.rule, to);
  }

  int array(Json schema, Depth depth) {
    int least = Keywords.count(schema, "minItems", 0);
    int most = Keywords.count(schema, "maxItems", -1);
    Json prefix = schema.find("prefixItems");
    List<Json> first = prefix == null ? List.of() : prefix.items();
    Json items = schema.fields().get("items");
    if (Math.max(least, first.size()) > MAX_ITEMS) {
      throw Keywords.refused(schema, "asks for more than " + MAX_ITEMS + " items");
    }
    int rest = items == null ? anything(prefix == null) : compiler.rule(items, depth.inner());
    List<Integer> fixed = new ArrayList<>();
    for (Json item : first) {
      fixed.add(compiler.rule(item, depth.inner()));
    }
    return items(fixed, rest, least, most < 0 ? null : Math.min(most, MAX_ITEMS));
  }

  private int items(List<Integer> fixed, int rest, int least, @Nullable Integer most) {
    int start = grammar.node();
    int at = grammar.behind(start, '[');
    int count = 0;
    int last = most == null ? Math.max(least, fixed.size()) : most;
    while (true) {
      if (count >= least && (most == null || count <= most)) {
        grammar.bytes(at, ']', ']', Grammar.END);
      }
      int rule = count < fixed.size() ? fixed.get(count) : rest;
      if (rule == Grammar.NOTHING || count >= last) {
        break;
      }
      int value = count == 0 ? at : grammar.behindSeparator(at, ',');
      at = grammar.node();
      grammar.call(value, rule, at);
      count++;
    }
    if (count < least || (most != null && most < least)) {
      return Grammar.NOTHING;
    }
    if (most == null && rest != Grammar.NOTHING && count == last) {
      endless(at, count, rest);
    }
    return start;
  }

  private void endless(int at, int count, int rule) {
    int value = grammar.node();
    int end = grammar.node();
    grammar.empty(count == 0 ? at : grammar.behindSeparator(at, ','), value);
    grammar.call(value, rule, end);
    grammar.empty(grammar.behindSeparator(end, ','), value);
    grammar.bytes(end, ']', ']', Grammar.END);
  }
}
