package org.internvl4j.parquet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The leaves of a file's schema, from the elements that the footer lists in depth-first order.
final class Schema {
  private static final int DEEPEST = 64;
  private static final int REQUIRED = 0;
  private static final int REPEATED = 2;
  private static final int CONVERTED_UTF8 = 0;
  private static final int CONVERTED_LIST = 3;
  private static final int CONVERTED_ENUM = 4;
  private static final int CONVERTED_DECIMAL = 5;
  private static final int CONVERTED_UINT_32 = 13;
  private static final int CONVERTED_UINT_64 = 14;
  private static final int CONVERTED_JSON = 19;
  private static final int LOGICAL_STRING = 1;
  private static final int LOGICAL_LIST = 3;
  private static final int LOGICAL_ENUM = 4;
  private static final int LOGICAL_DECIMAL = 5;
  private static final int LOGICAL_JSON = 12;

  private final List<Element> elements;
  private final List<Leaf> leaves = new ArrayList<>();
  private int next;

  /// `SchemaElement` of parquet.thrift.
  private static final class Element {
    int type = -1;
    int size;
    int repetition = REQUIRED;
    String name = "";
    int children;
    int converted = -1;
    int logical;

    static Element read(ThriftReader in) {
      Element element = new Element();
      in.struct(field -> {
        switch (field) {
          case 1 -> element.type = in.i32();
          case 2 -> element.size = in.i32();
          case 3 -> element.repetition = in.i32();
          case 4 -> element.name = in.string();
          case 5 -> element.children = in.i32();
          case 6 -> element.converted = in.i32();
          case 10 ->
              in.struct(kind -> {
                element.logical = kind;
                in.skip();
              });
          default -> in.skip();
        }
      });
      return element;
    }

    boolean isList() {
      return converted == CONVERTED_LIST || logical == LOGICAL_LIST;
    }

    boolean isDecimal() {
      return converted == CONVERTED_DECIMAL || logical == LOGICAL_DECIMAL;
    }

    boolean isText() {
      return switch (converted) {
        case CONVERTED_UTF8, CONVERTED_ENUM, CONVERTED_JSON -> true;
        default -> logical == LOGICAL_STRING || logical == LOGICAL_ENUM || logical == LOGICAL_JSON;
      };
    }
  }

  /// Where in the schema a node lies.
  ///
  /// @param path as [Field#path] says it
  private record Place(String path, int definition, int repetition, int listDefinition, int depth) {
    Place within(Element element, String named) {
      int deeper = definition + (element.repetition == REQUIRED ? 0 : 1);
      boolean repeats = element.repetition == REPEATED;
      return new Place(
          named,
          deeper,
          repetition + (repeats ? 1 : 0),
          repeats ? deeper : listDefinition,
          depth + 1);
    }

    String child(Element element) {
      return path.isEmpty() ? element.name : path + "." + element.name;
    }
  }

  private Schema(List<Element> elements) {
    this.elements = elements;
  }

  /// Reads the list of elements.
  static List<Leaf> read(ThriftReader in) {
    Schema schema = new Schema(in.list(() -> Element.read(in)));
    Place root = new Place("", 0, 0, 0, 0);
    int columns = schema.take().children;
    for (int i = 0; i < columns; i++) {
      Element child = schema.take();
      schema.node(child, root.within(child, root.child(child)));
    }
    if (schema.next != schema.elements.size()) {
      throw new Damage(
          "its schema has %d elements, of which %d belong to nothing"
              .formatted(schema.elements.size(), schema.elements.size() - schema.next));
    }
    Set<String> paths = new HashSet<>();
    for (Leaf leaf : schema.leaves) {
      if (!paths.add(leaf.field().path())) {
        throw new Damage("two columns are called " + leaf.field().path());
      }
    }
    return schema.leaves;
  }

  private Element take() {
    if (next == elements.size()) {
      throw new Damage("its schema ends after " + next + " elements, more were announced");
    }
    return elements.get(next++);
  }

  private void node(Element element, Place place) {
    if (place.depth > DEEPEST) {
      throw new Damage("structs in more than " + DEEPEST + " others");
    }
    if (element.children <= 0) {
      leaves.add(leaf(element, place));
      return;
    }
    for (int i = 0; i < element.children; i++) {
      Element child = take();
      if (element.isList() && element.children == 1 && child.repetition == REPEATED) {
        list(element, child, place);
      } else {
        node(child, place.within(child, place.child(child)));
      }
    }
  }

  /// What repeats within a list is its element, or, in lists of three levels, has it as its only
  /// child.
  private void list(Element list, Element repeated, Place place) {
    Place inner = place.within(repeated, place.path);
    boolean old =
        repeated.children != 1
            || repeated.name.equals("array")
            || repeated.name.equals(list.name + "_tuple");
    if (old) {
      node(repeated, inner);
    } else {
      Element child = take();
      node(child, inner.within(child, place.path));
    }
  }

  private static Leaf leaf(Element element, Place place) {
    Physical physical =
        Arrays.stream(Physical.values())
            .filter(type -> type.number == element.type)
            .findFirst()
            .orElseThrow(() ->
                new Damage("column %s: type %d is unknown".formatted(place.path, element.type)));
    if (physical == Physical.FIXED_LEN_BYTE_ARRAY && element.size < 1) {
      throw new Damage("column %s: values of %d bytes".formatted(place.path, element.size));
    }
    boolean read = place.repetition < 2 && !element.isDecimal();
    Field.Type type =
        switch (physical) {
          case BYTE_ARRAY -> element.isText() ? Field.Type.STRING : Field.Type.BINARY;
          case FIXED_LEN_BYTE_ARRAY -> Field.Type.BINARY;
          case INT32, INT64 -> Field.Type.LONG;
          case FLOAT, DOUBLE -> Field.Type.DOUBLE;
          case BOOLEAN -> Field.Type.BOOLEAN;
          case INT96 -> Field.Type.OTHER;
        };
    return new Leaf(
        new Field(place.path, read ? type : Field.Type.OTHER, place.repetition > 0),
        physical,
        element.size,
        element.converted == CONVERTED_UINT_32 || element.converted == CONVERTED_UINT_64,
        place.definition,
        place.repetition,
        place.listDefinition);
  }
}
