package org.internvl4j.parquet;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a file's footer says, checked against the file's size: `FileMetaData` of parquet.thrift.
///
/// @param leaves its columns, in the order of chunks in row groups
/// @param metadata keys and values; of a key that is there twice the last
record FileMetadata(List<Leaf> leaves, List<Group> groups, Map<String, String> metadata) {
  /// Rows whose chunks lie together.
  ///
  /// @param chunks one a leaf
  record Group(long rows, List<Chunk> chunks) {}

  /// The values of one leaf in one row group.
  ///
  /// @param codec its number; another one matters only to who reads the column
  /// @param at where its first page begins
  /// @param size bytes of its pages
  /// @param values how many, nulls and empty lists among them
  record Chunk(int codec, long at, long size, long values) {}

  /// @param pages bytes of the file in front of the footer
  static FileMetadata read(Slice footer, long pages) {
    ThriftReader in = new ThriftReader(footer);
    Parts parts = new Parts(pages);
    in.top(field -> {
      switch (field) {
        case 2 -> parts.leaves = Schema.read(in);
        case 3 -> parts.rows = in.i64();
        case 4 -> parts.groups = in.list(() -> parts.group(in));
        case 5 -> in.list(() -> parts.pair(in));
        default -> in.skip();
      }
    });
    return parts.checked();
  }

  long rows() {
    return groups.stream().mapToLong(Group::rows).sum();
  }

  private static final class Parts {
    private final long pages;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private List<Leaf> leaves = List.of();
    private List<Group> groups = List.of();
    private long rows = -1;

    Parts(long pages) {
      this.pages = pages;
    }

    FileMetadata checked() {
      long sum = 0;
      for (Group group : groups) {
        if (group.chunks.size() != leaves.size()) {
          throw new Damage(
              "a row group of %d columns in a file of %d"
                  .formatted(group.chunks.size(), leaves.size()));
        }
        if (group.rows < 0 || group.rows > Long.MAX_VALUE - sum) {
          throw new Damage("a row group of %d rows".formatted(group.rows));
        }
        for (Chunk chunk : group.chunks) {
          if (chunk.values() < group.rows) {
            throw new Damage(
                "a row group of %d rows has a column of %d values"
                    .formatted(group.rows, chunk.values()));
          }
        }
        sum += group.rows;
      }
      if (sum != rows) {
        throw new Damage("row groups of %d rows in a file of %d".formatted(sum, rows));
      }
      return new FileMetadata(leaves, groups, metadata);
    }

    Group group(ThriftReader in) {
      List<Chunk> chunks = new ArrayList<>();
      long[] count = {-1};
      in.struct(field -> {
        switch (field) {
          case 1 -> chunks.addAll(in.list(() -> chunk(in)));
          case 3 -> count[0] = in.i64();
          default -> in.skip();
        }
      });
      return new Group(count[0], chunks);
    }

    private Chunk chunk(ThriftReader in) {
      ChunkFields found = new ChunkFields();
      in.struct(field -> {
        switch (field) {
          case 1 -> throw new Damage("a column lies in another file, " + in.string());
          case 3 -> in.struct(inner -> found.read(inner, in));
          case 8, 9 -> throw new Damage("a column is encrypted, which is not read");
          default -> in.skip();
        }
      });
      return found.checked(pages);
    }

    private String pair(ThriftReader in) {
      String[] pair = {"", ""};
      in.struct(field -> {
        switch (field) {
          case 1, 2 -> pair[field - 1] = in.string();
          default -> in.skip();
        }
      });
      metadata.put(pair[0], pair[1]);
      return pair[0];
    }
  }

  private static final class ChunkFields {
    private int codec = -1;
    private long values = -1;
    private long size = -1;
    private long data = -1;
    private long dictionary;

    void read(int field, ThriftReader in) {
      switch (field) {
        case 4 -> codec = in.i32();
        case 5 -> values = in.i64();
        case 7 -> size = in.i64();
        case 9 -> data = in.i64();
        case 11 -> dictionary = in.i64();
        default -> in.skip();
      }
    }

    Chunk checked(long pages) {
      if (values == 0) {
        return new Chunk(codec, 0, 0, 0); // writers say anything of where there is nothing
      }
      long at = dictionary > 0 ? Math.min(dictionary, data) : data;
      if (at < 4 || size < 0 || size > pages || at > pages - size || values < 0) {
        throw new Damage(
            "a column's %d values are said to be in %d bytes from byte %d on, pages end at byte %d"
                .formatted(values, size, at, pages));
      }
      return new Chunk(codec, at, size, values);
    }
  }
}
