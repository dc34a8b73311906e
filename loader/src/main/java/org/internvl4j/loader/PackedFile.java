package org.internvl4j.loader;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A finished file of packed matrices, mapped.
///
/// It is mapped twice: once to be checked, which reads all of it, and once to be used. Only the
/// second mapping stays, so that what nobody uses, the vision tower where there is only text, is
/// not in this process's memory.
///
/// ```
/// 0        head: magic, version, where the table is, checksums
/// 4096     matrices, each at a multiple of 4096, zeros between them
/// table    packing, format, state of the checkpoint's files, entries with a CRC-32C for 4 MiB each
/// ```
///
/// Safe for use by several threads until [#close].
final class PackedFile implements AutoCloseable {
  private final Path path;
  private final Arena arena;
  private final MemorySegment bytes;
  private final Arena checking;
  private final MemorySegment unchecked;
  private final PackedTable table;

  private PackedFile(
      Path path,
      Arena arena,
      MemorySegment bytes,
      Arena checking,
      MemorySegment unchecked,
      PackedTable table) {
    this.path = path;
    this.arena = arena;
    this.bytes = bytes;
    this.checking = checking;
    this.unchecked = unchecked;
    this.table = table;
  }

  /// Maps a file and checks its head and table; its matrices are not read: see [#check].
  ///
  /// @throws UnusablePackedFile if it is unfinished, of another version, or damaged
  @SuppressWarnings("MustBeClosedChecker") // closed with the result
  static PackedFile open(Path path) throws IOException, UnusablePackedFile {
    Arena arena = Arena.ofShared();
    Arena checking = Arena.ofShared();
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = file.size();
      MemorySegment bytes = file.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      MemorySegment unchecked = file.map(FileChannel.MapMode.READ_ONLY, 0, size, checking);
      return new PackedFile(path, arena, bytes, checking, unchecked, table(unchecked));
    } catch (InternalError e) {
      arena.close();
      checking.close();
      throw shrunk();
    } catch (IOException | UnusablePackedFile | RuntimeException e) {
      arena.close();
      checking.close();
      throw e;
    }
  }

  private static PackedTable table(MemorySegment file) throws UnusablePackedFile {
    long page = Math.min(PackedHead.PAGE, file.byteSize());
    PackedHead head = PackedHead.decode(file.asSlice(0, page).asByteBuffer(), file.byteSize());
    MemorySegment table = file.asSlice(head.table());
    if (Chunks.crc(table) != head.tableChecksum()) {
      throw UnusablePackedFile.damaged("the checksum of its table is wrong");
    }
    PackedTable decoded = PackedTable.decode(table.asByteBuffer());
    long end = PackedHead.PAGE;
    for (PackedTable.Entry entry : decoded.entries().values()) {
      if (entry.offset() != PackedHead.align(end) || entry.bytes() > file.byteSize()) {
        throw UnusablePackedFile.damaged("its matrices do not lie one behind the other");
      }
      end = entry.end();
    }
    if (end != head.table()) {
      throw UnusablePackedFile.damaged("its table does not lie behind its matrices");
    }
    return decoded;
  }

  private static UnusablePackedFile shrunk() {
    return UnusablePackedFile.damaged("it shrank while it was read");
  }

  Path path() {
    return path;
  }

  PackedTable table() {
    return table;
  }

  /// Whether it is what is looked for.
  ///
  /// @throws UnusablePackedFile if it is not, saying what differs
  void requireMadeFrom(String packing, String format, List<SourceFile> sources)
      throws UnusablePackedFile {
    if (!table.packing().equals(packing) || !table.format().equals(format)) {
      throw new UnusablePackedFile(
          PackedFiles.State.FOREIGN,
          "it holds " + table.packing() + " " + table.format() + ", not " + packing + " " + format);
    }
    requireFresh(sources);
  }

  /// Whether the model's files are as they were when it was made.
  void requireFresh(List<SourceFile> sources) throws UnusablePackedFile {
    if (!table.sources().equals(sources)) {
      List<SourceFile> changed = new ArrayList<>(sources);
      changed.removeAll(table.sources());
      throw new UnusablePackedFile(
          PackedFiles.State.STALE,
          changed.isEmpty()
              ? "the model has fewer files now"
              : changed.getFirst().name() + " has changed since it was made");
    }
  }

  /// Reads everything and compares it with its checksums; once.
  ///
  /// @param threads how many read
  /// @throws UnusablePackedFile if a byte is not as it was written
  void check(int threads, LoadListener listener) throws UnusablePackedFile {
    List<Piece> pieces = pieces();
    AtomicLong done = new AtomicLong();
    Thread caller = Thread.currentThread();
    try {
      Chunks.each(
          pieces.size(),
          threads,
          i -> {
            pieces.get(i).check(unchecked);
            long read = done.addAndGet(pieces.get(i).bytes);
            if (Thread.currentThread() == caller) {
              listener.progress(LoadListener.Stage.CHECKING, read, bytes.byteSize());
            }
          });
    } catch (IOException e) {
      throw UnusablePackedFile.damaged(String.valueOf(e.getMessage()));
    } catch (InternalError e) { // what the mapped file has lost
      throw shrunk();
    } finally {
      checking.close();
    }
    listener.progress(LoadListener.Stage.CHECKING, bytes.byteSize(), bytes.byteSize());
  }

  /// Everything between head and table, in the order of the file.
  private List<Piece> pieces() {
    List<Piece> pieces = new ArrayList<>();
    long end = PackedHead.PAGE;
    for (var named : table.entries().entrySet()) {
      PackedTable.Entry entry = named.getValue();
      pieces.add(new Piece(named.getKey(), end, entry.offset() - end, null));
      for (int i = 0; i < entry.checksums().length; i++) {
        long at = entry.offset() + (long) i * Chunks.BYTES;
        long length = Math.min(Chunks.BYTES, entry.end() - at);
        pieces.add(new Piece(named.getKey(), at, length, entry.checksums()[i]));
      }
      end = entry.end();
    }
    return pieces;
  }

  /// A stretch of the file.
  ///
  /// @param checksum null where there must be zeros
  private record Piece(String key, long at, long bytes, @Nullable Integer checksum) {
    void check(MemorySegment file) throws IOException {
      MemorySegment piece = file.asSlice(at, bytes);
      boolean right =
          checksum == null
              ? piece.mismatch(ZEROS.asSlice(0, bytes)) < 0
              : Chunks.crc(piece) == checksum;
      if (!right) {
        throw new IOException(
            "the checksum of %s is wrong at byte %d to %d".formatted(key, at, at + bytes));
      }
    }

    private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[PackedHead.PAGE]);
  }

  /// The bytes of a matrix, read-only.
  MemorySegment bytes(PackedTable.Entry entry) {
    return bytes.asSlice(entry.offset(), entry.bytes());
  }

  @Override
  public void close() {
    arena.close();
    if (checking.scope().isAlive()) {
      checking.close();
    }
  }
}
