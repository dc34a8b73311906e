package org.internvl4j.batch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.json.Json;
import org.internvl4j.parquet.Column;
import org.internvl4j.parquet.Column.Kind;
import org.internvl4j.parquet.ParquetWriter;
import org.internvl4j.parquet.WriteOptions;
import org.jspecify.annotations.Nullable;

/// The rows of a task as a Parquet file, made of the lines of JSON that they were before, with the
/// same names: `error_code` and `error_message` for the fields of `error`; `classes`,
/// `probabilities` and `cosines` side by side; and `regions` as JSON.
final class OutputTable {
  private final List<Column> columns = new ArrayList<>();
  private final List<Cell> cells = new ArrayList<>();

  /// What of a line goes into a column.
  private interface Cell {
    @Nullable Object of(Json line);
  }

  /// @param times whether lines tell how long things took
  OutputTable(Task task, boolean times) {
    columns.add(Column.required("id", Kind.STRING));
    cells.add(line -> line.getText("id"));
    switch (task) {
      case Task.Asking asking -> answer(asking.pointing(), times);
      case Task.Embedding _ -> {
        add("embedding", Kind.FLOATS, OutputTable::floats);
        add("prompt_tokens", Kind.LONG, Json::asLong);
      }
      case Task.Classifying _ -> {
        addOfClasses("classes", Kind.STRINGS, "class");
        addOfClasses("probabilities", Kind.FLOATS, "probability");
        addOfClasses("cosines", Kind.FLOATS, "cosine");
      }
    }
    addOfError("error_code", "code");
    addOfError("error_message", "message");
  }

  private void answer(boolean pointing, boolean times) {
    add("answer", Kind.STRING, Json::asText);
    add("finish", Kind.STRING, Json::asText);
    if (pointing) {
      add("regions", Kind.STRING, Json::toString);
    }
    add("prompt_tokens", Kind.LONG, Json::asLong);
    add("new_tokens", Kind.LONG, Json::asLong);
    add("tiles", Kind.LONG, Json::asLong);
    if (times) {
      add("vision_seconds", Kind.DOUBLE, Json::asDouble);
      add("prefill_seconds", Kind.DOUBLE, Json::asDouble);
      add("decode_seconds", Kind.DOUBLE, Json::asDouble);
    }
  }

  private void add(String name, Kind kind, Cell cell) {
    add(name, kind, name, cell);
  }

  private void add(String name, Kind kind, String field, Cell cell) {
    columns.add(Column.optional(name, kind));
    cells.add(line -> {
      Json value = line.find(field);
      return value == null ? null : cell.of(value);
    });
  }

  private void addOfClasses(String name, Kind kind, String field) {
    add(
        name,
        kind,
        "classes",
        classes -> {
          List<Json> values = classes.items().stream().map(guess -> guess.at(field)).toList();
          return kind == Kind.STRINGS ? values.stream().map(Json::asText).toList() : floats(values);
        });
  }

  private void addOfError(String name, String field) {
    add(name, Kind.STRING, "error", error -> error.getText(field));
  }

  private static float[] floats(Json list) {
    return floats(list.items());
  }

  private static float[] floats(List<Json> numbers) {
    float[] values = new float[numbers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = number(numbers.get(i));
    }
    return values;
  }

  /// As it was before it became text: rounded once.
  private static float number(Json json) {
    return json instanceof Json.Num(String text, _)
        ? Float.parseFloat(text)
        : (float) json.asDouble();
  }

  /// Writes all rows of a journal.
  ///
  /// @return the file, beside the output, that holds them; on the disk
  /// @throws IOException if the disk is full, say; nothing is left then
  Path write(Journal journal, Path output) throws IOException {
    Path half = output.resolveSibling(output.getFileName() + ".tmp");
    try (FileChannel file =
            FileChannel.open(
                half,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING);
        OutputStream out = Channels.newOutputStream(file);
        BufferedReader lines = journal.lines()) {
      ParquetWriter writer =
          new ParquetWriter(out, output.toString(), columns, WriteOptions.DEFAULT);
      for (long i = 0; i < journal.rows(); i++) {
        writer.write(values(lines.readLine()));
      }
      writer.finish();
      file.force(true);
      return half;
    } catch (IOException e) {
      Files.deleteIfExists(half);
      throw new IOException(
          "%s; the %d rows are kept: make room and run the same again"
              .formatted(e.getMessage(), journal.rows()),
          e);
    }
  }

  private @Nullable Object[] values(String line) {
    Json json = Json.parse(line.getBytes(StandardCharsets.UTF_8), "row");
    return cells.stream().map(cell -> cell.of(json)).toArray();
  }
}
