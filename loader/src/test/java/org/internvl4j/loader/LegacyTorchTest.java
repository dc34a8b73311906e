package org.internvl4j.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.internvl4j.loader.Fixtures.DEVICE;
import static org.internvl4j.loader.Opcode.*;
import static org.internvl4j.loader.PickleWriter.pickle;
import static org.internvl4j.loader.TorchFiles.floats;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// Files of the format before PyTorch 1.6; a real one is among those of [TorchFileTest].
class LegacyTorchTest {
  private long version = 1001;
  private Opcode little = NEWTRUE;
  private byte[] saved =
      pickle()
          .op(EMPTY_DICT)
          .text("a")
          .view(6, 2, new long[] {2, 2}, new long[] {2, 1})
          .op(SETITEM)
          .stop();
  private byte[] keys = pickle().op(EMPTY_LIST).text("0").op(APPEND).stop();
  private long count = 6;
  private byte[] elements = floats(0, 1, 2, 3, 4, 5);

  private byte[] file() {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(magic());
    file.writeBytes(pickle().integer(version).stop());
    file.writeBytes(pickle().op(EMPTY_DICT).text("little_endian").op(little, SETITEM).stop());
    file.writeBytes(saved);
    file.writeBytes(keys);
    byte[] size = new PickleWriter().u64(count).stop();
    file.writeBytes(Arrays.copyOf(size, 8));
    file.writeBytes(elements);
    return file.toByteArray();
  }

  private static byte[] magic() {
    return pickle()
        .op(LONG1)
        .raw(10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19)
        .stop();
  }

  private void refuses(String message) {
    MemorySegment file = MemorySegment.ofArray(file());
    assertThatThrownBy(() -> TorchFile.of(file, "m.pth").close())
        .isInstanceOf(CheckpointException.class)
        .hasMessage("m.pth: " + message);
  }

  @Test
  void readsTensorsWhereTheyLie() {
    byte[] file = file();
    try (TorchFile opened = TorchFile.of(MemorySegment.ofArray(file), "m.pth")) {
      assertThat(opened.tensor("a", DEVICE).toFloats()).containsExactly(2, 3, 4, 5);
      assertThat(opened.info("a").end()).isEqualTo(file.length);
    }
  }

  @Test
  void refusesAnotherVersion() {
    version = 1002;
    refuses("byte 22: another version of the format than 1001");
  }

  @Test
  void refusesAnotherByteOrder() {
    little = NEWFALSE;
    refuses("byte 46: a machine whose byte order is not little, expected little_endian: True");
  }

  @Test
  void refusesAnotherNumberOfElements() {
    int at = file().length - 32;
    count = 5;
    refuses("byte " + at + ": storage 0 of 5 elements, expected 6");
    count = -1;
    refuses("byte " + at + ": storage 0 of -1 elements, expected 6");
  }

  @Test
  void refusesAStorageThatIsCutOff() {
    int end = file().length;
    elements = Arrays.copyOf(elements, 23);
    refuses(
        "storage 0 ends at byte %d but the file has %d bytes; the download looks cut off"
            .formatted(end, end - 1));
  }

  @Test
  void refusesWhatFollowsTheStorages() {
    int end = file().length;
    elements = Arrays.copyOf(elements, 25);
    refuses("1 of 1 storages end at byte %d but the file has %d bytes".formatted(end, end + 1));
  }

  @Test
  void refusesAStorageOfTerabytes() {
    saved =
        pickle()
            .op(EMPTY_DICT)
            .text("a")
            .view(1L << 40, 0, new long[] {1L << 40}, new long[] {1})
            .op(SETITEM)
            .stop();
    count = 1L << 40;
    int begin = file().length - 24;
    refuses(
        "storage 0 ends at byte %d but the file has %d bytes; the download looks cut off"
            .formatted(begin + (1L << 42), begin + 24));
  }

  @Test
  void refusesAListOfOtherStorages() {
    keys = pickle().op(EMPTY_LIST).text("1").op(APPEND).stop();
    refuses("its list of storages has the text \"1\", expected one of its tensors'");
    keys = pickle().op(EMPTY_LIST).integer(0).op(APPEND).stop();
    refuses("its list of storages has the integer 0, expected one of its tensors'");
    keys = pickle().op(EMPTY_LIST).stop();
    int at = file().length - 32;
    refuses("0 of 1 storages end at byte %d but the file has %d bytes".formatted(at, at + 32));
    keys = pickle().op(EMPTY_DICT).stop();
    refuses("byte " + (at - 1) + ": expected the list of storages");
  }

  @Test
  void saysThatAWholeObjectWasSaved() {
    saved =
        pickle()
            .op(MARK)
            .text("module")
            .global("torch.nn", "Linear")
            .text("linear.py")
            .text("import os")
            .op(TUPLE, BINPERSID, EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, BUILD)
            .storage("FloatStorage", "0", 6)
            .op(POP)
            .stop();
    refuses(
        "it is made by torch.nn.Linear, which is never called, expected a dict of tensors (a"
            + " state_dict())");
  }

  /// A storage that is a part of another.
  @Test
  void doesNotReadWhatPyTorchBefore04Wrote() {
    saved =
        pickle()
            .op(EMPTY_DICT)
            .text("a")
            .global("torch._utils", "_rebuild_tensor")
            .op(MARK, MARK)
            .text("storage")
            .global("torch", "FloatStorage")
            .text("0")
            .text("cpu")
            .integer(6)
            .integers(1, 0, 3)
            .op(TUPLE, BINPERSID)
            .integer(0)
            .integers(3)
            .integers(1)
            .op(TUPLE, REDUCE, SETITEM)
            .text("b")
            .view(6, 0, new long[] {6}, new long[] {1})
            .op(SETITEM)
            .stop();
    try (TorchFile opened = TorchFile.of(MemorySegment.ofArray(file()), "m.pth")) {
      assertThat(opened.names()).containsExactly("b");
      assertThatThrownBy(() -> opened.info("a"))
          .hasMessage(
              "m.pth: a is made by view_metadata of PyTorch before 0.4, which is never called,"
                  + " expected a tensor");
    }
  }
}
