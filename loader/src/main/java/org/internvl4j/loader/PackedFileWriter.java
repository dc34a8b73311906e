package org.internvl4j.loader;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.runtime.DType;

/// Writes a file of packed matrices, each of which is mapped as soon as it is written.
///
/// The file has a temporary name until it is complete, so that nobody takes half of one for a whole
/// one; see [Temporary]. It is written by positional writes, never through the mapping: a full disk
/// is an [IOException] then, not the end of the process. What was mapped stays so when the file is
/// renamed or deleted. One thread at a time.
final class PackedFileWriter implements AutoCloseable {
  private final Temporary temporary;
  private final FileChannel file;
  private final Arena mapped;
  private final int threads;
  private final Map<String, PackedTable.Entry> entries = new LinkedHashMap<>();
  private long end = PackedHead.PAGE;

  /// @param mapped how long the mappings live
  /// @param threads how many write
  PackedFileWriter(Temporary temporary, Arena mapped, int threads) {
    this(temporary, temporary.file(), mapped, threads);
  }

  /// @param file of `temporary`, or what a test puts in its place
  PackedFileWriter(Temporary temporary, FileChannel file, Arena mapped, int threads) {
    this.temporary = temporary;
    this.file = file;
    this.mapped = mapped;
    this.threads = threads;
  }

  /// Writes a matrix.
  ///
  /// @param bytes native
  /// @return the same bytes where they lie in the file, read-only
  MemorySegment append(String key, DType dtype, List<Integer> shape, MemorySegment bytes)
      throws IOException {
    long offset = PackedHead.align(end);
    int[] checksums = new int[Chunks.count(bytes.byteSize())];
    Chunks.each(
        checksums.length,
        threads,
        i -> {
          MemorySegment chunk = Chunks.slice(bytes, i);
          checksums[i] = Chunks.crc(chunk);
          write(chunk.asByteBuffer(), offset + (long) i * Chunks.BYTES);
        });
    PackedTable.Entry entry =
        new PackedTable.Entry(dtype, shape, offset, bytes.byteSize(), checksums);
    if (entries.putIfAbsent(key, entry) != null) {
      throw new IllegalArgumentException("packed file: " + key + " is there already");
    }
    end = entry.end();
    return file.map(FileChannel.MapMode.READ_ONLY, offset, bytes.byteSize(), mapped);
  }

  /// The file that is there at the end.
  Path target() {
    return temporary.target();
  }

  /// Completes the file and gives it its name.
  void finish(String packing, String format, String model, List<SourceFile> sources)
      throws IOException {
    byte[] table = new PackedTable(packing, format, model, sources, entries).encode();
    write(ByteBuffer.wrap(table), end);
    file.force(true);
    int checksum = Chunks.crc(MemorySegment.ofArray(table));
    write(new PackedHead(end, table.length, checksum).encode(), 0);
    file.force(true);
    Path target = temporary.target();
    Files.move(
        temporary.path(),
        target,
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    forceFolder(target);
  }

  private void write(ByteBuffer bytes, long at) throws IOException {
    for (long next = at; bytes.hasRemaining(); ) {
      next += file.write(bytes, next);
    }
  }

  /// Makes the rename itself last, where folders can be forced.
  private static void forceFolder(Path target) {
    try (FileChannel folder =
        FileChannel.open(target.resolveSibling("."), StandardOpenOption.READ)) {
      folder.force(true);
    } catch (IOException e) {
      // Windows cannot open folders; there the rename is as durable as it gets
    }
  }

  /// Ends the writing; what is not finished is deleted.
  @Override
  public void close() {
    temporary.close();
  }
}
