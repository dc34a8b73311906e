package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.internvl4j.loader.Opcode.*;
import static org.internvl4j.loader.PickleWriter.pickle;
import static org.internvl4j.loader.TorchFiles.archive;
import static org.internvl4j.loader.TorchFiles.floats;
import static org.internvl4j.loader.TorchFiles.real;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Archives that lie about what is in them, and files from before PyTorch 1.6 that do.
class HostileArchivesTest {
  private static final byte[] PICKLE =
      pickle()
          .op(EMPTY_DICT)
          .text("a")
          .view(6, 0, new long[] {6}, new long[] {1})
          .op(SETITEM)
          .stop();
  private static final int FLAGS = 8;
  private static final int METHOD = 10;
  private static final int PACKED = 20;
  private static final int SIZE = 24;
  private static final int PLACE = 42;
  private static final int NAME = 46;

  @TempDir Path folder;

  record Row(String name, byte[] file, String says) {
    @Override
    public String toString() {
      return name;
    }
  }

  /// A change of a file that was in order.
  private interface Lie {
    void tell(ByteBuffer file, ZipWriter entries);
  }

  private static Row row(String name, String says, Lie lie) {
    ZipWriter writer = archive(PICKLE);
    byte[] file = writer.toBytes();
    lie.tell(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN), writer);
    return new Row(name, file, says);
  }

  private static Row of(String name, String says, ZipWriter archive) {
    return new Row(name, archive.toBytes(), says);
  }

  private static ZipWriter with(String name, String text) {
    return new ZipWriter().add(name, text.getBytes(US_ASCII)).add("x/data.pkl", PICKLE);
  }

  private static int end(ByteBuffer file) {
    return file.capacity() - 22;
  }

  private static void central(ByteBuffer file, ZipWriter z, String entry, int field, int value) {
    file.putInt(z.central(entry) + field, value);
  }

  private static void method(ByteBuffer file, ZipWriter z, String entry, int method) {
    file.putShort(z.central(entry) + METHOD, (short) method);
    file.putShort(z.local(entry) + METHOD - 2, (short) method);
  }

  static List<Row> directories() {
    String data = "x/data/0";
    return List.of(
        row(
            "a second disk",
            "zip directory: byte 764: expected an archive of one disk",
            (f, _) -> f.putShort(end(f) + 4, (short) 1)),
        row(
            "a comment",
            "begins as a zip archive but does not end as one (786 bytes); the"
                + " download looks cut off",
            (f, _) -> f.putShort(end(f) + 20, (short) 1)),
        row(
            "two numbers of entries",
            "zip directory: byte 764: expected one number of entries",
            (f, _) -> f.putShort(end(f) + 8, (short) 5)),
        row(
            "more entries than said before",
            "zip directory: byte 764: expected what the end of the zip64 directory says",
            (f, _) -> f.putInt(end(f) + 8, 0x0005_0005)),
        row(
            "an end elsewhere",
            "zip directory: byte 744: expected the end of a zip64 directory before it",
            (f, _) -> f.putLong(end(f) - 12, 64)),
        row(
            "more entries than there are",
            "zip directory: byte 688: expected an entry's header",
            (f, _) -> {
              f.putInt(end(f) + 8, 0x0005_0005);
              f.putLong(end(f) - 76 + 32, 5);
            }),
        row(
            "fewer entries than there are",
            "zip directory: byte 633: expected the end of the" + " directory",
            (f, _) -> {
              f.putInt(end(f) + 8, 0x0003_0003);
              f.putLong(end(f) - 76 + 32, 3);
            }),
        row(
            "2^62 entries",
            "zip directory: 4611686018427387904 entries, at most 1000000 are allowed",
            (f, _) -> {
              f.putInt(end(f) + 8, -1);
              f.putLong(end(f) - 76 + 32, 1L << 62);
            }),
        row(
            "a directory that begins at -1",
            "zip directory: byte 688: expected a directory of 222 bytes from byte -1 to here",
            (f, _) -> {
              f.putInt(end(f) + 16, -1);
              f.putLong(end(f) - 76 + 48, -1);
            }),
        row(
            "a name as long as can be",
            "zip directory: byte 466: expected an entry's header inside" + " the directory",
            (f, z) -> f.putShort(z.central("x/data.pkl") + 28, (short) -1)),
        row(
            "encrypted",
            "zip directory: entry x/data/0 has flags 0x0809, which torch.save never sets",
            (f, z) -> f.putShort(z.central(data) + FLAGS, (short) 0x0809)),
        row(
            "packed without being packed",
            "zip directory: entry x/data/0 is stored in 23 bytes but" + " has 24",
            (f, z) -> central(f, z, data, PACKED, 23)),
        row(
            "a header where none is",
            "zip directory: entry x/data/0 is said to begin at byte 1 but" + " does not",
            (f, z) -> central(f, z, data, PLACE, 1)),
        row(
            "a header in the directory",
            "zip directory: entry x/data/0 is said to begin at byte" + " 4294967294 but does not",
            (f, z) -> central(f, z, data, PLACE, -2)),
        row(
            "the header of another entry",
            "zip directory: entry x/data/0: its header at byte 0 says" + " something else",
            (f, z) -> central(f, z, data, PLACE, 0)),
        row(
            "another method",
            "zip directory: entry x/data/0: its header at byte 278 says something" + " else",
            (f, z) -> f.putShort(z.local(data) + METHOD - 2, (short) 8)),
        row(
            "another CRC",
            "zip directory: entry x/data/0: its header at byte 278 says something else",
            (f, z) -> f.putInt(z.local(data) + 14, 1)),
        row(
            "up to behind the end",
            "zip directory: entry x/data/0 has 2000000000 bytes from byte 320"
                + " on, but the directory begins at byte 466",
            (f, z) -> {
              central(f, z, data, PACKED, 2_000_000_000);
              central(f, z, data, SIZE, 2_000_000_000);
            }),
        row(
            "over the next",
            "zip directory: entries x/data/0 and x/version overlap",
            (f, z) -> {
              central(f, z, data, PACKED, 60);
              central(f, z, data, SIZE, 60);
            }),
        row(
            "sizes that are nowhere",
            "zip directory: entry x/data/0 lacks the zip64 field that its sizes refer to",
            (f, z) -> central(f, z, data, SIZE, -1)),
        row(
            "a name that is no text",
            "zip directory: byte 625: an entry's name that is not UTF-8",
            (f, z) -> f.put(z.central(data) + NAME, (byte) 0xff)));
  }

  static List<Row> entries() {
    String slip = ": a name that is no path inside a folder";
    byte[] longer = Arrays.copyOf(PICKLE, PICKLE.length + 1);
    return List.of(
        of("../x", "zip directory: entry ../x" + slip, with("../x", "")),
        of("x/../../y", "zip directory: entry x/../../y" + slip, with("x/../../y", "")),
        of("/etc/passwd", "zip directory: entry /etc/passwd" + slip, with("/etc/passwd", "")),
        of("C:/x", "zip directory: entry C:/x" + slip, with("C:/x", "")),
        of("x\\y", "zip directory: entry x\\y" + slip, with("x\\y", "")),
        of("a name with NUL", "zip directory: entry x/\\u0000" + slip, with("x/\0", "")),
        of("x/", "zip directory: entry x/" + slip, with("x/", "")),
        of(
            "two folders",
            "no file of torch.save: a zip archive with x/data.pkl and y/0, expected"
                + " one folder",
            with("y/0", "")),
        of(
            "no folder",
            "no file of torch.save: a zip archive with data.pkl and data.pkl, expected"
                + " one folder",
            new ZipWriter().add("data.pkl", PICKLE)),
        of(
            "no pickle",
            "no file of torch.save: a zip archive without x/data.pkl",
            new ZipWriter().add("x/data/0", floats(0))),
        of(
            "big-endian",
            "its byte order is big, expected little; save it on another machine",
            with("x/byteorder", "big")),
        of("version 11", "version 11 of the format, expected 1 to 10", with("x/version", "11\n")),
        of("no version", "version -1 of the format, expected 1 to 10", with("x/version", "-1")),
        of(
            "a long version",
            "entry x/version has 65 bytes, more than the 64 allowed",
            with("x/version", "3".repeat(65))),
        of("no storage", "has no entry x/data/0 for its storage", with("x/version", "3")),
        of(
            "a storage of another size",
            "entry x/data/0 has 4 bytes, its storage needs 24",
            with("x/version", "3").add("x/data/0", floats(1))),
        of(
            "a storage outside its folder",
            "has no entry x/data/../data.pkl for its storage",
            archive(pickle().storage("FloatStorage", "../data.pkl", 6).stop())),
        of("a pickle that goes on", "data.pkl ends at byte 110 but has 111 bytes", archive(longer)),
        row(
            "a damaged pickle",
            "entry x/data.pkl has CRC 09afdb45, expected 8764ab7a; the file is damaged",
            (f, z) -> f.put(z.local("x/data.pkl") + 64 + 9, (byte) 'b')),
        row(
            "a compressed pickle",
            "entry x/data.pkl is compressed, which torch.save never does; load"
                + " it in Python and save it again",
            (f, z) -> method(f, z, "x/data.pkl", 8)),
        row(
            "a compressed storage",
            "entry x/data/0 is compressed, which torch.save never does; load"
                + " it in Python and save it again",
            (f, z) -> method(f, z, "x/data/0", 8)),
        row(
            "an entry twice",
            "zip directory: entry x/data.pkl is there twice",
            (f, z) -> {
              byte[] first = new byte[46 + 10];
              f.get(z.central("x/data.pkl"), first);
              f.put(z.central("x/byteorder"), first)
                  .putShort(z.central("x/byteorder") + 30, (short) 1);
            }));
  }

  @ParameterizedTest
  @MethodSource({"directories", "entries"})
  void isRefusedInOneSentence(Row row) {
    assertThatThrownBy(() -> TorchFile.of(MemorySegment.ofArray(row.file), "m.pth").close())
        .isInstanceOf(CheckpointException.class)
        .hasMessage("m.pth: " + row.says);
  }

  @Test
  void whatTheLiesAreAboutIsInOrderOtherwise() {
    MemorySegment file = MemorySegment.ofArray(archive(PICKLE).toBytes());
    try (TorchFile opened = TorchFile.of(file, "m.pth")) {
      assertThat(opened.names()).containsExactly("a");
    }
  }

  @Test
  void inflatesNothing() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("x/data.pkl"));
      zip.write(new byte[100_000_000]);
    }
    assertThat(bytes.size()).isLessThan(100_000);
    assertThatThrownBy(() -> TorchFile.of(MemorySegment.ofArray(bytes.toByteArray()), "m.pth"))
        .hasMessage(
            "m.pth: entry x/data.pkl is compressed, which torch.save never does; load it in Python"
                + " and save it again");
  }

  @Test
  void refusesAPickleOfMoreThan64Megabytes() throws IOException {
    Path path = folder.resolve("m.pth");
    new ZipWriter().add("x/data.pkl", PICKLE, Pickle.MAX_BYTES + 1).write(path);
    assertThatThrownBy(() -> TorchFile.open(path))
        .hasMessage("m.pth: entry x/data.pkl has 67108865 bytes, more than the 67108864 allowed");
  }

  /// Wherever a file ends too early, one sentence says that it does.
  @ParameterizedTest
  @ValueSource(strings = {"plain.pt", "training.pth", "legacy.pth"})
  void saysOfEveryPartThatItIsNotTheWhole(String name) {
    byte[] file = real(name);
    for (int length = 0; length < file.length; length++) {
      MemorySegment part = MemorySegment.ofArray(Arrays.copyOf(file, length));
      assertThatThrownBy(() -> TorchFile.of(part, "m.pth"))
          .as("%d bytes", length)
          .isInstanceOf(CheckpointException.class)
          .hasMessageMatching(
              "m.pth: (no file of torch.save: .*|.*the download looks cut off|byte \\d+: reads \\d+"
                  + " bytes at byte \\d+, but \\d+ are left|byte \\d+: a name that does not end"
                  + " within \\d+ bytes)");
    }
  }
}
