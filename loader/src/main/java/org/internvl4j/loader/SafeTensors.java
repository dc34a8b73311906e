package org.internvl4j.loader;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// A safetensors file: its checked header, and its tensors where they lie in the mapped file.
///
/// Nothing is copied and nothing is read before a kernel reads it; a file may be larger than the
/// machine's memory. Immutable and safe for use by several threads until [#close], which unmaps the
/// file: tensors used after that throw [IllegalStateException] naming the file. A file that shrinks
/// is noticed when a tensor is asked for; one that shrinks while a kernel reads it ends that kernel
/// in [InternalError], as with every mapped file.
public final class SafeTensors implements AutoCloseable {
  /// What the header says about a tensor.
  ///
  /// @param name its name
  /// @param dtype its dtype as the format writes it: `BF16`
  /// @param shape outermost dimension first; empty for a scalar
  /// @param begin its first byte, counted from the start of the file
  /// @param end the byte behind its last
  public record TensorInfo(String name, String dtype, List<Long> shape, long begin, long end) {
    /// Size in bytes.
    public long bytes() {
      return end - begin;
    }

    /// The dtype for kernels, or null if there is none for it.
    public @Nullable DType type() {
      StoredType type = StoredType.named(dtype);
      return type == null ? null : type.dtype;
    }

    /// `[2, 3] BF16`.
    @Override
    public String toString() {
      return shape + " " + dtype;
    }
  }

  private final String name;
  private final String owner;
  private final MemorySegment bytes;
  private final Header header;
  private final @Nullable Arena arena;
  private final @Nullable RandomAccessFile file;
  private final @Nullable Path path;
  private final long modified;

  private SafeTensors(
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
    this.header = Header.read(bytes, name);
  }

  /// Maps a file and checks its header.
  ///
  /// @throws CheckpointException if the file is missing, unreadable, cut off or not a safetensors
  ///   file
  public static SafeTensors open(Path path) {
    String name = String.valueOf(path.getFileName());
    return open(path, name, name);
  }

  /// @param owner what messages say once it is closed
  @SuppressWarnings("MustBeClosedChecker") // closed with the result
  static SafeTensors open(Path path, String name, String owner) {
    Arena arena = Arena.ofShared();
    RandomAccessFile file = null;
    try {
      Path real = path.toRealPath();
      long modified = SourceFile.modified(real);
      file = new RandomAccessFile(real.toFile(), "r");
      MemorySegment bytes =
          file.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, file.length(), arena);
      return new SafeTensors(name, owner, bytes, arena, file, real, modified);
    } catch (IOException | RuntimeException e) {
      arena.close();
      closeQuietly(file);
      if (e instanceof RuntimeException runtime) {
        throw runtime;
      }
      throw new CheckpointException(name, unreadable((IOException) e), e);
    }
  }

  /// A file that is in memory already: a model inside a jar, say.
  ///
  /// @param bytes the whole file; a Java array is copied, native memory is not and must stay open
  /// @param name what messages call it
  /// @throws CheckpointException if it is not a safetensors file
  public static SafeTensors of(MemorySegment bytes, String name) {
    return of(bytes, name, name);
  }

  @SuppressWarnings("MustBeClosedChecker") // closed with the result
  static SafeTensors of(MemorySegment bytes, String name, String owner) {
    if (bytes.isNative()) {
      return new SafeTensors(name, owner, bytes, null, null, null, 0);
    }
    Arena arena = Arena.ofShared();
    try {
      MemorySegment copy = arena.allocate(Math.max(bytes.byteSize(), 1), 64);
      copy = copy.asSlice(0, bytes.byteSize()).copyFrom(bytes);
      return new SafeTensors(name, owner, copy, arena, null, null, 0);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /// What messages call the file.
  public String name() {
    return name;
  }

  /// The names of all tensors, in the order of the header.
  public Set<String> names() {
    return header.tensors().keySet();
  }

  /// What the writer noted down, in the order of the header; often only `format` → `pt`.
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /// What the header says about a tensor.
  ///
  /// @throws CheckpointException if there is no such tensor, naming the nearest one
  public TensorInfo info(String tensor) {
    TensorInfo info = header.tensors().get(tensor);
    if (info == null) {
      throw Nearest.missing(tensor, "not in " + name, names());
    }
    return info;
  }

  /// A tensor where it lies in the file; read-only, without workspace.
  ///
  /// @param device the device whose kernels may read it; must read host memory as it is
  /// @throws CheckpointException if there is no such tensor, no kernel reads its dtype, or the file
  ///   has shrunk since it was opened
  /// @throws IllegalStateException after [#close]
  public Tensor tensor(String tensor, Device device) {
    TensorInfo info = info(tensor);
    DType dtype = info.type();
    if (dtype == null) {
      throw new CheckpointException(
          name,
          tensor
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
            name, tensor + " is " + info + ", expected dimensions below 2^31");
      }
      dims[i] = (int) dim;
    }
    return Tensor.of(Memory.wrap(bytes(tensor), owner), dtype, Shape.of(dims), device);
  }

  /// The stored bytes of a tensor, read-only, whatever its dtype.
  ///
  /// @throws CheckpointException if there is no such tensor, or the file has shrunk since it was
  ///   opened
  /// @throws IllegalStateException after [#close]
  public MemorySegment bytes(String tensor) {
    TensorInfo info = info(tensor);
    if (!bytes.scope().isAlive()) {
      throw new IllegalStateException("safetensors: " + owner + " is closed");
    }
    requireWhole(info);
    return bytes.asSlice(info.begin(), info.bytes()).asReadOnly();
  }

  /// Begins to read a tensor from disk.
  void willNeed(String tensor) {
    if (file != null) {
      TensorInfo info = info(tensor);
      PageAdvice.willNeed(bytes, info.begin(), info.end());
    }
  }

  /// Says that a tensor will hardly be read again: it need not stay in memory.
  void release(String tensor) {
    if (file != null) {
      TensorInfo info = info(tensor);
      PageAdvice.dontNeed(bytes, info.begin(), info.end());
    }
  }

  /// The state of the file when it was opened.
  SourceFile source() {
    return SourceFile.of(name, bytes, Header.end(bytes, name), modified);
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
  private void requireWhole(TensorInfo info) {
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
    if (size < info.end()) {
      throw new CheckpointException(
          name,
          "had "
              + bytes.byteSize()
              + " bytes when it was opened and has "
              + size
              + " now; "
              + info.name()
              + " ends at byte "
              + info.end());
    }
  }

  /// Unmaps the file. Tensors of it must not be used afterwards.
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
