package org.internvl4j.models.constraint;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Rules of JSON values of which nothing is said but how deep they go.
final class AnyValues {
  private final SchemaCompiler compiler;
  private final int[] values = new int[SchemaCompiler.ANY_DEPTH + 1];
  private int name = Grammar.NOTHING;
  private int scalar = Grammar.NOTHING;

  AnyValues(SchemaCompiler compiler) {
    this.compiler = compiler;
  }

  /// @param depth of the arrays and objects in each other
  int value(int depth) {
    if (values[depth] == 0) {
      List<Integer> rules = new ArrayList<>();
      rules.add(scalar());
      if (depth > 0) {
        rules.add(object(depth));
        rules.add(array(depth));
      }
      values[depth] = compiler.union(rules);
    }
    return values[depth];
  }

  private int scalar() {
    if (scalar == Grammar.NOTHING) {
      int number = Numerals.rule(compiler.grammar(), Numerals.Bounds.none(false));
      int word = compiler.words(List.of("true", "false", "null"));
      scalar = compiler.union(List.of(name(), number, word));
    }
    return scalar;
  }

  private int name() {
    if (name == Grammar.NOTHING) {
      name = compiler.name(Set.of());
    }
    return name;
  }

  int object(int depth) {
    Grammar grammar = compiler.grammar();
    int start = grammar.node();
    int open = grammar.behind(start, '{');
    int member = grammar.node();
    int named = grammar.node();
    int end = grammar.node();
    grammar.empty(open, member);
    grammar.call(member, name(), named);
    grammar.call(grammar.behindSeparator(named, ':'), value(depth - 1), end);
    grammar.empty(grammar.behindSeparator(end, ','), member);
    grammar.bytes(open, '}', '}', Grammar.END);
    grammar.bytes(end, '}', '}', Grammar.END);
    return start;
  }

  int array(int depth) {
    Grammar grammar = compiler.grammar();
    int start = grammar.node();
    int open = grammar.behind(start, '[');
    int item = grammar.node();
    int end = grammar.node();
    grammar.empty(open, item);
    grammar.call(item, value(depth - 1), end);
    grammar.empty(grammar.behindSeparator(end, ','), item);
    grammar.bytes(open, ']', ']', Grammar.END);
    grammar.bytes(end, ']', ']', Grammar.END);
    return start;
  }
}
