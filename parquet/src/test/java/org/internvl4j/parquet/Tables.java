package org.internvl4j.parquet;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Tables made of a seed: all kinds of columns, nulls, empty lists, texts in many scripts.
final class Tables {
  private static final List<String> WORDS =
      List.of("", "a", "red car", "猫在垫子上", "naïve", "👩‍👩‍👧", "\u0000", "line\nbreak", "עברית");

  private Tables() {}

  /// Each kind twice, required and optional.
  static List<Column> columns() {
    List<Column> columns = new ArrayList<>();
    for (Column.Kind kind : Column.Kind.values()) {
      columns.add(Column.required(kind + "_r", kind));
      columns.add(Column.optional(kind + "_o", kind));
    }
    return columns;
  }

  static List<@Nullable Object[]> rows(List<Column> columns, int count, long seed) {
    Random random = new Random(seed);
    List<@Nullable Object[]> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      @Nullable Object[] row = new @Nullable Object[columns.size()];
      for (int c = 0; c < row.length; c++) {
        Column column = columns.get(c);
        // long runs of nulls, and none: both kinds of runs of levels
        boolean isNull = column.optional() && (i / 40 % 3 == c % 3 || random.nextInt(4) == 0);
        row[c] = isNull ? null : value(column.kind(), random);
      }
      rows.add(row);
    }
    return rows;
  }

  static byte[] write(List<Column> columns, List<@Nullable Object[]> rows, WriteOptions options)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ParquetWriter writer = new ParquetWriter(out, "table.parquet", columns, options);
    for (@Nullable Object[] row : rows) {
      writer.write(row);
    }
    writer.finish();
    return out.toByteArray();
  }

  private static Object value(Column.Kind kind, Random random) {
    return switch (kind) {
      case STRING -> text(random);
      case BINARY -> {
        byte[] bytes = new byte[random.nextInt(50) == 0 ? 3000 : random.nextInt(20)];
        random.nextBytes(bytes);
        yield bytes;
      }
      case LONG -> random.nextBoolean() ? random.nextLong() : random.nextInt(10);
      case DOUBLE ->
          switch (random.nextInt(5)) {
            case 0 -> Double.NaN;
            case 1 -> -0.0;
            case 2 -> Double.NEGATIVE_INFINITY;
            default -> random.nextGaussian();
          };
      case FLOAT -> random.nextFloat();
      case BOOLEAN -> random.nextBoolean();
      case FLOATS -> {
        float[] numbers = new float[random.nextInt(4) * random.nextInt(9)];
        for (int i = 0; i < numbers.length; i++) {
          numbers[i] = random.nextFloat() - 0.5f;
        }
        yield numbers;
      }
      case STRINGS -> IntStream.range(0, random.nextInt(4)).mapToObj(_ -> text(random)).toList();
    };
  }

  private static String text(Random random) {
    return WORDS.get(random.nextInt(WORDS.size())) + WORDS.get(random.nextInt(WORDS.size()));
  }
}
