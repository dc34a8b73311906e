package org.internvl4j.search;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.TreeSet;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors.TensorInfo;

/// What tells a model's weights from all others.
final class ModelHash {
  private static final long PIECE = 1L << 26; // a buffer has an int of bytes

  private ModelHash() {}

  /// SHA-256 over all tensors by name, dtype, shape and stored bytes, whatever files they lie in.
  /// Reads all of them: about a second a gigabyte.
  ///
  /// @return 64 hexadecimal digits
  static String of(Checkpoint checkpoint) {
    MessageDigest digest = ContentHash.digest();
    for (String name : new TreeSet<>(checkpoint.names())) {
      TensorInfo info = checkpoint.info(name);
      String head = "%s %s %s\n".formatted(name, info.dtype(), info.shape());
      digest.update(head.getBytes(StandardCharsets.UTF_8));
      MemorySegment bytes = checkpoint.bytes(name);
      for (long at = 0; at < bytes.byteSize(); at += PIECE) {
        digest.update(bytes.asSlice(at, Math.min(PIECE, bytes.byteSize() - at)).asByteBuffer());
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /// The names, sizes and times of change of the files of weights, in a line: what is compared
  /// before weights are read.
  ///
  /// @return empty for a checkpoint in memory
  static String files(Checkpoint checkpoint) throws IOException {
    Path folder = checkpoint.folder();
    if (folder == null) {
      return "";
    }
    StringBuilder line = new StringBuilder();
    for (String name : checkpoint.files()) {
      if (name.endsWith(".safetensors") || name.endsWith(".bin")) {
        Path file = folder.resolve(name);
        line.append("%s %d %s;".formatted(name, Files.size(file), Files.getLastModifiedTime(file)));
      }
    }
    return line.toString();
  }
}
