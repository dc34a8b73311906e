package org.internvl4j.batch;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.internvl4j.parquet.Field;
import org.jspecify.annotations.Nullable;

/// Which columns of a Parquet file hold what; null for the first one with a usual name. Immutable.
///
/// @param image pictures, or lists of them: `images.bytes`, `images`, `image.bytes`, `image`,
///   `content`, `bytes`, `path`
/// @param id what rows are called: `id`, `key`, `path`, `image.path`; if there is none, their
///   number
/// @param prompt what rows ask: `prompt`, `question`; if there is none, nothing
public record Columns(@Nullable String image, @Nullable String id, @Nullable String prompt) {
  /// The usual ones.
  public static final Columns USUAL = new Columns(null, null, null);

  private static final String BYTES = ".bytes";

  private static final Role IMAGE =
      new Role(
          "pictures",
          List.of("images.bytes", "images", "image.bytes", "image", "content", "bytes", "path"),
          Set.of(Field.Type.STRING, Field.Type.BINARY),
          true);
  private static final Role ID =
      new Role(
          "names",
          List.of("id", "key", "path", "image.path"),
          Set.of(Field.Type.STRING, Field.Type.BINARY, Field.Type.LONG, Field.Type.DOUBLE),
          false);
  private static final Role PROMPT =
      new Role(
          "questions",
          List.of("prompt", "question"),
          Set.of(Field.Type.STRING, Field.Type.BINARY),
          false);

  /// @throws IllegalArgumentException if there is none
  Field image(Path file, List<Field> fields) {
    Field found = IMAGE.find(image, file, fields);
    if (found == null) {
      throw new IllegalArgumentException(
          "%s: no column looks like pictures (%s); name one of %s"
              .formatted(file, String.join(", ", IMAGE.usual), names(fields)));
    }
    return found;
  }

  /// Paths beside bytes, as Hugging Face's tables have them, for pictures that are not in the
  /// table; null if there are none.
  static @Nullable Field pathsBeside(Field image, List<Field> fields) {
    if (!image.path().endsWith(BYTES)) {
      return null;
    }
    String path = image.path().replaceFirst("bytes$", "path");
    return fields.stream()
        .filter(field ->
            field.path().equals(path)
                && field.type() == Field.Type.STRING
                && field.list() == image.list())
        .findFirst()
        .orElse(null);
  }

  /// @throws IllegalArgumentException if one is named and is not there
  @Nullable Field id(Path file, List<Field> fields) {
    return ID.find(id, file, fields);
  }

  /// @throws IllegalArgumentException if one is named and is not there
  @Nullable Field prompt(Path file, List<Field> fields) {
    return PROMPT.find(prompt, file, fields);
  }

  /// What a column is for.
  private record Role(String what, List<String> usual, Set<Field.Type> types, boolean lists) {
    @Nullable Field find(@Nullable String named, Path file, List<Field> fields) {
      List<String> wanted = named == null ? usual : List.of(named);
      for (String path : wanted) {
        for (Field field : fields) {
          if (field.path().equals(path) && fits(field)) {
            return field;
          }
        }
      }
      if (named == null) {
        return null;
      }
      throw new IllegalArgumentException(
          "%s: column %s with %s was expected, there are %s"
              .formatted(file, named, what, names(fields)));
    }

    private boolean fits(Field field) {
      return types.contains(field.type()) && (lists || !field.list());
    }
  }

  private static String names(List<Field> fields) {
    return fields.stream()
        .limit(20)
        .map(field ->
            "%s (%s%s)".formatted(field.path(), field.list() ? "list of " : "", field.type()))
        .collect(Collectors.joining(", "));
  }

  /// As people write it: `image=photo, id=key`; empty for the usual ones.
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    append(text, "image", image);
    append(text, "id", id);
    append(text, "prompt", prompt);
    return text.toString();
  }

  private static void append(StringBuilder text, String role, @Nullable String column) {
    if (column != null) {
      text.append(text.isEmpty() ? "" : ", ").append(role).append('=').append(column);
    }
  }
}
