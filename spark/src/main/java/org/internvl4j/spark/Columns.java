package org.internvl4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.internvl4j.batch.Outcome;
import org.internvl4j.models.Answer;
import org.internvl4j.models.contrastive.ZeroShot;
import org.internvl4j.models.grounding.Box;
import org.internvl4j.models.grounding.Region;
import org.jspecify.annotations.Nullable;

/// The columns that a kind of task adds; behind its own, an error: null where there is none.
///
/// @param kind whose they are
record Columns(Job.Kind kind) implements Serializable {
  private static final DataType TEXT = DataTypes.StringType;
  private static final DataType COUNT = DataTypes.IntegerType;
  private static final DataType BOX = DataTypes.createArrayType(COUNT, false);
  private static final DataType BOXES = DataTypes.createArrayType(BOX, false);
  private static final DataType REGION =
      struct(field("label", TEXT), field("boxes", BOXES), field("pixels", BOXES));
  private static final DataType GUESS =
      struct(
          field("class", TEXT),
          field("probability", DataTypes.DoubleType),
          field("cosine", DataTypes.DoubleType));
  private static final DataType ERROR = struct(field("code", TEXT), field("message", TEXT));

  private static StructField field(String name, DataType type) {
    return DataTypes.createStructField(name, type, true);
  }

  private static StructType struct(StructField... fields) {
    return DataTypes.createStructType(fields);
  }

  /// Those of results alone.
  private List<StructField> results() {
    List<StructField> answer =
        List.of(
            field("answer", TEXT),
            field("finish", TEXT),
            field("prompt_tokens", COUNT),
            field("new_tokens", COUNT),
            field("tiles", COUNT));
    return switch (kind) {
      case ASK -> answer;
      case BOXES -> {
        List<StructField> fields = new ArrayList<>(answer);
        fields.add(field("regions", DataTypes.createArrayType(REGION, false)));
        yield fields;
      }
      case EMBED ->
          List.of(
              field("embedding", DataTypes.createArrayType(DataTypes.FloatType, false)),
              field("prompt_tokens", COUNT));
      case CLASSIFY -> List.of(field("classes", DataTypes.createArrayType(GUESS, false)));
    };
  }

  /// All of them.
  StructType type() {
    List<StructField> fields = new ArrayList<>(results());
    fields.add(field("error", ERROR));
    return DataTypes.createStructType(fields);
  }

  /// The columns of a table, and these behind them.
  ///
  /// @param caseSensitive whether `Answer` and `answer` are two columns
  /// @throws IllegalArgumentException if one of these is there already
  StructType behind(StructType table, boolean caseSensitive) {
    StructType all = table;
    for (StructField field : type().fields()) {
      String name = field.name();
      if (Arrays.stream(table.fieldNames())
          .anyMatch(caseSensitive ? name::equals : name::equalsIgnoreCase)) {
        throw new IllegalArgumentException(
            "internvl: the table has a column " + name + " already; rename it");
      }
      all = all.add(field);
    }
    return all;
  }

  /// The values of a row, one for each.
  List<@Nullable Object> values(Outcome outcome) {
    List<@Nullable Object> values = new ArrayList<>();
    switch (outcome) {
      case Outcome.Answered answered -> answer(answered, values);
      case Outcome.Embedded(float[] vector, int tokens) -> {
        List<Float> numbers = new ArrayList<>(vector.length);
        for (float value : vector) {
          numbers.add(value);
        }
        values.add(scala(numbers));
        values.add(tokens);
      }
      case Outcome.Classified(List<ZeroShot.Guess> guesses) ->
          values.add(
              scala(
                  guesses.stream()
                      .map(guess ->
                          RowFactory.create(guess.name(), guess.probability(), guess.cosine()))
                      .toList()));
      case Outcome.Failed(String code, String sentence) -> {
        values.addAll(Collections.nCopies(results().size(), null));
        values.add(RowFactory.create(code, sentence));
        return values;
      }
      case Outcome.Called _ -> throw new AssertionError("tables hold no requests");
    }
    values.add(null);
    return values;
  }

  private static void answer(Outcome.Answered answered, List<@Nullable Object> values) {
    Answer answer = answered.answer();
    values.add(answer.text());
    values.add(answer.finish().name().toLowerCase(Locale.ROOT));
    values.add(answer.usage().promptTokens());
    values.add(answer.usage().newTokens());
    values.add(answer.usage().tiles());
    if (answered.pointing()) {
      values.add(
          scala(
              answer.regions().stream().map(found -> region(found, answered.pictures())).toList()));
    }
  }

  /// Boxes in thousandths of the picture, and in pixels where it is certain on which they lie.
  private static Row region(Region region, List<Outcome.Size> pictures) {
    Object pixels =
        pictures.size() == 1
            ? scala(region.boxes().stream().map(box -> pixels(box, pictures.getFirst())).toList())
            : null;
    return RowFactory.create(
        region.label(), scala(region.boxes().stream().map(Columns::box).toList()), pixels);
  }

  private static Object box(Box box) {
    return scala(List.of(box.x1(), box.y1(), box.x2(), box.y2()));
  }

  private static Object pixels(Box box, Outcome.Size picture) {
    Box.Pixels on = box.on(picture.width(), picture.height());
    return scala(List.of(on.left(), on.top(), on.right(), on.bottom()));
  }

  private static Object scala(List<?> list) {
    return scala.jdk.javaapi.CollectionConverters.asScala(list).toSeq();
  }
}
