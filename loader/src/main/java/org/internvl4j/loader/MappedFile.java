package org.internvl4j.loader;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// The bytes of a [TensorFile], mapped or in memory, whatever their format.
final class MappedFile implements AutoCloseable {
  private final String name;
  private final String owner;
  private final MemorySegment bytes;
  private final @Nullable Arena arena;
  private final @Nullable RandomAccessFile file;
  private final @Nullable Path path;
  private final long modified;

  private MappedFile(
      String name,
      String owner,
      MemorySegment bytes,
      @Nullable Arena arena,
      @Nullable RandomAccessFile file,
      @Nullable Path path,
      long modified) {
    this.name = name;
    this.owner = owner;
    this.bytes = bytes;
    this.arena = arena;
    this.file = file;
    this.path = path;
    this.modified = modified;
  }

  /// @param name what messages call it
  /// @param owner what messages say once it is closed
  @SuppressWarnings("MustBeClosedChecker") // closed with the result
  static MappedFile open(Path path, String name, String owner) {
    Arena arena = Arena.ofShared();
    RandomAccessFile file = null;
    try {
      Path real = path.toRealPath();
      long modified = SourceFile.modified(real);
      file = new RandomAccessFile(real.toFile(), "r");
      MemorySegment bytes =
          file.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, file.length(), arena);
      return new MappedFile(name, owner, bytes, arena, file, real, modified);
    } catch (IOException | RuntimeException e) {
      arena.close();
      closeQuietly(file);
      if (e instanceof RuntimeException runtime) {
        throw runtime;
      }
      throw new CheckpointException(name, unreadable((IOException) e), e);
    }
  }

  /// @param bytes the whole file; a Java array is copied, native memory is not and must stay open
  @SuppressWarnings("MustBeClosedChecker") // closed with the result
  static MappedFile of(MemorySegment bytes, String name, String owner) {
    if (bytes.isNative()) {
      return new MappedFile(name, owner, bytes, null, null, null, 0);
    }
    Arena arena = Arena.ofShared();
    try {
      MemorySegment copy = arena.allocate(Math.max(bytes.byteSize(), 1), 64);
      copy = copy.asSlice(0, bytes.byteSize()).copyFrom(bytes);
      return new MappedFile(name, owner, copy, arena, null, null, 0);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  String name() {
    return name;
  }

  /// All of it.
  MemorySegment bytes() {
    return bytes;
  }

  /// All of it, read-only.
  ///
  /// @throws CheckpointException if the file has shrunk since it was opened
  MemorySegment whole() {
    return slice("its end", 0, bytes.byteSize());
  }

  /// A tensor of the file.
  ///
  /// @param values its elements, in order
  Tensor tensor(TensorInfo info, MemorySegment values, Device device) {
    DType dtype = info.type();
    if (dtype == null) {
      throw new CheckpointException(
          name,
          info.name()
              + " is "
              + info.dtype()
              + ", which no kernel reads; convert it to one of "
              + StoredType.readable());
    }
    int[] dims = new int[info.shape().size()];
    for (int i = 0; i < dims.length; i++) {
      long dim = info.shape().get(i);
      if (dim > Integer.MAX_VALUE) {
        throw new CheckpointException(
            name, info.name() + " is " + info + ", expected dimensions below 2^31");
      }
      dims[i] = (int) dim;
    }
    return Tensor.of(Memory.wrap(values, owner), dtype, Shape.of(dims), device);
  }

  /// The bytes `begin` to `end - 1`, read-only.
  ///
  /// @param tensor whose they are, for messages
  /// @throws CheckpointException if the file has shrunk since it was opened
  MemorySegment slice(String tensor, long begin, long end) {
    requireWhole(tensor, end);
    return bytes.asSlice(begin, end - begin).asReadOnly();
  }

  /// @param format what messages begin with
  /// @throws IllegalStateException after [#close]
  void requireOpen(String format) {
    if (!bytes.scope().isAlive()) {
      throw new IllegalStateException(format + ": " + owner + " is closed");
    }
  }

  /// Begins to read a tensor from disk.
  void willNeed(TensorInfo info) {
    if (file != null) {
      PageAdvice.willNeed(bytes, info.begin(), info.end());
    }
  }

  /// Says that a tensor will hardly be read again: it need not stay in memory.
  void release(TensorInfo info) {
    if (file != null) {
      PageAdvice.dontNeed(bytes, info.begin(), info.end());
    }
  }

  /// The state of the file when it was opened.
  ///
  /// @param header the part that says what tensors there are
  SourceFile source(MemorySegment header) {
    return SourceFile.of(name, bytes, header, modified);
  }

  /// Whether the file on disk is still the one that was opened.
  boolean isUnchanged() {
    try {
      return path == null
          || (Files.size(path) == bytes.byteSize() && SourceFile.modified(path) == modified);
    } catch (IOException e) {
      return false;
    }
  }

  private static String unreadable(IOException e) {
    return e instanceof NoSuchFileException
        ? "not found"
        : "cannot be read: " + CheckpointException.reason(e);
  }

  /// Reading behind the end of a mapped file ends in an error without a name: ask before.
  private void requireWhole(String tensor, long end) {
    if (file == null) {
      return;
    }
    long size;
    try {
      size = file.length();
    } catch (IOException e) {
      throw new CheckpointException(
          name, "cannot be read any more: " + CheckpointException.reason(e), e);
    }
    if (size < end) {
      throw new CheckpointException(
          name,
          "had "
              + bytes.byteSize()
              + " bytes when it was opened and has "
              + size
              + " now; "
              + tensor
              + " ends at byte "
              + end);
    }
  }

  @Override
  public void close() {
    if (arena != null && arena.scope().isAlive()) {
      arena.close();
    }
    closeQuietly(file);
  }

  private static void closeQuietly(@Nullable RandomAccessFile file) {
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        // a file that was only read has nothing left to lose
      }
    }
  }
}
