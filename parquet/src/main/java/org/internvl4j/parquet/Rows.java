package org.internvl4j.parquet;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/// Rows of some columns, row group by row group.
final class Rows implements Iterator<Row> {
  private final String name;
  private final Source file;
  private final List<FileMetadata.Group> groups;
  private final int[] columns; // numbers of leaves
  private final List<Leaf> leaves;
  private final List<Field> fields;
  private final Map<String, Integer> places = new LinkedHashMap<>();
  private final Room room;
  private final ColumnReader[] readers;
  private int group = -1;
  private long left; // rows of the group
  private @Nullable ParquetException failure;

  Rows(String name, Source file, FileMetadata metadata, int[] columns, Room room) {
    this.name = name;
    this.file = file;
    this.groups = metadata.groups();
    this.columns = columns;
    this.room = room;
    this.leaves = Arrays.stream(columns).mapToObj(metadata.leaves()::get).toList();
    this.fields = leaves.stream().map(Leaf::field).toList();
    this.readers = new ColumnReader[columns.length];
    for (int i = 0; i < columns.length; i++) {
      places.put(fields.get(i).path(), i);
    }
  }

  /// Goes past rows that were never asked for; whole row groups are not read.
  void skip(long rows) {
    while (group + 1 < groups.size() && rows >= groups.get(group + 1).rows()) {
      rows -= groups.get(++group).rows();
    }
    for (; rows > 0 && hasNext(); rows--) {
      next();
    }
  }

  @Override
  public boolean hasNext() {
    while (left == 0 && group + 1 < groups.size()) {
      FileMetadata.Group next = groups.get(++group);
      left = next.rows();
      for (int i = 0; i < columns.length; i++) {
        readers[i] = reader(i, next.chunks().get(columns[i]));
      }
    }
    return left > 0;
  }

  private ColumnReader reader(int column, FileMetadata.Chunk chunk) {
    try {
      return new ColumnReader(file, leaves.get(column), chunk, room);
    } catch (Damage e) {
      throw failed(column, e.getMessage(), e);
    }
  }

  @Override
  public Row next() {
    if (failure != null) {
      throw failure;
    }
    if (!hasNext()) {
      throw new NoSuchElementException(name + ": no more rows");
    }
    left--;
    @Nullable Object[] values = new @Nullable Object[columns.length];
    for (int i = 0; i < columns.length; i++) {
      try {
        values[i] = readers[i].next();
        if (left == 0) {
          readers[i].finish();
        }
      } catch (Damage e) {
        throw failed(i, e.getMessage(), e);
      }
    }
    return new Row(name, places, fields, values);
  }

  private ParquetException failed(int column, @Nullable String what, Throwable cause) {
    failure =
        new ParquetException(
            name,
            "column %s, row group %d: %s".formatted(fields.get(column).path(), group + 1, what),
            cause);
    return failure;
  }
}
