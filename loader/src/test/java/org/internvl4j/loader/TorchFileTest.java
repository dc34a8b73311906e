package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.internvl4j.loader.Fixtures.DEVICE;
import static org.internvl4j.loader.Opcode.*;
import static org.internvl4j.loader.PickleWriter.pickle;
import static org.internvl4j.loader.TorchFiles.archive;
import static org.internvl4j.loader.TorchFiles.floats;
import static org.internvl4j.loader.TorchFiles.real;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {
  @TempDir Path folder;

  private static TorchFile of(byte[] file, String... keys) {
    return TorchFile.of(MemorySegment.ofArray(file), "m.pth", keys);
  }

  private static void refuses(byte[] file, String message, String... keys) {
    assertThatThrownBy(() -> of(file, keys).close())
        .isInstanceOf(CheckpointException.class)
        .hasMessage(message);
  }

  private static float[] floatsOf(TorchFile file, String tensor) {
    return file.tensor(tensor, DEVICE).toFloats();
  }

  // ---- the format

  /// `plain.pt` opcode by opcode, as `pickletools` shows it.
  private static byte[] plainPickle() {
    PickleWriter p = pickle().op(EMPTY_DICT).put().op(MARK).text("weight").put();
    p.global("torch._utils", "_rebuild_tensor_v2").put().op(MARK, MARK).text("storage").put();
    p.global("torch", "FloatStorage").put().text("0").put().text("cpu").put().integer(6);
    p.op(TUPLE).put().op(BINPERSID).integer(0);
    p.integer(2).integer(3).op(TUPLE2).put().integer(3).integer(1).op(TUPLE2).put();
    p.op(NEWFALSE).global("collections", "OrderedDict").put().op(EMPTY_TUPLE, REDUCE).put();
    p.op(TUPLE).put().op(REDUCE).put().text("bias").put();
    p.get(2).op(MARK, MARK).get(3).global("torch", "BFloat16Storage").put().text("1").put();
    p.get(6).integer(2).op(TUPLE).put().op(BINPERSID).integer(0);
    p.integer(2).op(TUPLE1).put().integer(1).op(TUPLE1).put();
    p.op(NEWFALSE).get(10).op(EMPTY_TUPLE, REDUCE).put().op(TUPLE).put().op(REDUCE).put();
    return p.op(SETITEMS).stop();
  }

  @Test
  void whatTheTestsWriteByHandIsWhatTorchWrites() {
    byte[] written =
        new ZipWriter()
            .add("plain/data.pkl", plainPickle())
            .add("plain/.format_version", "1".getBytes(US_ASCII))
            .add("plain/.storage_alignment", "64".getBytes(US_ASCII))
            .add("plain/byteorder", "little".getBytes(US_ASCII))
            .add("plain/data/0", floats(0, 1, 2, 3, 4, 5))
            .add("plain/data/1", new byte[] {(byte) 0x80, 0x3f, 0, (byte) 0xc0})
            .add("plain/version", "3\n".getBytes(US_ASCII))
            .add(
                "plain/.data/serialization_id",
                "0561108523619670529418176190916846363399".getBytes(US_ASCII))
            .toBytes();
    assertThat(written).isEqualTo(real("plain.pt"));
  }

  @Test
  void readsWhatTorchWroteInPlace() throws IOException {
    Path path = Files.write(folder.resolve("plain.pt"), real("plain.pt"));
    try (TorchFile file = TorchFile.open(path)) {
      assertThat(file.name()).isEqualTo("plain.pt");
      assertThat(file.names()).containsExactly("weight", "bias");
      assertThat(file.info("weight").toString()).isEqualTo("[2, 3] F32");
      assertThat(file.info("bias").toString()).isEqualTo("[2] BF16");
      assertThat(file.info("bias").type()).isEqualTo(DType.BF16);
      assertThat(floatsOf(file, "weight")).containsExactly(0, 1, 2, 3, 4, 5);
      assertThat(floatsOf(file, "bias")).containsExactly(1, -2);
      for (String name : file.names()) {
        MemorySegment bytes = file.bytes(name);
        assertThat(bytes.isMapped()).isTrue();
        assertThat(bytes.isReadOnly()).isTrue();
        assertThat(file.info(name).begin() % 64).isZero();
        assertThat(bytes.byteSize()).isEqualTo(file.info(name).bytes());
      }
    }
  }

  // ---- what training code saves

  @ParameterizedTest
  @ValueSource(strings = {"training.pth", "legacy.pth"})
  void findsTheStateDictBesideOtherThings(String name) {
    try (TorchFile file = of(real(name))) {
      assertThat(file.names()).containsExactly("weight", "bias", "tied", "turned", "column");
      assertThat(floatsOf(file, "weight")).containsExactly(0, 1, 2, 3, 4, 5);
      assertThat(floatsOf(file, "bias")).containsExactly(0.5f, -0.25f);
      assertThat(floatsOf(file, "turned")).containsExactly(0, 3, 1, 4, 2, 5);
      assertThat(floatsOf(file, "column")).containsExactly(1, 4);
      assertThat(file.info("turned").shape()).containsExactly(3L, 2L);
      assertThat(file.info("tied").begin()).isEqualTo(file.info("weight").begin());
      assertThat(file.info("column").begin()).isEqualTo(file.info("weight").begin() + 4);
      assertThat(file.info("column").bytes()).isEqualTo(8);
      assertThat(file.bytes("column").isReadOnly()).isTrue();
      assertThat(file.bytes("column").address()).isEqualTo(file.bytes("column").address());
    }
  }

  @Test
  void saysWhatIsThereInsteadOfATensor() {
    try (TorchFile file = of(real("training.pth"))) {
      assertThatThrownBy(() -> file.info("wieght"))
          .hasMessage("wieght: not in m.pth (nearest: weight)");
      assertThatThrownBy(() -> file.tensor("sparse", DEVICE))
          .isInstanceOf(CheckpointException.class)
          .hasMessage(
              "m.pth: sparse is made by torch._utils._rebuild_sparse_tensor, which is never called,"
                  + " expected a tensor");
      assertThatThrownBy(() -> file.bytes("expanded"))
          .hasMessage(
              "m.pth: expanded is a tensor of 4 elements over 1 of its storage; save it with"
                  + " .contiguous()");
    }
    try (TorchFile file = of(real("training.pth"), "meta")) {
      assertThat(file.names()).isEmpty();
      assertThatThrownBy(() -> file.info("args"))
          .hasMessage(
              "m.pth: args is made by argparse.Namespace, which is never called, expected a tensor");
      assertThatThrownBy(() -> file.info("epoch"))
          .hasMessage("m.pth: epoch is the integer 3, expected a tensor");
      assertThatThrownBy(() -> file.info("classes.1"))
          .hasMessage("m.pth: classes.1 is the text \"dog\", expected a tensor");
    }
  }

  @Test
  void followsTheKeysThatItIsGiven() {
    try (TorchFile file = of(real("training.pth"), "state_dict")) {
      assertThat(file.names()).hasSize(5);
    }
    refuses(
        real("training.pth"),
        "m.pth: has no ema: ema is none of [meta, state_dict, optimizer]",
        "ema");
    refuses(
        real("training.pth"), "m.pth: has no meta.epoch.x: x is none of []", "meta", "epoch", "x");
    refuses(
        real("training.pth"),
        "m.pth: meta.epoch is the integer 3, expected a dict of tensors (a state_dict())",
        "meta",
        "epoch");
  }

  @Test
  void namesNestedTensorsByTheirKeys() {
    byte[] nested =
        pickle()
            .op(EMPTY_DICT)
            .text("model")
            .op(EMPTY_DICT)
            .text("layers")
            .op(EMPTY_LIST, EMPTY_DICT)
            .text("w")
            .view(6, 2, new long[] {2, 2}, new long[] {2, 1})
            .op(SETITEM, APPEND, SETITEM)
            .integer(7)
            .view(6, 5, new long[] {}, new long[] {})
            .op(SETITEM, SETITEM)
            .stop();
    try (TorchFile file = of(archive(nested).toBytes())) {
      assertThat(file.names()).containsExactly("layers.0.w", "7");
      assertThat(floatsOf(file, "layers.0.w")).containsExactly(2, 3, 4, 5);
      assertThat(floatsOf(file, "7")).containsExactly(5);
      assertThat(file.info("7").toString()).isEqualTo("[] F32");
    }
  }

  @Test
  void saysThatSomethingElseWasSaved() {
    refuses(
        real("module.pt"),
        "m.pth: it is made by torch.nn.modules.linear.Linear, which is never called, expected a"
            + " dict of tensors (a state_dict())");
    refuses(
        real("script.pt"),
        "m.pth: a TorchScript program, which is never run; save its state_dict() with torch.save or"
            + " as safetensors");
    refuses(
        archive(pickle().view(6, 0, new long[] {6}, new long[] {1}).stop()).toBytes(),
        "m.pth: it is a tensor, expected a dict of tensors (a state_dict())");
    refuses(
        "version https://git-lfs.github.com/spec/v1\n".getBytes(US_ASCII),
        "m.pth: a Git LFS pointer instead of the weights; run git lfs pull");
    refuses(new byte[0], "m.pth: no file of torch.save: it is empty");
    refuses(
        new byte[] {31, (byte) 0x8b, 8, 0},
        "m.pth: no file of torch.save: it begins with 0x1f, expected a zip archive");
    refuses(
        pickle().op(EMPTY_DICT).stop(),
        "m.pth: no file of torch.save: a pickle that something else wrote, which is not opened");
    assertThatThrownBy(() -> TorchFile.open(folder.resolve("none.pt")))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("none.pt: not found");
  }

  /// Every width, and strides that step over elements, over rows and not at all.
  @ParameterizedTest
  @CsvSource({"Byte,1", "Short,2", "Float,4", "Double,8"})
  void readsTheElementsOfViewsInTheirOrder(String type, int width) {
    byte[] elements = new byte[24 * width];
    for (int i = 0; i < 24; i++) {
      elements[i * width] = (byte) i;
    }
    PickleWriter p = new PickleWriter().global("torch._utils", "_rebuild_tensor_v2").op(MARK);
    p.storage(type + "Storage", "0", 24).integer(1);
    p.integers(2, 1, 2, 3).integers(12, 999, 1, 4).op(TUPLE, REDUCE);
    byte[] bytes =
        new ZipWriter()
            .add("x/data.pkl", PickleWriter.dictOf(p))
            .add("x/data/0", elements)
            .toBytes();
    try (TorchFile file = of(bytes)) {
      byte[] read = file.bytes("a").toArray(ValueLayout.JAVA_BYTE);
      assertThat(read).hasSize(12 * width);
      assertThat(IntStream.range(0, 12).map(i -> read[i * width]))
          .containsExactly(1, 5, 9, 2, 6, 10, 13, 17, 21, 14, 18, 22);
    }
  }

  // ---- memory and time

  @Test
  void saysThatTheFileHasShrunk() throws IOException {
    assumeThat(System.getProperty("os.name").toLowerCase(Locale.ROOT))
        .as("Windows does not let a mapped file shrink")
        .doesNotContain("windows");
    Path path = Files.write(folder.resolve("m.pth"), real("training.pth"));
    try (TorchFile file = TorchFile.open(path)) {
      long end = file.info("weight").end();
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(64);
      }
      for (String name : List.of("weight", "turned")) {
        assertThatThrownBy(() -> file.bytes(name))
            .isInstanceOf(CheckpointException.class)
            .hasMessage(
                "m.pth: had %d bytes when it was opened and has 64 now; %s ends at byte %d"
                    .formatted(real("training.pth").length, name, end));
      }
    }
  }

  @Test
  void namesTheFileAfterClose() {
    TorchFile file = of(real("training.pth"));
    Tensor inPlace = file.tensor("weight", DEVICE);
    Tensor copied = file.tensor("turned", DEVICE);
    file.close();
    file.close();
    for (Tensor tensor : List.of(inPlace, copied)) {
      assertThatThrownBy(tensor::toFloats)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("tensor: m.pth is closed");
    }
    for (String name : List.of("weight", "turned")) {
      assertThatThrownBy(() -> file.bytes(name))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("torch: m.pth is closed");
    }
  }

  @Test
  void usesNativeMemoryInPlaceAndLeavesItOpen() {
    byte[] bytes = real("plain.pt");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
      try (TorchFile file = TorchFile.of(segment, "m")) {
        segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, file.info("weight").begin(), 7);
        assertThat(floatsOf(file, "weight")).startsWith(7, 1);
      }
      assertThat(segment.scope().isAlive()).isTrue();
    }
  }

  @Test
  void isReadByManyThreadsAtOnce() throws Exception {
    try (TorchFile file = of(real("training.pth"));
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Long>> addresses =
          threads.invokeAll(Collections.nCopies(64, () -> file.bytes("turned").address()));
      for (Future<Long> address : addresses) {
        assertThat(address.get()).isEqualTo(file.bytes("turned").address());
      }
    }
  }

  @Test
  void reachesTheEndOfAFileOfFiveGigabytes() throws IOException {
    long big = 1_250_000_000;
    Path path = folder.resolve("big.pt");
    PickleWriter p = pickle().op(EMPTY_DICT).text("big");
    p.view(big, 0, new long[] {big / 1000, 1000}, new long[] {1000, 1}).op(SETITEM).text("small");
    p.global("torch._utils", "_rebuild_tensor_v2").op(MARK).storage("FloatStorage", "1", 2);
    p.integer(0).integers(2).integers(1).op(TUPLE, REDUCE, SETITEM);
    long began = Files.getFileStore(folder).getUsableSpace();
    new ZipWriter()
        .add("big/data.pkl", p.stop())
        .add("big/data/0", floats(3), 4 * big)
        .add("big/data/1", floats(1, -2))
        .add("big/version", "3\n".getBytes(US_ASCII))
        .write(path);
    assertThat(Files.size(path)).isGreaterThan(4 * big);
    long taken = began - Files.getFileStore(folder).getUsableSpace();
    assumeThat(taken).as("this disk cannot leave holes in files").isLessThan(1L << 30);
    try (TorchFile file = TorchFile.open(path)) {
      Tensor tensor = file.tensor("big", DEVICE);
      assertThat(tensor.narrow(0, 0, 1).narrow(1, 0, 2).toFloats()).containsExactly(3, 0);
      assertThat(tensor.select(0, (int) (big / 1000) - 1).narrow(0, 998, 2).toFloats())
          .containsExactly(0, 0);
      assertThat(floatsOf(file, "small")).containsExactly(1, -2);
      assertThat(file.info("small").begin()).isGreaterThan(4 * big);
    }
  }

  @Test
  void readsEveryDtype() {
    List<String> storages =
        List.of(
            "Float F32 6",
            "Half F16 12",
            "BFloat16 BF16 12",
            "Double F64 3",
            "Long I64 3",
            "Int I32 6",
            "Short I16 12",
            "Char I8 24",
            "Byte U8 24",
            "Bool BOOL 24",
            "ComplexFloat C64 3");
    for (String storage : storages) {
      String[] words = storage.split(" ", -1);
      long count = Long.parseLong(words[2]);
      PickleWriter p = new PickleWriter().global("torch._utils", "_rebuild_tensor_v2").op(MARK);
      p.storage(words[0] + "Storage", "0", count).integer(0).integers(count).integers(1);
      byte[] file = archive(PickleWriter.dictOf(p.op(TUPLE, REDUCE))).toBytes();
      try (TorchFile opened = of(file)) {
        assertThat(opened.info("a").toString()).isEqualTo("[" + count + "] " + words[1]);
        assertThat(opened.bytes("a").byteSize()).isEqualTo(24);
        if (opened.info("a").type() == null) {
          assertThatThrownBy(() -> opened.tensor("a", DEVICE))
              .hasMessageStartingWith("m.pth: a is " + words[1] + ", which no kernel reads");
        } else {
          assertThat(opened.tensor("a", DEVICE).toFloats()).hasSize((int) count);
        }
      }
    }
  }
}
