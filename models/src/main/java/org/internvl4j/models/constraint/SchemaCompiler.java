package org.internvl4j.models.constraint;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.internvl4j.loader.json.Json;

/// A JSON Schema (draft 2020-12) to a grammar. What is left out of the grammar is left out of
/// answers; nothing else may come in: every answer is valid, not every valid answer can come.
final class SchemaCompiler {
  /// How often a `$ref` is followed inside what another one stands for.
  static final int MAX_REFS = 12;

  /// How deep values go where the schema does not say.
  static final int ANY_DEPTH = 12;

  /// How long a text may be where the schema allows longer ones.
  static final int MAX_LENGTH = 4_000;

  static final int MAX_NESTING = 48;
  private static final int MAX_RULES = 100_000;
  private static final long VALUE = 20; // steps

  private final Grammar grammar = new Grammar();
  private final Budget budget = new Budget();
  private final CharacterRules characters = new CharacterRules(grammar);
  private final AnyValues any = new AnyValues(this);
  private final Containers containers = new Containers(this);
  private final Json root;
  private final List<Map<Json, Integer>> known = new ArrayList<>();
  private final Map<String, TextStates> patterns = new HashMap<>();
  private int rules;
  private boolean freeNames;

  /// @param freeNames whether objects can have names that the schema does not list
  record Compiled(Grammar grammar, int start, boolean freeNames) {}

  private SchemaCompiler(Json root) {
    this.root = root;
    for (int i = 0; i <= MAX_REFS; i++) {
      known.add(new IdentityHashMap<>());
    }
  }

  static Compiled compile(Json schema) {
    SchemaCompiler compiler = new SchemaCompiler(schema);
    int start = compiler.rule(schema, new Depth(MAX_REFS, 0));
    if (start == Grammar.NOTHING) {
      throw new SchemaException(
          "schema: no value that is allowed can match it; a value that holds itself must be able to"
              + " end within "
              + MAX_REFS
              + " $refs");
    }
    return new Compiled(compiler.grammar, start, compiler.freeNames);
  }

  /// Any object.
  static Compiled object(Json place) {
    SchemaCompiler compiler = new SchemaCompiler(place);
    compiler.freeNames = true;
    return new Compiled(compiler.grammar, compiler.any.object(ANY_DEPTH), true);
  }

  /// @param refs that may still be followed
  /// @param nesting of schemas since the last one
  record Depth(int refs, int nesting) {
    Depth inner() {
      return new Depth(refs, nesting + 1);
    }
  }

  Grammar grammar() {
    return grammar;
  }

  CharacterRules characters() {
    return characters;
  }

  AnyValues any() {
    return any;
  }

  void usesFreeNames() {
    freeNames = true;
  }

  /// The rule of a schema, or [Grammar#NOTHING].
  int rule(Json schema, Depth depth) {
    Integer done = known.get(depth.refs).get(schema);
    if (done != null) {
      return done;
    }
    if (depth.nesting > MAX_NESTING) {
      throw Keywords.refused(schema, "is nested deeper than " + MAX_NESTING);
    }
    if (++rules > MAX_RULES) {
      throw new SchemaException("schema: it has more than " + MAX_RULES + " parts");
    }
    int rule = build(schema, depth);
    known.get(depth.refs).put(schema, rule);
    return rule;
  }

  private int build(Json schema, Depth depth) {
    if (schema instanceof Json.Bool bool) {
      if (bool.value()) {
        usesFreeNames();
      }
      return bool.value() ? any.value(ANY_DEPTH) : Grammar.NOTHING;
    }
    Keywords.check(schema);
    Map<String, Json> fields = schema.fields();
    if (fields.containsKey("$ref")) {
      return reference(schema.at("$ref"), depth);
    }
    if (fields.containsKey("enum") || fields.containsKey("const")) {
      budget.spend(VALUE * (fields.containsKey("const") ? 1 : schema.at("enum").items().size()));
      return words(Keywords.values(schema));
    }
    Json choice = fields.containsKey("anyOf") ? schema.at("anyOf") : schema.find("oneOf");
    if (choice != null) {
      if (fields.containsKey("oneOf")) {
        new Disjoint(root, budget).check(choice);
      }
      return union(choice.items().stream().map(item -> rule(item, depth.inner())).toList());
    }
    Set<String> types = Keywords.types(schema);
    if (types.size() == Keywords.TYPES.size()) {
      usesFreeNames();
      return any.value(ANY_DEPTH);
    }
    return union(types.stream().map(type -> typed(type, schema, depth)).toList());
  }

  private int reference(Json reference, Depth depth) {
    Json target = Keywords.follow(root, reference);
    return depth.refs == 0 ? Grammar.NOTHING : rule(target, new Depth(depth.refs - 1, 0));
  }

  private int typed(String type, Json schema, Depth depth) {
    return switch (type) {
      case "object" -> containers.object(schema, depth);
      case "array" -> containers.array(schema, depth);
      case "string" -> text(schema);
      case "number" -> number(schema, false);
      case "integer" -> number(schema, true);
      case "boolean" -> words(List.of("true", "false"));
      default -> words(List.of(type));
    };
  }

  /// The rule of any of some rules.
  int union(List<Integer> rules) {
    Set<Integer> distinct = new LinkedHashSet<>(rules);
    distinct.remove(Grammar.NOTHING);
    if (distinct.size() <= 1) {
      return distinct.isEmpty() ? Grammar.NOTHING : distinct.iterator().next();
    }
    int start = grammar.node();
    distinct.forEach(rule -> grammar.empty(start, rule));
    return start;
  }

  /// The rule of any of some texts, as a tree of their bytes.
  int words(List<String> words) {
    return words.isEmpty() ? Grammar.NOTHING : new Words(grammar).rule(words);
  }

  private int text(Json schema) {
    int least = Keywords.count(schema, "minLength", 0);
    int most = Keywords.count(schema, "maxLength", -1);
    Json pattern = schema.find("pattern");
    Json format = schema.find("format");
    if (pattern != null && format != null) {
      throw Keywords.refused(format, "beside pattern is not supported");
    }
    if (least > MAX_LENGTH) {
      throw Keywords.refused(schema.at("minLength"), "is " + least + ", at most " + MAX_LENGTH);
    }
    TextStates states = TextStates.any();
    String where = schema.place().path();
    if (pattern != null) {
      where = pattern.place().path();
      states = pattern(pattern.asText(), where);
    } else if (format != null) {
      String known = Formats.PATTERNS.get(format.asText());
      if (known == null) {
        throw Keywords.refused(
            format,
            "\""
                + format.asText()
                + "\" is not supported; expected date, time, date-time, ipv4 or"
                + " uuid");
      }
      states = pattern(known, where);
    }
    return rule(states, least, Math.min(most, MAX_LENGTH), where);
  }

  private TextStates pattern(String text, String where) {
    TextStates states = patterns.get(text);
    if (states == null) {
      states = PatternStates.of(Pattern.parse(text, where), where, budget);
      patterns.put(text, states);
    }
    return states;
  }

  private int number(Json schema, boolean integer) {
    Numerals.Bounds all = Numerals.Bounds.none(integer);
    int multiple = 1;
    Json step = schema.find("multipleOf");
    if (step != null) {
      BigDecimal value = Keywords.decimal(step);
      if (value.signum() <= 0
          || value.compareTo(BigDecimal.valueOf(1000)) > 0
          || value.stripTrailingZeros().scale() > 0) {
        throw Keywords.refused(
            step, "is " + step + "; only whole numbers of 1 … 1000 are supported");
      }
      multiple = value.intValueExact();
    }
    BigDecimal low = all.low();
    boolean lowInside = false;
    BigDecimal high = all.high();
    boolean highInside = false;
    for (String key : List.of("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")) {
      Json bound = schema.find(key);
      if (bound == null) {
        continue;
      }
      BigDecimal value = Keywords.decimal(bound);
      boolean inside = !key.startsWith("exclusive");
      int over = key.endsWith("inimum") ? value.compareTo(low) : high.compareTo(value);
      if (over > 0 || (over == 0 && !inside)) {
        if (key.endsWith("inimum")) {
          low = value;
          lowInside = inside;
        } else {
          high = value;
          highInside = inside;
        }
      }
    }
    boolean whole = integer || step != null;
    return Numerals.rule(
        grammar, new Numerals.Bounds(low, lowInside, high, highInside, whole, multiple));
  }

  /// The rule of a string that is none of some words, as the name of a property.
  int name(Set<String> except) {
    return rule(TextStates.except(except, budget), 0, -1, "schema");
  }

  private int rule(TextStates states, int least, int most, String where) {
    return new TextRule(states, grammar, characters, budget, where).rule(least, most);
  }
}
