package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Where the entries of a zip archive lie (PKWARE's APPNOTE 6.3.10, 4.3 to 4.5).
///
/// Stricter than the format in what `torch.save` never writes: the directory and its end are the
/// last bytes of the file, no comment, no second disk, no encryption; local headers say what the
/// directory says; no entry overlaps another, occurs twice or has a name that leads out of a
/// folder. Nothing is inflated: an entry says whether it is stored as it is.
final class ZipDirectory {
  private static final int END = 0x06054b50;
  private static final int END_BYTES = 22;
  private static final int END_64 = 0x06064b50;
  private static final int END_64_BYTES = 56;
  private static final int LOCATOR_64 = 0x07064b50;
  private static final int LOCATOR_64_BYTES = 20;
  private static final int CENTRAL = 0x02014b50;
  private static final int CENTRAL_BYTES = 46;
  private static final int LOCAL = 0x04034b50;
  private static final int LOCAL_BYTES = 30;
  private static final int SIZES_FOLLOW = 1 << 3;
  private static final int ALLOWED_FLAGS = SIZES_FOLLOW | 1 << 11 | 0b110;
  private static final long IN_EXTRA = 0xffff_ffffL;
  private static final int MAX_ENTRIES = 1_000_000;
  private static final int MAX_BYTES = 100_000_000;

  /// An entry of the archive.
  ///
  /// @param stored whether its bytes are not compressed
  /// @param crc CRC-32 of what is in it
  /// @param header where its local header begins
  /// @param begin its first byte in the file
  /// @param end the byte behind its last
  record Entry(String name, boolean stored, int crc, long header, long begin, long end) {
    long bytes() {
      return end - begin;
    }
  }

  private final MemorySegment file;
  private final String archive;

  private ZipDirectory(MemorySegment file, String archive) {
    this.file = file;
    this.archive = archive;
  }

  /// Whether a file begins as archives do.
  static boolean isZip(MemorySegment file) {
    return file.byteSize() >= 4 && file.get(INT, 0) == LOCAL;
  }

  /// The entries by name, in the order of the directory.
  ///
  /// @param archive what messages call the file
  static Map<String, Entry> read(MemorySegment file, String archive) {
    return new ZipDirectory(file, archive).entries();
  }

  // ---- the end of the directory

  private record Place(long entries, long begin, long bytes, long end) {}

  private Map<String, Entry> entries() {
    Place place = place();
    if (place.entries > MAX_ENTRIES || place.end - place.begin > MAX_BYTES) {
      throw wrong(place.entries + " entries, at most " + MAX_ENTRIES + " are allowed");
    }
    Map<String, Entry> entries = new LinkedHashMap<>();
    long at = place.begin;
    for (long i = 0; i < place.entries; i++) {
      require(place.end - at >= CENTRAL_BYTES && u32(at) == CENTRAL, at, "an entry's header");
      long next = at + CENTRAL_BYTES + u16(at + 28) + u16(at + 30) + u16(at + 32);
      require(next <= place.end, at, "an entry's header inside the directory");
      Entry entry = entry(at, place.begin);
      if (entries.putIfAbsent(entry.name, entry) != null) {
        throw wrong("entry " + entry.name + " is there twice");
      }
      at = next;
    }
    require(at == place.end, at, "the end of the directory");
    requireApart(entries);
    return entries;
  }

  private Place place() {
    long end = file.byteSize() - END_BYTES;
    if (end < 0 || u32(end) != END || u16(end + 20) != 0) {
      throw new CheckpointException(
          archive,
          "begins as a zip archive but does not end as one ("
              + file.byteSize()
              + " bytes); the download looks cut off");
    }
    long entries = u16(end + 10);
    long bytes = u32(end + 12);
    long begin = u32(end + 16);
    require(u16(end + 4) == 0 && u16(end + 6) == 0, end, "an archive of one disk");
    require(u16(end + 8) == entries, end, "one number of entries");
    Place said = new Place(entries, begin, bytes, end);
    long locator = end - LOCATOR_64_BYTES;
    Place place = locator >= 0 && u32(locator) == LOCATOR_64 ? place64(locator, said) : said;
    require(
        place.entries >= 0
            && place.begin >= 0
            && place.begin <= place.end
            && place.bytes == place.end - place.begin,
        place.end,
        "a directory of " + place.bytes + " bytes from byte " + place.begin + " to here");
    return place;
  }

  /// What did not fit into 32 bits, told in front of the end.
  private Place place64(long locator, Place said) {
    long end = locator - END_64_BYTES;
    require(
        end >= 0
            && i64(locator + 8) == end
            && u32(end) == END_64
            && i64(end + 4) == END_64_BYTES - 12,
        locator,
        "the end of a zip64 directory before it");
    long entries = i64(end + 32);
    long bytes = i64(end + 40);
    long begin = i64(end + 48);
    require(
        (said.entries == 0xffff || said.entries == entries)
            && (said.bytes == IN_EXTRA || said.bytes == bytes)
            && (said.begin == IN_EXTRA || said.begin == begin),
        said.end,
        "what the end of the zip64 directory says");
    return new Place(entries, begin, bytes, end);
  }

  // ---- entries

  private Entry entry(long at, long directory) {
    int nameBytes = u16(at + 28);
    String name = name(at + CENTRAL_BYTES, nameBytes);
    int flags = u16(at + 8);
    if ((flags & ~ALLOWED_FLAGS) != 0 || u16(at + 34) != 0) {
      throw wrong(
          "entry " + name + " has flags 0x%04x, which torch.save never sets".formatted(flags));
    }
    Extra extra = new Extra(at + CENTRAL_BYTES + nameBytes, u16(at + 30), name);
    long size = extra.whole(u32(at + 24));
    long packed = extra.whole(u32(at + 20));
    long header = extra.whole(u32(at + 42));
    boolean stored = u16(at + 10) == 0;
    if (stored && size != packed) {
      throw wrong("entry " + name + " is stored in " + packed + " bytes but has " + size);
    }
    if (header < 0 || header > directory - LOCAL_BYTES || u32(header) != LOCAL) {
      throw wrong("entry " + name + " is said to begin at byte " + header + " but does not");
    }
    long begin = header + LOCAL_BYTES + u16(header + 26) + u16(header + 28);
    if (packed < 0 || begin > directory || packed > directory - begin) {
      throw wrong(
          "entry %s has %d bytes from byte %d on, but the directory begins at byte %d"
              .formatted(name, packed, begin, directory));
    }
    requireSame(at, header, name, nameBytes);
    return new Entry(name, stored, file.get(INT, at + 16), header, begin, begin + packed);
  }

  private void requireSame(long central, long local, String name, int nameBytes) {
    MemorySegment said = file.asSlice(central + CENTRAL_BYTES, nameBytes);
    boolean same =
        u16(local + 6) == u16(central + 8)
            && u16(local + 8) == u16(central + 10)
            && u16(local + 26) == nameBytes
            && file.asSlice(local + LOCAL_BYTES, nameBytes).mismatch(said) == -1;
    boolean later = (u16(local + 6) & SIZES_FOLLOW) != 0;
    for (int i = 0; i < 12; i += 4) { // CRC and sizes
      long value = u32(local + 14 + i);
      same &= value == u32(central + 16 + i) || (later && value == 0);
    }
    if (!same) {
      throw wrong("entry " + name + ": its header at byte " + local + " says something else");
    }
  }

  private String name(long at, int bytes) {
    String name;
    try {
      name =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(file.asSlice(at, bytes).asByteBuffer())
              .toString();
    } catch (CharacterCodingException e) {
      throw wrong("byte " + at + ": an entry's name that is not UTF-8");
    }
    for (String part : name.split("/", -1)) {
      if (!Source.isPlain(part)) {
        throw wrong("entry " + name + ": a name that is no path inside a folder");
      }
    }
    return name;
  }

  private void requireApart(Map<String, Entry> entries) {
    List<Entry> sorted = new ArrayList<>(entries.values());
    sorted.sort(Comparator.comparingLong(Entry::header));
    for (int i = 1; i < sorted.size(); i++) {
      Entry before = sorted.get(i - 1);
      Entry entry = sorted.get(i);
      if (before.end > entry.header) {
        throw wrong("entries " + before.name + " and " + entry.name + " overlap");
      }
    }
  }

  /// The values that did not fit into 32 bits, in the order of the directory's fields.
  private final class Extra {
    private final String name;
    private long at;
    private long end;

    Extra(long from, int bytes, String name) {
      this.name = name;
      long next = from;
      while (from + bytes - next >= 4) {
        int id = u16(next);
        long field = next + 4;
        next = field + u16(next + 2);
        if (id == 1 && next <= from + bytes) {
          at = field;
          end = next;
          return;
        }
      }
    }

    long whole(long value) {
      if (value != IN_EXTRA) {
        return value;
      }
      if (end - at < 8) {
        throw wrong("entry " + name + " lacks the zip64 field that its sizes refer to");
      }
      at += 8;
      return i64(at - 8);
    }
  }

  // ---- bytes

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private int u16(long at) {
    return Short.toUnsignedInt(file.get(SHORT, at));
  }

  private long u32(long at) {
    return Integer.toUnsignedLong(file.get(INT, at));
  }

  private long i64(long at) {
    return file.get(LONG, at);
  }

  private void require(boolean met, long at, String expected) {
    if (!met) {
      throw wrong("byte " + at + ": expected " + expected);
    }
  }

  private CheckpointException wrong(String what) {
    return new CheckpointException(archive, "zip directory: " + what);
  }
}
