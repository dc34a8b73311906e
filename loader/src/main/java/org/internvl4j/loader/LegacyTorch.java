package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.Pickled.Dict;
import org.internvl4j.loader.Pickled.Int;
import org.internvl4j.loader.Pickled.Items;
import org.internvl4j.loader.Pickled.Storage;
import org.internvl4j.loader.Pickled.Text;

/// The format of `torch.save` before PyTorch 1.6: five pickles – a magic number, a version, the
/// machine, what was saved, the keys of its storages – and then the storages in the order of those
/// keys, each behind its number of elements (`torch/serialization.py`, `_legacy_save`).
final class LegacyTorch {
  private static final byte[] MAGIC = {
    (byte) 0x8a,
    10,
    0x6c,
    (byte) 0xfc,
    (byte) 0x9c,
    0x46,
    (byte) 0xf9,
    0x20,
    0x6a,
    (byte) 0xa8,
    0x50,
    0x19,
    '.'
  };
  private static final int FRAME_BYTES = 9;
  private static final int VERSION = 1001;
  private static final ValueLayout.OfLong COUNT =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private LegacyTorch() {}

  /// Whether a file begins with the magic number, of any protocol.
  static boolean isLegacy(MemorySegment file) {
    return hasMagic(file, 2) || hasMagic(file, 2 + FRAME_BYTES);
  }

  private static boolean hasMagic(MemorySegment file, int at) {
    return file.byteSize() >= at + MAGIC.length
        && file.asSlice(at, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) == -1;
  }

  static TorchArchive read(MemorySegment file, String name) {
    MemorySegment head = file.asSlice(0, Math.min(file.byteSize(), Pickle.MAX_BYTES));
    PickleBytes in = new PickleBytes(head, name, "");
    Pickle.read(in);
    if (!(Pickle.read(in).value() instanceof Int(long version)) || version != VERSION) {
      throw in.wrong("another version of the format than " + VERSION);
    }
    if (!(Pickle.read(in).value() instanceof Dict machine)
        || machine.get("little_endian") != Pickled.Atom.TRUE) {
      throw in.wrong("a machine whose byte order is not little, expected little_endian: True");
    }
    Pickle.Result saved = Pickle.read(in);
    if (!(Pickle.read(in).value() instanceof Items keys)) {
      throw in.wrong("expected the list of storages");
    }
    Map<String, Long> places = places(file, in.at(), keys.values, saved.storages(), name);
    return new TorchArchive(saved.value(), places, file.asSlice(0, in.at()));
  }

  private static Map<String, Long> places(
      MemorySegment file,
      long from,
      List<Pickled> keys,
      Map<String, Storage> storages,
      String name) {
    Map<String, Long> places = new HashMap<>();
    long at = from;
    for (Pickled value : keys) {
      Storage storage = value instanceof Text(String key) ? storages.get(key) : null;
      if (storage == null || places.containsKey(storage.key())) {
        throw new CheckpointException(
            name, "its list of storages has " + value.what() + ", expected one of its tensors'");
      }
      requireLeft(file, at, Long.BYTES, storage, name);
      long count = file.get(COUNT, at);
      int width = storage.type() == null ? 1 : storage.type().bits / 8;
      if (count != storage.bytes() / width) {
        throw new CheckpointException(
            name,
            "byte %d: storage %s of %d elements, expected %d"
                .formatted(at, storage.key(), count, storage.bytes() / width));
      }
      at += Long.BYTES;
      requireLeft(file, at, storage.bytes(), storage, name);
      places.put(storage.key(), at);
      at += storage.bytes();
    }
    if (places.size() < storages.size() || at != file.byteSize()) {
      throw new CheckpointException(
          name,
          "%d of %d storages end at byte %d but the file has %d bytes"
              .formatted(places.size(), storages.size(), at, file.byteSize()));
    }
    return places;
  }

  private static void requireLeft(
      MemorySegment file, long at, long bytes, Storage storage, String name) {
    if (bytes > file.byteSize() - at) {
      throw new CheckpointException(
          name,
          "storage %s ends at byte %s but the file has %d bytes; the download looks cut off"
              .formatted(storage.key(), Long.toUnsignedString(at + bytes), file.byteSize()));
    }
  }
}
