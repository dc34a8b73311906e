package org.internvl4j.loader;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A value in a pickle: data, never a Python object.
///
/// Containers may hold each other and themselves: nothing here compares, hashes or prints what is
/// in one.
sealed interface Pickled {
  /// For messages: `a dict`.
  String what();

  /// Values of which only the kind matters.
  enum Atom implements Pickled {
    NONE("None"),
    TRUE("True"),
    FALSE("False"),
    NUMBER("a number"),
    BYTES("bytes"),
    SET("a set");

    private final String what;

    Atom(String what) {
      this.what = what;
    }

    @Override
    public String what() {
      return what;
    }
  }

  /// An integer that 64 bits hold; larger ones are [Atom#NUMBER].
  record Int(long value) implements Pickled {
    @Override
    public String what() {
      return "the integer " + value;
    }
  }

  /// A text.
  record Text(String value) implements Pickled {
    @Override
    public String what() {
      return "the text \"" + (value.length() > 40 ? value.substring(0, 40) + "…" : value) + '"';
    }
  }

  /// A tuple, which has been filled when it is made.
  record Tuple(List<Pickled> values) implements Pickled {
    @Override
    public String what() {
      return "a tuple of " + values.size();
    }
  }

  /// A list, which is filled later.
  final class Items implements Pickled {
    final List<Pickled> values = new ArrayList<>();

    @Override
    public String what() {
      return "a list";
    }
  }

  /// A dict or an OrderedDict: what belongs to a key that is a text or an integer.
  final class Dict implements Pickled {
    /// By [String] or [Long], in the order of the file.
    final Map<Object, Pickled> values = new LinkedHashMap<>();

    @Nullable Pickled get(String key) {
      return values.get(key);
    }

    @Override
    public String what() {
      return "a dict";
    }
  }

  /// The name of a class or function. It stands for nothing: nobody looks it up.
  record Global(String name) implements Pickled {
    @Override
    public String what() {
      return name;
    }
  }

  /// What Python would have made by calling something that is never called here.
  record Opaque(String maker) implements Pickled {
    @Override
    public String what() {
      return "made by " + maker + ", which is never called";
    }
  }

  /// A stretch of elements in the file.
  ///
  /// @param key its name there
  /// @param type of the elements; null if they are bytes that each tensor reads in its own way
  record Storage(String key, @Nullable StoredType type, long bytes) implements Pickled {
    @Override
    public String what() {
      return "storage " + key;
    }
  }

  /// A view of a storage. All its elements are known to lie in it.
  ///
  /// @param offset of the first element, in bytes
  /// @param strides in elements, as many as dimensions
  record View(Storage storage, StoredType type, long offset, List<Long> shape, List<Long> strides)
      implements Pickled {
    /// How many elements it has.
    long elements() {
      return shape.stream().reduce(1L, (a, b) -> a * b);
    }

    /// How many elements lie between its first and its last, these included.
    long span() {
      long last = 0;
      for (int i = 0; i < shape.size(); i++) {
        if (shape.get(i) == 0) {
          return 0;
        }
        last += (shape.get(i) - 1) * strides.get(i);
      }
      return last + 1;
    }

    /// Whether its elements lie in order, outermost dimension first.
    boolean isContiguous() {
      long expected = 1;
      for (int i = shape.size() - 1; i >= 0; i--) {
        if (shape.get(i) != 1) {
          if (strides.get(i) != expected && !shape.contains(0L)) {
            return false;
          }
          expected *= shape.get(i);
        }
      }
      return true;
    }

    @Override
    public String what() {
      return "a tensor";
    }
  }
}
