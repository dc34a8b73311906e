package org.internvl4j.parquet;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The footer of a file that is written: its schema, and where its row groups lie.
final class Footer {
  private static final int VERSION = 1;
  private static final int UTF8 = 0;
  private static final int LIST = 3;
  private static final int PLAIN = 0;
  private static final int RLE = 3;
  private static final int UNCOMPRESSED = 0;
  private static final int GZIP = 2;

  private static final int REQUIRED = 0;
  private static final int OPTIONAL = 1;
  private static final int REPEATED = 2;

  private final List<Column> columns;
  private final boolean gzip;
  private final List<Group> groups = new ArrayList<>();
  private long rows;

  private record Group(long rows, List<Place> chunks) {
    long packed() {
      return chunks.stream().mapToLong(Place::packed).sum();
    }
  }

  /// Where a chunk lies. Its pages are not kept.
  private record Place(Column column, long at, long values, long packed, long unpacked) {}

  Footer(List<Column> columns, boolean gzip) {
    this.columns = columns;
    this.gzip = gzip;
  }

  long rows() {
    return rows;
  }

  /// @param at the byte of the file at which the first of the chunks begins
  void add(long groupRows, List<ChunkBuilder.Chunk> chunks, long at) {
    List<Place> places = new ArrayList<>();
    for (ChunkBuilder.Chunk chunk : chunks) {
      long size = chunk.bytes().size();
      places.add(new Place(chunk.column(), at, chunk.values(), size, chunk.unpacked()));
      at += size;
    }
    groups.add(new Group(groupRows, places));
    rows += groupRows;
  }

  /// `FileMetaData` of parquet.thrift.
  void write(ByteSink out, Map<String, String> metadata) {
    ThriftWriter.write(
        out,
        file -> {
          file.i32(1, VERSION);
          file.structs(2, schema(), (thrift, element) -> element.write(thrift));
          file.i64(3, rows);
          file.structs(4, groups, this::group);
          if (!metadata.isEmpty()) {
            file.structs(5, metadata.entrySet(), Footer::pair);
          }
          file.string(6, "internvl4j");
        });
  }

  private interface Element {
    void write(ThriftWriter thrift);
  }

  private List<Element> schema() {
    List<Element> elements = new ArrayList<>();
    elements.add(root -> {
      root.string(4, "schema");
      root.i32(5, columns.size());
    });
    for (Column column : columns) {
      int repetition = column.optional() ? OPTIONAL : REQUIRED;
      if (column.kind().list) {
        elements.add(list -> {
          list.i32(3, repetition);
          list.string(4, column.name());
          list.i32(5, 1);
          list.i32(6, LIST);
          list.struct(10, logical -> logical.struct(3, _ -> {}));
        });
        elements.add(repeated -> {
          repeated.i32(3, REPEATED);
          repeated.string(4, "list");
          repeated.i32(5, 1);
        });
        elements.add(leaf -> leaf(leaf, column.kind(), REQUIRED, "element"));
      } else {
        elements.add(leaf -> leaf(leaf, column.kind(), repetition, column.name()));
      }
    }
    return elements;
  }

  private static void leaf(ThriftWriter leaf, Column.Kind kind, int repetition, String name) {
    leaf.i32(1, kind.physical.number);
    leaf.i32(3, repetition);
    leaf.string(4, name);
    if (kind.isText()) {
      leaf.i32(6, UTF8);
      leaf.struct(10, logical -> logical.struct(1, _ -> {}));
    }
  }

  private void group(ThriftWriter thrift, Group group) {
    thrift.structs(1, group.chunks, this::chunk);
    thrift.i64(2, group.chunks.stream().mapToLong(Place::unpacked).sum());
    thrift.i64(3, group.rows);
    thrift.i64(5, group.chunks.getFirst().at);
    thrift.i64(6, group.packed());
  }

  private void chunk(ThriftWriter thrift, Place place) {
    thrift.i64(2, place.at);
    thrift.struct(
        3,
        chunk -> {
          chunk.i32(1, place.column.kind().physical.number);
          chunk.i32s(2, PLAIN, RLE);
          chunk.strings(3, place.column.path());
          chunk.i32(4, gzip ? GZIP : UNCOMPRESSED);
          chunk.i64(5, place.values);
          chunk.i64(6, place.unpacked);
          chunk.i64(7, place.packed);
          chunk.i64(9, place.at);
        });
  }

  private static void pair(ThriftWriter thrift, Map.Entry<String, String> pair) {
    thrift.string(1, pair.getKey());
    thrift.string(2, pair.getValue());
  }
}
