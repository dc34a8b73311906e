package org.internvl4j.loader;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.Pickled.Dict;
import org.internvl4j.loader.Pickled.Items;
import org.internvl4j.loader.Pickled.Opaque;
import org.internvl4j.loader.Pickled.Tuple;
import org.internvl4j.loader.Pickled.View;
import org.jspecify.annotations.Nullable;

/// The tensors in what was saved, by the keys that lead to them, joined by dots.
///
/// @param tensors in the order of the file, none larger than its storage
/// @param others what else there is, tensors with more elements than they span among it
record StateDict(Map<String, View> tensors, Map<String, Pickled> others) {
  /// The keys under which training code saves the weights beside other things.
  private static final List<String> WRAPPERS =
      List.of("state_dict", "model", "module", "model_state_dict");

  private static final int MAX_DEPTH = 32;
  private static final int MAX_VALUES = 300_000;
  private static final int MAX_NAME = 65_536;
  private static final int MAX_NAMES = 20_000_000;

  /// @param keys those to follow from the top; none: the top, or while that holds no tensor itself,
  ///   what it holds under the first of `state_dict`, `model`, `module`, `model_state_dict`
  /// @throws CheckpointException if there is no dict of tensors, or more in it than a file may hold
  static StateDict of(Pickled saved, List<String> keys, String file) {
    Pickled top = keys.isEmpty() ? unwrapped(saved) : at(saved, keys, file);
    if (!isContainer(top)) {
      String where = keys.isEmpty() ? "it" : String.join(".", keys);
      throw new CheckpointException(
          file, where + " is " + top.what() + ", expected a dict of tensors (a state_dict())");
    }
    return new Walk(file).from(top);
  }

  private static Pickled unwrapped(Pickled saved) {
    Pickled top = saved;
    for (int depth = 0; depth < MAX_DEPTH; depth++) {
      Pickled inner = top instanceof Dict dict ? wrapped(dict) : null;
      if (inner == null) {
        return top;
      }
      top = inner;
    }
    return top;
  }

  private static @Nullable Pickled wrapped(Dict dict) {
    if (dict.values.values().stream().anyMatch(View.class::isInstance)) {
      return null;
    }
    for (String key : WRAPPERS) {
      Pickled inner = dict.get(key);
      if (inner instanceof Dict || inner instanceof Opaque) {
        return inner;
      }
    }
    return null;
  }

  private static Pickled at(Pickled saved, List<String> keys, String file) {
    Pickled top = saved;
    for (String key : keys) {
      Pickled inner = top instanceof Dict dict ? dict.get(key) : null;
      if (inner == null) {
        List<String> there =
            top instanceof Dict dict
                ? dict.values.keySet().stream().limit(10).map(String::valueOf).toList()
                : List.of();
        throw new CheckpointException(
            file, "has no " + String.join(".", keys) + ": " + key + " is none of " + there);
      }
      top = inner;
    }
    return top;
  }

  private static boolean isContainer(Pickled value) {
    return value instanceof Dict || value instanceof Items || value instanceof Tuple;
  }

  /// Containers are entered in order, without recursion: they may hold each other and themselves.
  private static final class Walk {
    private record Step(String name, Pickled value, int depth) {}

    private final String file;
    private final Map<String, View> tensors = new LinkedHashMap<>();
    private final Map<String, Pickled> others = new LinkedHashMap<>();
    private final Deque<Step> open = new ArrayDeque<>();
    private int values;
    private long characters;

    Walk(String file) {
      this.file = file;
    }

    StateDict from(Pickled top) {
      open.push(new Step("", top, 0));
      while (!open.isEmpty()) {
        Step step = open.pop();
        switch (step.value) {
          case Dict dict -> enter(step, dict.values.keySet(), dict.values.values());
          case Items items -> enter(step, null, items.values);
          case Tuple(List<Pickled> items) -> enter(step, null, items);
          case View view -> add(step.name, view);
          case Pickled other -> others.put(step.name, other);
        }
      }
      return new StateDict(
          Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(others));
    }

    /// @param keys of the values; null: their indices
    private void enter(
        Step container, @Nullable Collection<Object> keys, Collection<Pickled> inside) {
      if (container.depth == MAX_DEPTH) {
        throw new CheckpointException(
            file, container.name + ": containers in containers, more than " + MAX_DEPTH + " deep");
      }
      values += inside.size();
      if (values > MAX_VALUES) {
        throw new CheckpointException(file, "more than " + MAX_VALUES + " values");
      }
      List<Step> steps = new ArrayList<>(inside.size());
      Iterator<Object> key = keys == null ? null : keys.iterator();
      for (Pickled value : inside) {
        Object last = key == null ? (Object) steps.size() : key.next();
        steps.add(new Step(name(container.name, last), value, container.depth + 1));
      }
      steps.reversed().forEach(open::push);
    }

    private String name(String path, Object last) {
      String name = path.isEmpty() ? last.toString() : path + "." + last;
      characters += name.length();
      if (name.length() > MAX_NAME || characters > MAX_NAMES) {
        throw new CheckpointException(
            file,
            "a tensor's name is longer than %d characters or all are longer than %d"
                .formatted(MAX_NAME, MAX_NAMES));
      }
      return name;
    }

    private void add(String name, View view) {
      if (view.elements() > view.span()) {
        others.put(name, view); // expanded: a copy would have no bounds
      } else if (tensors.putIfAbsent(name, view) != null) {
        throw new CheckpointException(file, "two tensors would be called " + name);
      }
    }
  }
}
