package org.internvl4j.loader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;

/// What tells one state of a file of weights from another: if any of this differs, what was
/// prepared from it is stale.
///
/// @param name in the checkpoint
/// @param bytes its size
/// @param modified in nanoseconds since 1970
/// @param header CRC-32C of the part that says what tensors there are
/// @param samples CRC-32C of some pages of its tensors: a file whose time was set back is noticed,
///   if not by a change of a few bytes
record SourceFile(String name, long bytes, long modified, int header, int samples) {
  private static final int SAMPLES = 16;
  private static final int PAGE = 4096;

  /// @param modified read before the file was opened, so that a file which is replaced meanwhile is
  ///   taken for another one
  static SourceFile of(String name, MemorySegment file, MemorySegment header, long modified) {
    CRC32C samples = new CRC32C();
    long last = Math.max(0, file.byteSize() - PAGE);
    for (int i = 0; i < SAMPLES; i++) {
      long at = last / (SAMPLES - 1) * i;
      samples.update(file.asSlice(at, Math.min(PAGE, file.byteSize() - at)).asByteBuffer());
    }
    return new SourceFile(
        name, file.byteSize(), modified, Chunks.crc(header), (int) samples.getValue());
  }

  static long modified(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class)
        .lastModifiedTime()
        .to(TimeUnit.NANOSECONDS);
  }
}
