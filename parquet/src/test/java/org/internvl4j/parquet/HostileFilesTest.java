package org.internvl4j.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files made by hand to take memory, time or the stack: what is said about each.
class HostileFilesTest {
  private static final int NONE = 0;
  private static final int SNAPPY = 1;
  private static final int GZIP = 2;
  private static final int ZSTD = 6;
  private static final int OPTIONAL = 1;
  private static final int REPEATED = 2;

  @TempDir private Path folder;

  /// A file of one column, `v`, of bytes, with one page.
  ///
  /// @param values of the page, the chunk and the file
  /// @param unpacked bytes that the page is said to unpack to
  private Path file(int repetition, int codec, int values, int unpacked, byte[] page)
      throws IOException {
    ByteSink pages = new ByteSink();
    ThriftWriter.write(
        pages,
        header -> {
          header.i32(1, Page.DATA);
          header.i32(2, unpacked);
          header.i32(3, page.length);
          header.struct(
              5,
              data -> {
                data.i32(1, values);
                data.i32(2, Values.PLAIN);
                data.i32(3, Values.RLE);
                data.i32(4, Values.RLE);
              });
        });
    pages.put(page);
    return file(
        pages,
        footer -> {
          footer.structs(
              2,
              List.of(0, 1),
              (element, number) -> {
                if (number == 1) {
                  element.i32(1, Physical.BYTE_ARRAY.number);
                  element.i32(3, repetition);
                }
                element.string(4, "v");
                if (number == 0) {
                  element.i32(5, 1);
                }
              });
          footer.i64(3, values);
          footer.structs(4, List.of(0), (group, _) -> group(group, codec, values, pages.size()));
        });
  }

  private static void group(ThriftWriter group, int codec, int values, int size) {
    group.structs(
        1,
        List.of(0),
        (column, _) ->
            column.struct(
                3,
                chunk -> {
                  chunk.i32(4, codec);
                  chunk.i64(5, values);
                  chunk.i64(7, size);
                  chunk.i64(9, 4);
                }));
    group.i64(3, values);
  }

  private Path file(ByteSink pages, Consumer<ThriftWriter> footer) throws IOException {
    ByteSink file = new ByteSink();
    file.put("PAR1".getBytes(StandardCharsets.US_ASCII));
    file.put(pages);
    int before = file.size();
    ThriftWriter.write(file, footer);
    file.putInt(file.size() - before);
    file.put("PAR1".getBytes(StandardCharsets.US_ASCII));
    return Files.write(folder.resolve("hostile.parquet"), file.toArray());
  }

  private static Row first(Path file) {
    try (ParquetReader reader = ParquetReader.open(file)) {
      return reader.rows("v").next();
    }
  }

  private static void refuses(Path file, String what) {
    assertThatExceptionOfType(ParquetException.class)
        .isThrownBy(() -> first(file))
        .withMessage(file + ": " + what);
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @Test
  void aSoundFileMadeThisWayIsRead() throws IOException {
    Path file = file(0, NONE, 1, 7, bytes(3, 0, 0, 0, 'c', 'a', 't'));
    assertThat(first(file).string("v")).isEqualTo("cat");
  }

  @Test
  void aLongValueInAShortPage() throws IOException {
    refuses(
        file(0, NONE, 1, 7, bytes(255, 255, 255, 127, 'c', 'a', 't')),
        "column v, row group 1: it ends in the middle of a value");
  }

  @Test
  void aSmallPageThatIsSaidToUnpackToGigabytes() throws IOException {
    int large = 1 << 29;
    refuses(
        file(0, NONE, 1, large, new byte[9]),
        "column v, row group 1: 9 bytes are said to unpack to 536870912 (NONE)");
    refuses(
        file(0, SNAPPY, 1, large, new byte[9]),
        "column v, row group 1: 9 bytes are said to unpack to 536870912 (SNAPPY)");
    refuses(
        file(0, GZIP, 1, large, new byte[9]),
        "column v, row group 1: 9 bytes are said to unpack to 536870912 (GZIP)");
    refuses(
        file(0, ZSTD, 1, large, new byte[9]),
        "column v, row group 1: 9 bytes are said to unpack to 536870912 (ZSTD)");
    refuses(
        file(0, GZIP, 1, Integer.MAX_VALUE, new byte[9]),
        "column v, row group 1: a page of 2147483656 bytes, at most 1073741824 are read");
  }

  @Test
  void aPageThatUnpacksToMoreThanItSays() throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(new byte[1 << 20]);
    }
    refuses(
        file(0, GZIP, 1, 100, packed.toByteArray()),
        "column v, row group 1: unpacks to more than the 100 bytes announced");
    refuses(
        file(0, SNAPPY, 1, 3, bytes(3, 12, 'c', 'a', 't', 's')),
        "column v, row group 1: unpacks to more than the 3 bytes announced");
    refuses(
        file(0, SNAPPY, 1, 3, bytes(3, 0, 'c', 5, 9)),
        "column v, row group 1: bytes from 9 back are repeated at byte 1");
  }

  /// A run says in six bytes that a list goes on two thousand million times.
  @Test
  void aListThatHardlyEnds() throws IOException {
    ByteSink page = new ByteSink();
    page.putInt(8);
    page.put(bytes(2, 0)); // one 0, then ones
    page.putVarint((Integer.MAX_VALUE - 1L) << 1);
    page.write(1);
    page.putInt(6);
    page.putVarint((long) Integer.MAX_VALUE << 1);
    page.write(1);
    page.put(new byte[20 << 20]); // empty arrays, five million of them
    byte[] bytes = page.toArray();
    refuses(
        file(REPEATED, NONE, Integer.MAX_VALUE, bytes.length, bytes),
        "column v, row group 1: a list of more than 4194304 elements or 268435456 bytes");
  }

  @Test
  void levelsThatTheSchemaHasNot() throws IOException {
    byte[] beyond = bytes(2, 0, 0, 0, 2, 3, 0, 0, 0, 0);
    refuses(
        file(OPTIONAL, NONE, 1, beyond.length, beyond),
        "column v, row group 1: definition level 3 of 1");
    byte[] longer = bytes(255, 255, 255, 127, 2, 1);
    refuses(
        file(OPTIONAL, NONE, 1, longer.length, longer),
        "column v, row group 1: it ends in the middle of a value");
  }

  @Test
  void aSchemaDeeperThanTheStack() throws IOException {
    int depth = 100_000;
    Path file =
        file(
            new ByteSink(),
            footer ->
                footer.structs(
                    2,
                    Collections.nCopies(depth, 1),
                    (element, children) -> {
                      element.string(4, "v");
                      element.i32(5, children);
                    }));
    refuses(file, "its footer: structs in more than 64 others");
  }

  @Test
  void aFooterDeeperThanTheStack() throws IOException {
    byte[] nested = new byte[100_000];
    Arrays.fill(nested, (byte) (1 << 4 | ThriftWriter.STRUCT));
    ByteSink file = new ByteSink();
    file.put("PAR1".getBytes(StandardCharsets.US_ASCII));
    file.put(nested);
    file.putInt(nested.length);
    file.put("PAR1".getBytes(StandardCharsets.US_ASCII));
    refuses(
        Files.write(folder.resolve("hostile.parquet"), file.toArray()),
        "its footer: structs in more than 32 others");
  }

  @Test
  void aListOfMoreElementsThanBytes() throws IOException {
    ByteSink file = new ByteSink();
    file.put("PAR1".getBytes(StandardCharsets.US_ASCII));
    file.put(bytes(2 << 4 | ThriftWriter.LIST, 0xfc, 255, 255, 255, 255, 7));
    file.putInt(7);
    file.put("PAR1".getBytes(StandardCharsets.US_ASCII));
    refuses(
        Files.write(folder.resolve("hostile.parquet"), file.toArray()),
        "its footer: a list of 2147483647 elements in 0 bytes");
  }

  @Test
  void pagesThatTheFileHasNot() throws IOException {
    Path file =
        file(
            new ByteSink(),
            footer -> {
              footer.structs(2, List.of(0), (element, _) -> element.string(4, "root"));
              footer.i64(3, 1);
              footer.structs(4, List.of(0), (group, _) -> group(group, NONE, 1, 1 << 20));
            });
    refuses(
        file,
        "its footer: a column's 1 values are said to be in 1048576 bytes from byte 4 on, pages end"
            + " at byte 4");
  }

  /// What pages take of the heap is counted before it is taken.
  @Test
  void roomIsBounded() {
    Room room = new Room(100);
    room.take(60);
    assertThatExceptionOfType(Damage.class)
        .isThrownBy(() -> room.take(60))
        .withMessage(
            "a page of 60 bytes where 60 of 100 are taken; give Java a larger heap (-Xmx)");
    room.give(60);
    room.take(100);
  }

  @Test
  void pagesGiveTheirRoomBack() throws IOException {
    List<Column> columns = List.of(Column.required("v", Column.Kind.BINARY));
    byte[] large = new byte[1 << 20];
    Path file =
        Files.write(
            folder.resolve("groups.parquet"),
            Tables.write(
                columns,
                Collections.nCopies(20, new Object[] {large}),
                WriteOptions.DEFAULT.withGroups(5, 1 << 30)));
    try (ParquetReader reader = ParquetReader.open(file)) {
      int count = 0;
      Iterator<Row> rows = reader.rows(0, List.of("v"), new Room(3 << 19));
      for (; rows.hasNext(); count++) {
        assertThat(rows.next().bytes("v")).hasSize(large.length);
      }
      assertThat(count).isEqualTo(20);
      assertThatExceptionOfType(ParquetException.class)
          .isThrownBy(() -> reader.rows(0, List.of("v"), new Room(1 << 20)).next())
          .withMessageEndingWith("where 0 of 1048576 are taken; give Java a larger heap (-Xmx)");
    }
  }
}
