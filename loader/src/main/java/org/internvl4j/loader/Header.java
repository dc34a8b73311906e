package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.loader.json.Json;

/// The checked header of a safetensors file: eight bytes of length, little-endian, then that many
/// bytes of JSON, then the tensors without gap or overlap up to the last byte.
///
/// Stricter than the format's reference reader in what no honest writer does: nothing before `{`,
/// no duplicate keys, names of at most 65,536 bytes, at most 64 dimensions.
///
/// @param tensors in the order of the header; byte ranges count from the start of the file
/// @param metadata in the order of the header
record Header(Map<String, TensorInfo> tensors, Map<String, String> metadata) {
  static final String METADATA = "__metadata__";
  static final int MAX_BYTES = 100_000_000;
  private static final int MAX_NAME_BYTES = 65_536;
  private static final int MAX_RANK = 64;
  private static final System.Logger LOG = System.getLogger("org.internvl4j.loader");

  static Header read(MemorySegment file, String name) {
    long start = end(file, name);
    byte[] json = file.asSlice(8, start - 8).toArray(ValueLayout.JAVA_BYTE);
    if (json.length == 0 || json[0] != '{') {
      throw new CheckpointException(
          name, "not a safetensors file: the header does not start with {");
    }
    Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    boolean extra = false;
    for (Map.Entry<String, Json> entry : parse(json, name).fields().entrySet()) {
      if (entry.getKey().equals(METADATA)) {
        readMetadata(entry.getValue(), metadata);
      } else {
        tensors.put(entry.getKey(), readInfo(entry.getKey(), entry.getValue(), start, name));
        extra |= entry.getValue().fields().size() > 3;
      }
    }
    requireFilled(tensors, start, file.byteSize(), name);
    if (extra) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0}: the header has fields beside dtype, shape and data_offsets; they are ignored",
          name);
    }
    return new Header(Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata));
  }

  /// Where the header ends and the tensors begin, once that is known to lie inside the file.
  static long end(MemorySegment file, String name) {
    return 8 + jsonBytes(file, name);
  }

  /// The length of the JSON, once it is known to lie inside the file.
  private static long jsonBytes(MemorySegment file, String name) {
    requireNoStandIn(file, name);
    if (file.byteSize() < 8) {
      throw new CheckpointException(
          name, "has " + file.byteSize() + " bytes, too few for a safetensors file");
    }
    long bytes = file.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
    if (bytes < 0 || bytes > MAX_BYTES) {
      throw new CheckpointException(
          name,
          "not a safetensors file: its header would have "
              + Long.toUnsignedString(bytes)
              + " bytes, at most "
              + MAX_BYTES
              + " are allowed");
    }
    if (8 + bytes > file.byteSize()) {
      throw cutOff(name, "header ends", 8 + bytes, file.byteSize());
    }
    return bytes;
  }

  /// What servers and version control leave in the place of a file.
  static void requireNoStandIn(MemorySegment file, String name) {
    byte[] head = file.asSlice(0, Math.min(64, file.byteSize())).toArray(ValueLayout.JAVA_BYTE);
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (text.startsWith("version https://git-lfs")) {
      throw new CheckpointException(
          name, "a Git LFS pointer instead of the weights; run git lfs pull");
    }
    if (text.stripLeading().toLowerCase(Locale.ROOT).startsWith("<!doctype html")) {
      throw new CheckpointException(name, "a web page instead of the weights; download it again");
    }
    if (text.startsWith("PK\u0003\u0004")) {
      throw new CheckpointException(
          name, "a zip archive (a file of torch.save?) instead of a safetensors file");
    }
  }

  private static Json parse(byte[] json, String name) {
    try {
      return Json.parse(json, name);
    } catch (CheckpointException e) {
      throw new CheckpointException(name, "header: " + e.what(), e);
    }
  }

  private static void readMetadata(Json value, Map<String, String> metadata) {
    if (!value.isNull()) {
      value.fields().forEach((key, text) -> metadata.put(key, text.asText()));
    }
  }

  private static TensorInfo readInfo(String tensor, Json value, long start, String name) {
    if (tensor.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
      throw new CheckpointException(name, "a tensor's name is longer than 65536 bytes");
    }
    StoredType type = StoredType.named(value.getText("dtype"));
    if (type == null) {
      throw value.at("dtype").wrong("a dtype of the safetensors format");
    }
    Json dims = value.at("shape");
    if (dims.items().size() > MAX_RANK) {
      throw dims.wrong("at most " + MAX_RANK + " dimensions");
    }
    List<Long> shape = dims.items().stream().map(Header::natural).toList();
    Json offsets = value.at("data_offsets");
    if (offsets.items().size() != 2) {
      throw offsets.wrong("two offsets");
    }
    long begin = natural(offsets.items().get(0));
    long end = natural(offsets.items().get(1));
    if (end > Long.MAX_VALUE - start) {
      throw offsets.wrong("offsets inside the file");
    }
    TensorInfo info = new TensorInfo(tensor, type.name(), shape, start + begin, start + end);
    long need = bytes(shape, type, dims);
    if (info.bytes() != need) {
      throw new CheckpointException(
          name,
          "%s is %s and needs %d bytes, but its offsets are %d and %d"
              .formatted(tensor, info, need, begin, end));
    }
    return info;
  }

  /// A size or offset as writers write it: digits only, no `-0`, no `2.0`.
  private static long natural(Json number) {
    long value = number.asLong();
    if (!(number instanceof Json.Num n) || n.text().startsWith("-")) {
      throw number.wrong("an integer of at least 0");
    }
    return value;
  }

  private static long bytes(List<Long> shape, StoredType type, Json dims) {
    try {
      long bits = type.bits;
      // a dimension of 0 must not hide an overflow of the others
      for (long dim : shape) {
        bits = Math.multiplyExact(bits, Math.max(dim, 1));
      }
      if (shape.contains(0L)) {
        return 0;
      }
      if (bits % 8 != 0) {
        throw dims.wrong("a whole number of bytes for " + type);
      }
      return bits / 8;
    } catch (ArithmeticException e) {
      throw dims.wrong("a tensor of less than 2^60 bytes");
    }
  }

  private static void requireFilled(
      Map<String, TensorInfo> tensors, long start, long size, String name) {
    List<TensorInfo> sorted = new ArrayList<>(tensors.values());
    sorted.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
    long at = start;
    for (TensorInfo tensor : sorted) {
      if (tensor.begin() != at) {
        throw new CheckpointException(
            name,
            tensor.name() + " starts at byte " + tensor.begin() + " but byte " + at + " is next");
      }
      at = tensor.end();
    }
    if (at > size) {
      throw cutOff(name, "tensors end", at, size);
    }
    if (at < size) {
      throw new CheckpointException(
          name, "tensors end at byte " + at + " but the file has " + size + " bytes");
    }
  }

  private static CheckpointException cutOff(String name, String what, long end, long size) {
    return new CheckpointException(
        name,
        what
            + " at byte "
            + end
            + " but the file has "
            + size
            + " bytes; the download looks cut off");
  }
}
