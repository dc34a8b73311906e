package org.internvl4j.parquet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/// Rows of some columns, row group by row group. What is damaged takes the rows behind it in its
/// group with it, and no others: each of them throws.
final class Rows implements Iterator<Row> {
  private final String name;
  private final Source file;
  private final List<FileMetadata.Group> groups;
  private final int[] columns; // numbers of leaves
  private final List<Leaf> leaves;
  private final List<Field> fields;
  private final Map<String, Integer> places = new LinkedHashMap<>();
  private final Room room;
  private final List<ColumnReader> readers = new ArrayList<>(); // of the group
  private int group = -1;
  private long left; // rows of the group
  private boolean begun; // whether the group's columns are open
  private @Nullable ParquetException failure; // of this group; of all if it cannot be read

  Rows(String name, Source file, FileMetadata metadata, int[] columns, Room room) {
    this.name = name;
    this.file = file;
    this.groups = metadata.groups();
    this.columns = columns;
    this.room = room;
    this.leaves = Arrays.stream(columns).mapToObj(metadata.leaves()::get).toList();
    this.fields = leaves.stream().map(Leaf::field).toList();
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
      try {
        next();
      } catch (ParquetException e) {
        // nobody asked for it
      }
    }
  }

  @Override
  public boolean hasNext() {
    while (left == 0 && group + 1 < groups.size()) {
      left = groups.get(++group).rows();
      begun = false;
    }
    return left > 0;
  }

  /// Opens the columns of a group.
  private void begin() {
    begun = true;
    if (failure != null && failure.isUnread()) {
      return;
    }
    failure = null;
    readers.clear();
    for (int i = 0; i < columns.length; i++) {
      FileMetadata.Chunk chunk = groups.get(group).chunks().get(columns[i]);
      try {
        readers.add(new ColumnReader(file, leaves.get(i), chunk, room));
      } catch (Damage e) {
        fail(i, e);
        return;
      }
    }
  }

  @Override
  public Row next() {
    if (!hasNext()) {
      throw new NoSuchElementException(name + ": no more rows");
    }
    if (!begun) {
      begin();
    }
    left--;
    if (failure != null) {
      throw failure;
    }
    @Nullable Object[] values = new @Nullable Object[columns.length];
    for (int i = 0; i < columns.length; i++) {
      try {
        values[i] = readers.get(i).next();
        if (left == 0) {
          readers.get(i).finish();
        }
      } catch (Damage e) {
        throw fail(i, e);
      }
    }
    return new Row(name, places, fields, values);
  }

  private ParquetException fail(int column, Damage e) {
    readers.forEach(ColumnReader::close);
    String where = "column %s, row group %d: ".formatted(fields.get(column).path(), group + 1);
    failure = new ParquetException(name, where + e.getMessage(), e);
    return failure;
  }
}
