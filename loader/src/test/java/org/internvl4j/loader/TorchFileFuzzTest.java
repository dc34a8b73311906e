package org.internvl4j.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.loader.TorchFiles.real;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Damaged and invented files: each ends in one sentence or gives tensors that lie in it.
///
/// `-Dinternvl4j.test.jvm=-Dinternvl4j.fuzz=N` tries N times as many files as a usual build.
class TorchFileFuzzTest {
  private static final int FILES = 5000;
  private static final int NUMBER = Integer.getInteger("internvl4j.fuzz", 1);
  private static final long[] EDGES = {
    0,
    1,
    2,
    3,
    6,
    24,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    Integer.MAX_VALUE,
    0xffff_ffffL,
    1L << 32,
    1L << 60,
    1L << 61,
    1L << 62,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -1,
    -2,
    -4
  };

  /// What pickles of `torch.save` are made of.
  private static final List<byte[]> WORDS = words();

  private static final List<String> ARCHIVES = List.of("plain.pt", "training.pth", "module.pt");

  private static byte[] word(PickleWriter word) {
    byte[] bytes = word.stop();
    return Arrays.copyOf(bytes, bytes.length - 1);
  }

  private static List<byte[]> words() {
    List<byte[]> words = new ArrayList<>();
    for (Opcode opcode : Opcode.values()) {
      words.add(new byte[] {(byte) opcode.code});
    }
    for (String text : List.of("", "a", "0", "1", "storage", "cpu", "state_dict", "model")) {
      words.add(word(new PickleWriter().text(text)));
    }
    for (String name :
        List.of("_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter", "_x")) {
      words.add(word(new PickleWriter().global("torch._utils", name)));
    }
    for (String name : List.of("FloatStorage", "ByteStorage", "QInt8Storage", "float8_e5m2")) {
      words.add(word(new PickleWriter().global("torch", name)));
    }
    words.add(word(new PickleWriter().global("torch.storage", "UntypedStorage")));
    words.add(word(new PickleWriter().global("collections", "OrderedDict")));
    words.add(word(new PickleWriter().storage("FloatStorage", "0", 6)));
    words.add(word(new PickleWriter().storage("ByteStorage", "0", 24)));
    words.add(word(new PickleWriter().view(6, 0, new long[] {2, 3}, new long[] {1, 2})));
    words.add(word(new PickleWriter().integers(2, 3)));
    words.add(word(new PickleWriter().integers(0)));
    for (long edge : EDGES) {
      words.add(word(new PickleWriter().integer(edge)));
    }
    return words;
  }

  static LongStream seeds() {
    return LongStream.rangeClosed(1, 4L * NUMBER);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void refusesOrReads(long seed) {
    Random random = new Random(seed);
    int refused = 0;
    for (int i = 0; i < FILES; i++) {
      String name = ARCHIVES.get(random.nextInt(ARCHIVES.size()));
      byte[] file =
          switch (random.nextInt(7)) {
            case 0 -> damaged(real(name), random);
            case 1 -> damaged(real("legacy.pth"), random);
            case 2 -> withPickle(name, damaged(pickleOf(name), random));
            case 3 -> withPickle(name, mixed(pickleOf(name), random));
            case 4 -> TorchFiles.archive(invented(random)).toBytes();
            case 5 -> misleading(real(name), random);
            default -> damaged(TorchFiles.archive(invented(random)).toBytes(), random);
          };
      refused += isRefused(file, "seed " + seed + ", file " + i) ? 1 : 0;
    }
    assertThat(refused).isBetween(FILES / 2, FILES * 99 / 100);
  }

  private static boolean isRefused(byte[] bytes, String what) {
    try (TorchFile file = TorchFile.of(MemorySegment.ofArray(bytes), "f")) {
      for (String name : file.names()) {
        SafeTensors.TensorInfo info = file.info(name);
        assertThat(info.begin()).as(what).isBetween(0L, info.end());
        assertThat(info.end()).as(what).isLessThanOrEqualTo(bytes.length);
        MemorySegment tensor = file.bytes(name);
        assertThat(tensor.byteSize()).as(what).isEqualTo(info.bytes());
        if (tensor.byteSize() > 0) {
          tensor.get(ValueLayout.JAVA_BYTE, tensor.byteSize() - 1);
        }
      }
      return false;
    } catch (CheckpointException e) {
      assertThat(e).as(what).hasMessageStartingWith("f: ").hasMessageNotContaining("\n");
      assertThat(e.getMessage()).as(what).hasSizeLessThan(2100);
      return true;
    } catch (RuntimeException | Error e) {
      throw new AssertionError(what + ": " + Base64.getEncoder().encodeToString(bytes), e);
    }
  }

  // ---- files

  private static byte[] pickleOf(String archive) {
    byte[] file = real(archive);
    ZipDirectory.Entry entry =
        ZipDirectory.read(MemorySegment.ofArray(file), archive).values().iterator().next();
    assertThat(entry.name()).endsWith("/data.pkl");
    return Arrays.copyOfRange(file, (int) entry.begin(), (int) entry.end());
  }

  /// The archive with another pickle, every checksum right.
  private static byte[] withPickle(String archive, byte[] pickle) {
    byte[] file = real(archive);
    ZipWriter writer = new ZipWriter();
    ZipDirectory.read(MemorySegment.ofArray(file), archive)
        .forEach((name, entry) ->
            writer.add(
                name,
                name.endsWith("/data.pkl")
                    ? pickle
                    : Arrays.copyOfRange(file, (int) entry.begin(), (int) entry.end())));
    return writer.toBytes();
  }

  private static byte[] invented(Random random) {
    PickleWriter pickle = PickleWriter.pickle().op(Opcode.EMPTY_DICT).put();
    int entries = random.nextInt(8);
    for (int i = 0; i < entries; i++) {
      if (random.nextInt(4) == 0) {
        pickle.raw(word(random));
      }
      pickle.text(Integer.toString(random.nextInt(30))).raw(value(random)).op(Opcode.SETITEM);
    }
    return pickle.stop();
  }

  private static byte[] value(Random random) {
    PickleWriter value = new PickleWriter();
    if (random.nextInt(3) == 0) {
      return word(random);
    }
    long[] shape = random.longs(random.nextInt(4), 0, 4).toArray();
    long[] strides = random.longs(shape.length, 0, 4).toArray();
    if (random.nextInt(4) == 0 && shape.length > 0) {
      (random.nextBoolean() ? shape : strides)[random.nextInt(shape.length)] = edge(random);
    }
    value.view(6, random.nextInt(8) == 0 ? edge(random) : random.nextInt(3), shape, strides);
    return random.nextInt(4) == 0 ? damaged(word(value), random) : word(value);
  }

  private static byte[] word(Random random) {
    return WORDS.get(random.nextInt(WORDS.size()));
  }

  private static long edge(Random random) {
    return EDGES[random.nextInt(EDGES.length)];
  }

  // ---- damage

  /// Words in the place of bytes.
  private static byte[] mixed(byte[] bytes, Random random) {
    byte[] file = bytes;
    for (int i = random.nextInt(3); i >= 0; i--) {
      int at = random.nextInt(file.length + 1);
      file = replaced(file, at, Math.min(file.length, at + random.nextInt(4)), word(random));
    }
    return file;
  }

  private static byte[] damaged(byte[] bytes, Random random) {
    byte[] file = bytes.clone();
    for (int i = random.nextInt(4); i >= 0; i--) {
      int at = random.nextInt(file.length + 1);
      int to = Math.min(file.length, at + 1 + random.nextInt(random.nextBoolean() ? 4 : 64));
      int from = random.nextInt(file.length + 1);
      byte[] part = Arrays.copyOfRange(file, from, Math.min(file.length, from + to - at));
      byte[] number = word(new PickleWriter().u64(edge(random)));
      byte[] cut = Arrays.copyOf(number, 1 << random.nextInt(4));
      file =
          switch (random.nextInt(6)) {
            case 0 -> replaced(file, at, to, part);
            case 1 -> replaced(file, at, at, part);
            case 2 -> replaced(file, at, to, new byte[0]);
            case 3 -> replaced(file, at, Math.min(file.length, at + cut.length), cut);
            default -> flipped(file, random);
          };
    }
    return file;
  }

  /// Other numbers in the directory of an archive.
  private static byte[] misleading(byte[] file, Random random) {
    byte[] lying = file;
    for (int i = random.nextInt(3); i >= 0; i--) {
      int at = lying.length - 8 - random.nextInt(Math.min(800, lying.length - 8));
      long value = random.nextBoolean() ? edge(random) : random.nextInt(lying.length);
      byte[] number = Arrays.copyOf(word(new PickleWriter().u64(value)), 2 << random.nextInt(3));
      lying = replaced(lying, at, at + number.length, number);
    }
    return lying;
  }

  private static byte[] flipped(byte[] file, Random random) {
    if (file.length > 0) {
      int bit = random.nextInt(8 * file.length);
      file[bit / 8] ^= (byte) (1 << bit % 8);
    }
    return file;
  }

  private static byte[] replaced(byte[] file, int from, int to, byte[] by) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(file, 0, from);
    out.writeBytes(by);
    out.write(file, to, file.length - to);
    return out.toByteArray();
  }
}
