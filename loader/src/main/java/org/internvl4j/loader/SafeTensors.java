package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// A safetensors file: its checked header, and its tensors where they lie in the mapped file.
///
/// Nothing is copied and nothing is read before a kernel reads it; a file may be larger than the
/// machine's memory. Immutable and safe for use by several threads until [#close], which unmaps the
/// file: tensors used after that throw [IllegalStateException] naming the file. A file that shrinks
/// is noticed when a tensor is asked for; one that shrinks while a kernel reads it ends that kernel
/// in [InternalError], as with every mapped file.
public final class SafeTensors implements TensorFile {
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

    /// How many numbers it has.
    public long elements() {
      return shape.stream().reduce(1L, Math::multiplyExact);
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

  private final MappedFile mapped;
  private final Header header;

  private SafeTensors(MappedFile mapped) {
    this.mapped = mapped;
    try {
      this.header = Header.read(mapped.bytes(), mapped.name());
    } catch (RuntimeException e) {
      mapped.close();
      throw e;
    }
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
  static SafeTensors open(Path path, String name, String owner) {
    return new SafeTensors(MappedFile.open(path, name, owner));
  }

  /// A file that is in memory already: a model inside a jar, say.
  ///
  /// @param bytes the whole file; a Java array is copied, native memory is not and must stay open
  /// @param name what messages call it
  /// @throws CheckpointException if it is not a safetensors file
  public static SafeTensors of(MemorySegment bytes, String name) {
    return of(bytes, name, name);
  }

  static SafeTensors of(MemorySegment bytes, String name, String owner) {
    return new SafeTensors(MappedFile.of(bytes, name, owner));
  }

  @Override
  public String name() {
    return mapped.name();
  }

  /// The names of all tensors, in the order of the header.
  @Override
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
  @Override
  public TensorInfo info(String tensor) {
    TensorInfo info = header.tensors().get(tensor);
    if (info == null) {
      throw Nearest.missing(tensor, "not in " + name(), names());
    }
    return info;
  }

  @Override
  public Tensor tensor(String tensor, Device device) {
    return mapped.tensor(info(tensor), bytes(tensor), device);
  }

  @Override
  public MemorySegment bytes(String tensor) {
    TensorInfo info = info(tensor);
    mapped.requireOpen("safetensors");
    return mapped.slice(tensor, info.begin(), info.end());
  }

  MappedFile mapped() {
    return mapped;
  }

  /// The state of the file when it was opened.
  SourceFile source() {
    return mapped.source(mapped.bytes().asSlice(0, Header.end(mapped.bytes(), name())));
  }

  @Override
  public void close() {
    mapped.close();
  }
}
