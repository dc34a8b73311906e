package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;
import org.internvl4j.loader.Pickled.Storage;
import org.internvl4j.loader.ZipDirectory.Entry;
import org.jspecify.annotations.Nullable;

/// What a file of `torch.save` holds, and where.
///
/// @param value what was saved
/// @param places the first byte of each storage, by key, counted from the start of the file
/// @param header the bytes that say what there is
record TorchArchive(Pickled value, Map<String, Long> places, MemorySegment header) {
  private static final String PICKLE = "data.pkl";
  private static final int MAX_VERSION = 10;

  /// Reads the directory and the pickle of a file, no tensor.
  static TorchArchive read(MemorySegment file, String name) {
    if (ZipDirectory.isZip(file)) {
      return readZip(file, name);
    }
    Header.requireNoStandIn(file, name);
    if (LegacyTorch.isLegacy(file)) {
      return LegacyTorch.read(file, name);
    }
    throw new CheckpointException(name, "no file of torch.save: " + kind(file));
  }

  private static String kind(MemorySegment file) {
    if (file.byteSize() == 0) {
      return "it is empty";
    }
    int first = Byte.toUnsignedInt(file.get(ValueLayout.JAVA_BYTE, 0));
    return first == 0x80
        ? "a pickle that something else wrote, which is not opened"
        : "it begins with 0x%02x, expected a zip archive".formatted(first);
  }

  private static TorchArchive readZip(MemorySegment file, String name) {
    Map<String, Entry> entries = ZipDirectory.read(file, name);
    String folder = folder(entries, name);
    requireNoProgram(entries, folder, name);
    Entry pickle = entries.get(folder + PICKLE);
    if (pickle == null) {
      throw new CheckpointException(
          name, "no file of torch.save: a zip archive without " + folder + PICKLE);
    }
    requireLittle(text(file, entries.get(folder + "byteorder"), name), name);
    requireVersion(text(file, entries.get(folder + "version"), name), name);
    MemorySegment bytes = small(file, pickle, Pickle.MAX_BYTES, name);
    PickleBytes in = new PickleBytes(bytes, name, PICKLE + ", ");
    Pickle.Result result = Pickle.read(in);
    if (in.at() < in.size()) {
      throw new CheckpointException(
          name, PICKLE + " ends at byte " + in.at() + " but has " + in.size() + " bytes");
    }
    return new TorchArchive(result.value(), places(result, entries, folder, name), bytes);
  }

  /// The one folder that everything is in, with a slash.
  private static String folder(Map<String, Entry> entries, String name) {
    if (entries.isEmpty()) {
      throw new CheckpointException(name, "no file of torch.save: an empty zip archive");
    }
    String first = entries.keySet().iterator().next();
    String folder = first.substring(0, first.indexOf('/') + 1);
    for (String entry : entries.keySet()) {
      if (folder.isEmpty() || !entry.startsWith(folder)) {
        throw new CheckpointException(
            name,
            "no file of torch.save: a zip archive with "
                + entry
                + " and "
                + first
                + ", expected"
                + " one folder");
      }
    }
    return folder;
  }

  private static void requireNoProgram(Map<String, Entry> entries, String folder, String name) {
    if (entries.containsKey(folder + "constants.pkl")
        || entries.keySet().stream().anyMatch(entry -> entry.startsWith(folder + "code/"))) {
      throw new CheckpointException(
          name,
          "a TorchScript program, which is never run; save its state_dict() with torch.save or as"
              + " safetensors");
    }
  }

  private static Map<String, Long> places(
      Pickle.Result result, Map<String, Entry> entries, String folder, String name) {
    Map<String, Long> places = new HashMap<>();
    for (Storage storage : result.storages().values()) {
      Entry entry = entries.get(folder + "data/" + storage.key());
      if (entry == null) {
        throw new CheckpointException(
            name, "has no entry " + folder + "data/" + storage.key() + " for its storage");
      }
      requireStored(entry, name);
      if (entry.bytes() != storage.bytes()) {
        throw new CheckpointException(
            name,
            "entry %s has %d bytes, its storage needs %d"
                .formatted(entry.name(), entry.bytes(), storage.bytes()));
      }
      places.put(storage.key(), entry.begin());
    }
    return places;
  }

  // ---- small entries

  private static @Nullable String text(MemorySegment file, @Nullable Entry entry, String name) {
    if (entry == null) {
      return null; // files of PyTorch before 2.1 do not say their byte order
    }
    byte[] bytes = small(file, entry, 64, name).toArray(ValueLayout.JAVA_BYTE);
    return new String(bytes, StandardCharsets.ISO_8859_1).strip();
  }

  static void requireLittle(@Nullable String order, String name) {
    if (order != null && !order.equals("little")) {
      throw new CheckpointException(
          name, "its byte order is " + order + ", expected little; save it on another machine");
    }
  }

  private static void requireVersion(@Nullable String version, String name) {
    if (version != null
        && (!version.matches("[0-9]{1,4}")
            || Integer.parseInt(version) < 1
            || Integer.parseInt(version) > MAX_VERSION)) {
      throw new CheckpointException(
          name, "version " + version + " of the format, expected 1 to " + MAX_VERSION);
    }
  }

  private static MemorySegment small(MemorySegment file, Entry entry, int most, String name) {
    requireStored(entry, name);
    if (entry.bytes() > most) {
      throw new CheckpointException(
          name,
          "entry "
              + entry.name()
              + " has "
              + entry.bytes()
              + " bytes, more than the "
              + most
              + " allowed");
    }
    MemorySegment bytes = file.asSlice(entry.begin(), entry.bytes());
    CRC32 crc = new CRC32();
    crc.update(bytes.asByteBuffer());
    // torch.serialization.set_crc32_options(False) leaves zeros
    if (entry.crc() != 0 && entry.crc() != (int) crc.getValue()) {
      throw new CheckpointException(
          name,
          "entry %s has CRC %08x, expected %08x; the file is damaged"
              .formatted(entry.name(), crc.getValue(), entry.crc()));
    }
    return bytes;
  }

  private static void requireStored(Entry entry, String name) {
    if (!entry.stored()) {
      throw new CheckpointException(
          name,
          "entry "
              + entry.name()
              + " is compressed, which torch.save never does; load it in Python and save it again");
    }
  }
}
