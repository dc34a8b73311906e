package org.internvl4j.batch;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.parquet.Field;
import org.internvl4j.parquet.ParquetException;
import org.internvl4j.parquet.ParquetReader;
import org.jspecify.annotations.Nullable;

/// Rows of a Parquet file. Pictures are bytes, or texts as [PictureSource#named] reads them; a cell
/// may hold a list of either.
///
/// A row whose cells make no sense is a row that fails, and so are those of a row group that are
/// behind something damaged.
final class ParquetRows implements Input {
  private final Path folder;
  private final String prefix;
  private final ParquetReader reader;
  private final Field image;
  private final @Nullable Field path; // of pictures whose bytes are null
  private final @Nullable Field id;
  private final @Nullable Field prompt;
  private final Iterator<org.internvl4j.parquet.Row> rows;
  private long number;

  /// @param prefix of the numbers that rows without a name are called by
  /// @throws BatchException if it cannot be read
  /// @throws IllegalArgumentException if it has no such columns
  ParquetRows(Path file, Columns columns, String prefix) {
    this.folder = Inputs.folderOf(file);
    this.prefix = prefix;
    this.reader = open(file);
    try {
      List<Field> fields = reader.fields();
      this.image = columns.image(file, fields);
      this.path = Columns.pathsBeside(image, fields);
      this.id = columns.id(file, fields);
      this.prompt = columns.prompt(file, fields);
      this.rows =
          reader.rows(
              Stream.of(image, path, id, prompt)
                  .filter(Objects::nonNull)
                  .map(Field::path)
                  .toArray(String[]::new));
    } catch (RuntimeException e) {
      reader.close();
      throw e;
    }
  }

  private static ParquetReader open(Path file) {
    try {
      return ParquetReader.open(file);
    } catch (ParquetException e) {
      throw failure(e);
    }
  }

  private static BatchException failure(ParquetException e) {
    return new BatchException(String.valueOf(e.getMessage()), e);
  }

  @Override
  public long size() {
    return reader.rowCount();
  }

  @Override
  public boolean asks() {
    return prompt != null;
  }

  @Override
  public @Nullable Row next() {
    if (!rows.hasNext()) {
      return null;
    }
    String ownNumber = prefix + ++number;
    String name = ownNumber;
    try {
      org.internvl4j.parquet.Row row = rows.next();
      String asked = prompt == null ? null : row.string(prompt.path());
      name = name(row, ownNumber);
      return Row.of(name, ownNumber, pictures(row), asked);
    } catch (ParquetException e) {
      if (e.isUnread()) {
        throw failure(e);
      }
      return Row.unreadable(name, ownNumber, Failed.input(e.what()));
    } catch (PicturesException e) {
      return Row.unreadable(name, ownNumber, Failed.picture(String.valueOf(e.getMessage())));
    } catch (IllegalArgumentException e) {
      String why = "column %s: %s was expected".formatted(image.path(), e.getMessage());
      return Row.unreadable(name, ownNumber, Failed.input(why));
    }
  }

  private String name(org.internvl4j.parquet.Row row, String number) {
    if (id == null || row.isNull(id.path())) {
      return number;
    }
    return String.valueOf(
        switch (id.type()) {
          case LONG, DOUBLE -> row.number(id.path());
          default -> row.string(id.path());
        });
  }

  private List<PictureSource> pictures(org.internvl4j.parquet.Row row) {
    List<PictureSource> pictures = new ArrayList<>();
    if (image.type() == Field.Type.STRING) {
      for (String text : there(texts(row, image))) {
        pictures.add(named(text));
      }
      return pictures;
    }
    String column = image.path();
    if (path != null && !image.list() && row.isNull(column)) {
      return List.of(named(row.string(path.path())));
    }
    List<@Nullable String> paths = path == null ? null : texts(row, path);
    for (byte[] bytes : image.list() ? there(row.arrays(column)) : one(row.bytes(column))) {
      if (bytes == null && paths != null && paths.size() > pictures.size()) {
        pictures.add(named(paths.get(pictures.size())));
      } else {
        pictures.add(new PictureSource.OfBytes(column, there(bytes)));
      }
    }
    return pictures;
  }

  private static @Nullable List<@Nullable String> texts(
      org.internvl4j.parquet.Row row, Field field) {
    return field.list() ? row.strings(field.path()) : one(row.string(field.path()));
  }

  private PictureSource named(@Nullable String text) {
    return PictureSource.named(there(text), folder, image.path());
  }

  private static <T> List<@Nullable T> one(@Nullable T picture) {
    return Collections.singletonList(picture);
  }

  private <T> T there(@Nullable T picture) {
    if (picture == null) {
      throw new PicturesException(
          "column %s: is null, expected a picture or a list of pictures".formatted(image.path()));
    }
    return picture;
  }

  @Override
  public void close() {
    reader.close();
  }
}
