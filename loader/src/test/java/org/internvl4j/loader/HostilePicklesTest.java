package org.internvl4j.loader;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.internvl4j.loader.Fixtures.DEVICE;
import static org.internvl4j.loader.Opcode.*;
import static org.internvl4j.loader.PickleWriter.dictOf;
import static org.internvl4j.loader.PickleWriter.pickle;
import static org.internvl4j.loader.TorchFiles.archive;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Pickles that want to run something, to take memory without bound or to point out of their file,
/// and what is said of each. None is followed a step further than it is understood.
class HostilePicklesTest {
  record Row(String name, byte[] pickle, String says) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static PickleWriter p() {
    return new PickleWriter();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(US_ASCII);
  }

  private static Row refused(String name, byte[] pickle, String says) {
    return new Row(name, pickle, "data.pkl, byte " + says);
  }

  private static Row refused(String name, PickleWriter pickle, String says) {
    return refused(name, pickle.stop(), says);
  }

  /// The value of a dict, whose last opcode is refused: behind it are SETITEM and STOP.
  private static Row inDict(String name, PickleWriter value, String says) {
    byte[] pickle = dictOf(value);
    return refused(name, pickle, pickle.length - 3 + ": " + says);
  }

  private static PickleWriter view(long offset, long[] shape, long... strides) {
    return p().view(6, offset, shape, strides);
  }

  /// Whole files in the place of a state dict.
  static List<Row> programs() {
    String never = ", which is never called, expected a dict of tensors (a state_dict())";
    return List.of(
        new Row(
            "os.system by REDUCE",
            pickle().global("os", "system").text("id").op(TUPLE1, REDUCE).stop(),
            "it is made by os.system" + never),
        new Row(
            "eval by REDUCE",
            pickle().global("builtins", "eval").text("1/0").op(TUPLE1, REDUCE).stop(),
            "it is made by builtins.eval" + never),
        new Row(
            "a class by NEWOBJ",
            pickle().global("subprocess", "Popen").text("id").op(TUPLE1, NEWOBJ).stop(),
            "it is made by subprocess.Popen" + never),
        new Row(
            "a class by NEWOBJ_EX",
            pickle().global("subprocess", "Popen").op(EMPTY_TUPLE, EMPTY_DICT, NEWOBJ_EX).stop(),
            "it is made by subprocess.Popen" + never),
        new Row(
            "what getattr gives, called",
            pickle()
                .global("builtins", "getattr")
                .global("os", "_wrap_close")
                .text("__init__")
                .op(TUPLE2, REDUCE, EMPTY_TUPLE, REDUCE)
                .stop(),
            "it is made by builtins.getattr" + never),
        new Row(
            "state for a made object",
            pickle().global("a", "B").op(EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, BUILD).stop(),
            "it is made by a.B" + never),
        new Row(
            "items for a made object",
            pickle()
                .global("a", "B")
                .op(EMPTY_TUPLE, REDUCE)
                .text("k")
                .op(NONE, SETITEM, NONE, APPEND, MARK, NONE, ADDITEMS)
                .stop(),
            "it is made by a.B" + never),
        new Row(
            "an OrderedDict with arguments",
            pickle().global("collections", "OrderedDict").op(EMPTY_LIST, TUPLE1, REDUCE).stop(),
            "it is made by collections.OrderedDict" + never),
        new Row(
            "a function, not called",
            pickle().global("os", "system").stop(),
            "it is os.system, expected a dict of tensors (a state_dict())"),
        new Row(
            "a name of two texts",
            pickle().text("posix").text("system").op(STACK_GLOBAL, EMPTY_TUPLE, REDUCE).stop(),
            "it is made by posix.system" + never));
  }

  /// Opcodes, lengths and references.
  static List<Row> machines() {
    return List.of(
        refused(
            "INST",
            p().op(PROTO).raw(2).op(MARK, INST).raw(bytes("os\nsystem\n")),
            "3: INST is no opcode that torch.save writes"),
        refused(
            "OBJ",
            pickle().op(MARK).global("os", "system").op(OBJ),
            "14: OBJ is no opcode that torch.save writes"),
        refused("EXT1", pickle().op(EXT1).raw(1), "2: EXT1 refers to something outside the file"),
        refused(
            "NEXT_BUFFER",
            pickle().op(NEXT_BUFFER),
            "2: NEXT_BUFFER refers to something outside the file"),
        refused(
            "PERSID",
            pickle().op(PERSID).raw(bytes("0\n")),
            "2: PERSID is no opcode that torch.save writes"),
        refused("DUP", pickle().op(NONE, DUP), "3: DUP is no opcode that torch.save writes"),
        refused("an unknown opcode", pickle().raw(0xff), "2: 0xff is no opcode of a pickle"),
        refused(
            "protocol 0",
            p().raw(bytes("(dp0\n")),
            "0: a pickle of protocol 2 to 5 begins with PROTO"),
        refused(
            "protocol 1", p().op(PROTO).raw(1).op(EMPTY_DICT), "0: protocol 1, expected 2 to 5"),
        refused(
            "protocol 6", p().op(PROTO).raw(6).op(EMPTY_DICT), "0: protocol 6, expected 2 to 5"),
        refused("PROTO again", pickle().op(PROTO).raw(2), "2: a second PROTO"),
        refused("nothing", new byte[0], "0: reads 1 bytes at byte 0, but 0 are left"),
        refused(
            "no STOP",
            new byte[] {(byte) 0x80, 2, '}'},
            "3: reads 1 bytes at byte 3, but 0 are left"),
        refused("STOP with nothing", pickle(), "2: needs a value, but there is none on the stack"),
        refused("STOP with two", pickle().op(NONE, NONE), "4: STOP leaves values on the stack"),
        refused(
            "STOP behind a mark",
            pickle().op(NONE, MARK, NONE),
            "5: STOP leaves values on the stack"),
        refused(
            "a text of 4 GiB",
            pickle().op(BINUNICODE).u32(0xffff_ffffL).raw(bytes("x")),
            "2: reads 4294967295 bytes at byte 7, but 2 are left"),
        refused(
            "a text of 2^63 bytes",
            pickle().op(BINUNICODE8).u64(Long.MIN_VALUE),
            "2: reads 9223372036854775808 bytes at byte 11, but 1 are left"),
        refused(
            "bytes of 2^64 - 1",
            pickle().op(BINBYTES8).u64(-1),
            "2: reads 18446744073709551615 bytes at byte 11, but 1 are left"),
        refused(
            "an integer of 2 GiB",
            pickle().op(LONG4).u32(0x7fff_ffff),
            "2: reads 2147483647 bytes at byte 7, but 1 are left"),
        refused(
            "a frame of 2^40",
            pickle().op(FRAME).u64(1L << 40),
            "2: a frame of 1099511627776 bytes, but 1 are left"),
        refused(
            "a text that is none",
            pickle().op(SHORT_BINUNICODE).raw(1, 0xc0),
            "2: a text that is not UTF-8"),
        refused(
            "a name without end",
            pickle().op(GLOBAL).raw(new byte[2000]),
            "2: a name that does not end within 1000 bytes"),
        refused(
            "a name of numbers",
            pickle().integer(1).integer(2).op(STACK_GLOBAL),
            "6: a name made of the integer 1 and the integer 2, expected two texts"),
        refused(
            "a name of 3000 characters",
            pickle().text("a".repeat(1500)).text("b".repeat(1500)).op(STACK_GLOBAL),
            "3012: a name of more than 2000 characters"),
        refused(
            "a memo entry of nothing",
            pickle().op(BINGET).raw(5),
            "2: memo entry 5, but there are 0"),
        refused(
            "a memo entry beyond 2^31",
            pickle().op(LONG_BINGET).u32(0xffff_ffffL),
            "2: memo entry 4294967295, but there are 0"),
        refused(
            "a memo of 4 billion",
            pickle().op(NONE, LONG_BINPUT).u32(0xffff_fff0L),
            "3: memo entry 4294967280, expected 0 next"),
        refused(
            "a memo entry without a value",
            pickle().op(BINPUT).raw(0),
            "2: needs a value, but there is none on the stack"),
        refused(
            "a value from below the mark",
            pickle().op(NONE, MARK, TUPLE1),
            "4: needs a value, but there is none on the stack"),
        refused(
            "no mark", pickle().op(NONE, TUPLE), "3: needs a mark, but there is none on the stack"),
        refused(
            "POP of nothing",
            pickle().op(POP),
            "2: needs a value, but there is none on the stack"));
  }

  /// Values in places where they make no sense.
  static List<Row> contents() {
    return List.of(
        refused(
            "a key twice",
            pickle().op(EMPTY_DICT, MARK).text("a").op(NONE).text("a").op(NONE, SETITEMS),
            "18: the key the text \"a\" a second time"),
        refused(
            "a key without a value",
            pickle().op(EMPTY_DICT, MARK, NONE, SETITEMS),
            "5: a key without a value"),
        refused(
            "items of a list",
            pickle().op(EMPTY_LIST, NONE, NONE, SETITEM),
            "5: sets items of a list, expected a dict"),
        refused(
            "items of a tuple",
            pickle().op(EMPTY_TUPLE, NONE, APPEND),
            "4: appends to a tuple of 0, expected a list"),
        refused(
            "items of a dict",
            pickle().op(EMPTY_DICT, MARK, NONE, ADDITEMS),
            "5: adds 1 to a dict, expected a set"),
        refused(
            "attributes of a text",
            pickle().text("a").op(NONE, BUILD),
            "9: sets attributes of the text \"a\""),
        refused(
            "a text, called",
            pickle().text("os.system").op(EMPTY_TUPLE, REDUCE),
            "17: REDUCE of the text \"os.system\", expected a class or a function"),
        refused(
            "a call without a tuple",
            pickle().global("os", "system").op(EMPTY_LIST, REDUCE),
            "14: REDUCE with a list, expected a tuple of arguments"),
        refused(
            "keywords of a list",
            pickle().global("a", "B").op(EMPTY_TUPLE, EMPTY_LIST, NEWOBJ_EX),
            "9: NEWOBJ_EX with a list, expected a dict of arguments"),
        refused(
            "a persistent id of another form",
            pickle().text("../../x").op(BINPERSID),
            "14: a persistent id of another form than (\"storage\", class, key, device, size)"),
        inDict(
            "a storage of negative size",
            p().storage("FloatStorage", "0", -1),
            "storage 0 has -1 elements, expected 0 to 2^60"),
        inDict(
            "a storage of 2^62 elements",
            p().storage("FloatStorage", "0", 1L << 62),
            "storage 0 has 4611686018427387904 elements, expected 0 to 2^60"),
        refused(
            "a storage of two sizes",
            pickle().storage("FloatStorage", "0", 6).storage("FloatStorage", "0", 5),
            "103: storage 0 has 20 bytes, before it had 24"));
  }

  /// Tensors that do not lie in their storage of six elements.
  static List<Row> views() {
    String v2 = "torch._utils._rebuild_tensor_v2 of ";
    return List.of(
        inDict(
            "one element too many",
            view(0, new long[] {7}, 1),
            "[7] F32 of strides [1] from element 0 ends at byte 28 of storage 0, which has 24"),
        inDict(
            "an offset too far",
            view(6, new long[] {}, new long[0]),
            "[] F32 of strides [] from element 6 ends at byte 28 of storage 0, which has 24"),
        inDict(
            "an empty tensor beyond the end",
            view(7, new long[] {0}, 1),
            "[0] F32 of strides [1] from element 7 ends at byte 28 of storage 0, which has 24"),
        inDict(
            "a stride too long",
            view(0, new long[] {2, 2}, 5, 1),
            "[2, 2] F32 of strides [5, 1] from element 0 ends at byte 28 of storage 0, which"
                + " has 24"),
        inDict(
            "a negative offset",
            view(-1, new long[] {1}, 1),
            v2 + "the integer -1, expected an offset of at least 0"),
        inDict(
            "a negative size",
            view(0, new long[] {-2}, 1),
            v2 + "the integer -2, expected sizes of at least 0"),
        inDict(
            "a negative stride",
            view(5, new long[] {2}, -1),
            v2 + "the integer -1, expected strides of at least 0"),
        inDict(
            "sizes whose product is 0 in 64 bits",
            view(0, new long[] {1L << 32, 1L << 32}, 0, 0),
            "[4294967296, 4294967296] F32 of strides [0, 0] from element 0, expected a tensor"
                + " of less than 2^63 bytes"),
        inDict(
            "an overflow behind a size of 0",
            view(0, new long[] {0, 1L << 62, 4}, 1, 1, 1),
            "[0, 4611686018427387904, 4] F32 of strides [1, 1, 1] from element 0, expected a"
                + " tensor of less than 2^63 bytes"),
        inDict(
            "an end that overflows",
            view(5, new long[] {2}, Long.MAX_VALUE),
            "[2] F32 of strides [9223372036854775807] from element 5, expected a tensor of less"
                + " than 2^63 bytes"),
        inDict("more sizes than strides", view(0, new long[] {1, 1}, 1), "2 sizes and 1 strides"),
        inDict(
            "17 dimensions",
            view(0, new long[17], new long[17]),
            v2 + "a tuple of 17, expected a tuple of at most 16 sizes"),
        inDict(
            "sizes in a text",
            p().global("torch._utils", "_rebuild_tensor_v2")
                .op(MARK)
                .storage("FloatStorage", "0", 6)
                .integer(0)
                .text("66")
                .op(TUPLE, REDUCE),
            v2 + "the text \"66\", expected a tuple of at most 16 sizes"),
        inDict(
            "no storage",
            p().global("torch._utils", "_rebuild_tensor_v2").op(EMPTY_TUPLE, REDUCE),
            v2 + "None, expected a storage"),
        inDict(
            "a parameter of a text",
            p().global("torch._utils", "_rebuild_parameter").text("x").op(TUPLE1, REDUCE),
            "torch._utils._rebuild_parameter of the text \"x\", expected a tensor"));
  }

  /// Little files that stand for much.
  static List<Row> bombs() {
    PickleWriter nested = pickle();
    IntStream.range(0, 100_000).forEach(_ -> nested.op(EMPTY_LIST));
    IntStream.range(1, 100_000).forEach(_ -> nested.op(APPEND));
    PickleWriter thousands = pickle().op(EMPTY_LIST, MARK);
    IntStream.range(0, 1000).forEach(_ -> thousands.op(NONE));
    thousands.op(APPENDS).put().op(POP, EMPTY_LIST, MARK);
    IntStream.range(0, 1001).forEach(_ -> thousands.get(0));
    PickleWriter names = pickle().text("k".repeat(60_000)).put().op(POP, EMPTY_LIST, MARK);
    IntStream.range(0, 340).forEach(_ -> names.op(EMPTY_DICT).get(0).op(NONE, SETITEM));
    byte[] nones = new byte[1_000_001];
    Arrays.fill(nones, (byte) NONE.code);
    String deep = ": containers in containers, more than 32 deep";
    String zeros = "0" + ".0".repeat(31);
    return List.of(
        new Row("lists in lists", nested.stop(), zeros + deep),
        new Row("a list twice in a list, 100 times", doubled(100), zeros + deep),
        new Row("a list twice in a list, 25 times", doubled(25), "more than 300000 values"),
        new Row(
            "a list in itself",
            pickle().op(EMPTY_LIST).put().get(0).op(APPEND).stop(),
            zeros + deep),
        new Row(
            "a dict in itself",
            pickle().op(EMPTY_DICT).put().text("model").get(0).op(SETITEM).stop(),
            zeros.replace("0", "model") + deep),
        new Row(
            "a thousand values a thousand times",
            thousands.op(APPENDS).stop(),
            "more than 300000 values"),
        new Row(
            "one long name many times",
            names.op(APPENDS).stop(),
            "a tensor's name is longer than 65536 characters or all are longer than 20000000"),
        refused(
            "a tensor a hundred thousand times",
            hundredThousand(),
            "428666: more than 1000000 opcodes"),
        refused("a million opcodes", pickle().raw(nones), "1000001: more than 1000000 opcodes"));
  }

  private static PickleWriter hundredThousand() {
    PickleWriter pickle = pickle().global("torch._utils", "_rebuild_tensor_v2").put().op(MARK);
    pickle.storage("FloatStorage", "0", 6).integer(0).integers(6).integers(1).op(TUPLE).put();
    IntStream.range(0, 100_000).forEach(_ -> pickle.get(0).get(1).op(REDUCE, POP));
    return pickle;
  }

  private static byte[] doubled(int times) {
    PickleWriter lists = pickle().op(EMPTY_LIST).put();
    for (int i = 0; i < times; i++) {
      lists.op(POP, EMPTY_LIST, MARK).get(i).get(i).op(APPENDS).put();
    }
    return lists.stop();
  }

  static Stream<Row> rows() {
    return Stream.of(programs(), machines(), contents(), views(), bombs()).flatMap(List::stream);
  }

  @ParameterizedTest
  @MethodSource("rows")
  void isRefusedInOneSentence(Row row) {
    MemorySegment file = MemorySegment.ofArray(archive(row.pickle).toBytes());
    assertThatThrownBy(() -> TorchFile.of(file, "m.pth").close())
        .isInstanceOf(CheckpointException.class)
        .hasMessage("m.pth: " + row.says);
  }

  /// What hides beside an honest tensor neither runs nor keeps anybody from the tensor.
  @Test
  void hidesNothingThatRuns() {
    byte[] pickle =
        pickle()
            .op(EMPTY_DICT)
            .text("evil")
            .global("os", "system")
            .text("id")
            .op(TUPLE1, REDUCE, SETITEM)
            .text("a")
            .view(6, 0, new long[] {2, 3}, new long[] {3, 1})
            .op(SETITEM)
            .text("__reduce__")
            .global("builtins", "exec")
            .op(SETITEM)
            .stop();
    try (TorchFile file = TorchFile.of(MemorySegment.ofArray(archive(pickle).toBytes()), "m.pth")) {
      assertThat(file.names()).containsExactly("a");
      assertThat(file.tensor("a", DEVICE).toFloats()).containsExactly(0, 1, 2, 3, 4, 5);
      assertThatThrownBy(() -> file.info("evil"))
          .hasMessage("m.pth: evil is made by os.system, which is never called, expected a tensor");
      assertThatThrownBy(() -> file.info("__reduce__"))
          .hasMessage("m.pth: __reduce__ is builtins.exec, expected a tensor");
    }
  }

  @Test
  void saysLittleOfALongNameOfControlCharacters() {
    byte[] pickle = pickle().op(GLOBAL).raw(new byte[999]).raw('\n', 'x', '\n').stop();
    MemorySegment file = MemorySegment.ofArray(archive(pickle).toBytes());
    assertThatThrownBy(() -> TorchFile.of(file, "m.pth"))
        .hasMessageMatching("m\\.pth: it is (\\\\u0000){332}…");
  }

  @Test
  void refusesTwoTensorsOfOneName() {
    byte[] pickle =
        pickle()
            .op(EMPTY_DICT)
            .text("a.b")
            .view(6, 0, new long[] {1}, new long[] {1})
            .op(SETITEM)
            .text("a")
            .op(EMPTY_DICT)
            .text("b")
            .view(6, 1, new long[] {1}, new long[] {1})
            .op(SETITEM, SETITEM)
            .stop();
    assertThatThrownBy(() -> TorchFile.of(MemorySegment.ofArray(archive(pickle).toBytes()), "m"))
        .hasMessage("m: two tensors would be called a.b");
  }
}
