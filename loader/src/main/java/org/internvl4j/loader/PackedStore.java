package org.internvl4j.loader;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// The matrices of a checkpoint as a device wants them, from a file that was made before, or made
/// now and kept for the next time.
///
/// The file is `.internvl4j/PACKING-FORMAT.bin` in the model's folder, or if that cannot be written
/// to, one in the user's cache. It is used only if all of it is right: version, packing, the state
/// of the checkpoint's files, and every checksum. Whatever is wrong with it, or with writing it, is
/// logged in one line and costs time, never an answer. Matrices live until [#close]. One thread at
/// a time.
public final class PackedStore implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("org.internvl4j.loader");
  private static final long LARGE = 1 << 20;

  private final Checkpoint checkpoint;
  private final long bytes;
  private final Device device;
  private final WeightFormat format;
  private final int threads;
  private final Preparing progress;
  private final Arena mapped;
  private final PackedFiles places;
  private final @Nullable PackedFile file;
  private final List<Workspace> inMemory = new ArrayList<>();
  private final List<Scratch> inUse = new ArrayList<>();
  private final Map<String, Tensor> made = new LinkedHashMap<>();
  private @Nullable Outline outline;
  private @Nullable PackedFileWriter writer;
  private @Nullable Workspace scratch;
  private @Nullable Thread finishing;

  @SuppressWarnings("MustBeClosedChecker") // the arena is closed with the store
  private PackedStore(
      Checkpoint checkpoint,
      long bytes,
      Device device,
      WeightFormat format,
      int threads,
      LoadListener listener,
      PackedFiles places,
      @Nullable PackedFile file) {
    this.checkpoint = checkpoint;
    this.bytes = bytes;
    this.device = device;
    this.format = format;
    this.threads = threads;
    this.progress = new Preparing(listener, bytes);
    this.mapped = Arena.ofShared();
    this.places = places;
    this.file = file;
  }

  /// Prepares every matrix when it is asked for, on the device of the workspace where it goes;
  /// keeps nothing on disk.
  public static PackedStore none(Checkpoint checkpoint, Device device, LoadListener listener) {
    return none(checkpoint, checkpoint.tensorBytes(), device, listener);
  }

  private static PackedStore none(
      Checkpoint checkpoint, long bytes, Device device, LoadListener listener) {
    PackedFiles nowhere = new PackedFiles(Path.of(""));
    return new PackedStore(
        checkpoint, bytes, device, WeightFormat.STORED, 1, listener, nowhere, null);
  }

  /// What stands for a matrix where nothing but its shape is wanted.
  @FunctionalInterface
  public interface Outline {
    /// @param shape `[out, in]`
    /// @param stored the dtype that it has in its files
    /// @param keep the dtype that it would be kept as
    Tensor of(Shape shape, DType stored, DType keep);
  }

  /// Has an outline of every matrix, so that none is ever read or made of what is.
  public static PackedStore outlined(Checkpoint checkpoint, Device device, Outline outline) {
    PackedStore store = none(checkpoint, device, LoadListener.NONE);
    store.outline = outline;
    return store;
  }

  /// Looks for a file of what is wanted; begins one if there is none. The matrices are those of the
  /// files.
  ///
  /// @param format how the language part is kept
  /// @param policy whether and where; a checkpoint in memory has no place for a file
  /// @param threads how many read and write; 0 for one a core
  public static PackedStore open(
      Checkpoint checkpoint,
      Device device,
      WeightFormat format,
      CachePolicy policy,
      int threads,
      LoadListener listener) {
    return open(checkpoint, checkpoint, device, format, policy, threads, listener);
  }

  /// Looks for a file of what is wanted; begins one if there is none.
  ///
  /// @param source what the tensors of the checkpoint are to the model
  /// @param format how the language part is kept
  /// @param policy whether and where; a checkpoint in memory has no place for a file
  /// @param threads how many read and write; 0 for one a core
  public static PackedStore open(
      Checkpoint checkpoint,
      WeightSource source,
      Device device,
      WeightFormat format,
      CachePolicy policy,
      int threads,
      LoadListener listener) {
    String packing = device.packing();
    Path folder = checkpoint.folder();
    long bytes = source.tensorBytes();
    if (packing == null || folder == null || !policy.wanted() || bytes < policy.smallest()) {
      return none(checkpoint, bytes, device, listener);
    }
    int workers = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    PackedFiles places = new PackedFiles(policy.userFolder());
    List<Path> paths = places.paths(folder, packing, format);
    for (Path path : paths) {
      PackedFile file = open(path, packing, format, checkpoint, workers, listener);
      if (file != null) {
        return new PackedStore(checkpoint, bytes, device, format, workers, listener, places, file);
      }
    }
    PackedStore store =
        new PackedStore(checkpoint, bytes, device, format, workers, listener, places, null);
    store.begin(paths);
    return store;
  }

  /// A file that is whole and fresh, or null.
  private static @Nullable PackedFile open(
      Path path,
      String packing,
      WeightFormat format,
      Checkpoint checkpoint,
      int threads,
      LoadListener listener) {
    if (!Files.exists(path)) {
      return null;
    }
    PackedFile file = null;
    try {
      long start = System.nanoTime();
      file = PackedFile.open(path);
      file.requireMadeFrom(packing, format.toString(), checkpoint.sources());
      file.check(threads, listener);
      long millis = (System.nanoTime() - start) / 1_000_000;
      LOG.log(System.Logger.Level.DEBUG, path + ": mapped and checked in " + millis + " ms");
      return file;
    } catch (UnusablePackedFile e) {
      LOG.log(System.Logger.Level.INFO, path + ": is not used, " + e.what());
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.INFO,
          path + ": is not used, it cannot be read: " + CheckpointException.reason(e));
    }
    if (file != null) {
      file.close();
    }
    return null;
  }

  private void begin(List<Path> paths) {
    for (Path path : paths) {
      try {
        Temporary temporary = places.begin(path, bytes);
        if (temporary == null) {
          LOG.log(
              System.Logger.Level.DEBUG,
              path + ": is being written at the moment; prepared in memory");
        } else {
          writer = new PackedFileWriter(temporary, mapped, threads);
          scratch = new Workspace(device, "packing of " + checkpoint.name());
        }
        return;
      } catch (IOException e) {
        LOG.log(
            System.Logger.Level.DEBUG,
            path + ": cannot be written: " + CheckpointException.reason(e));
      }
    }
    LOG.log(
        System.Logger.Level.INFO,
        checkpoint.name()
            + ": prepared weights are not kept for the next time, there is no place for them; "
            + "they would be kept in "
            + paths.getFirst().getParent());
  }

  // ---- matrices

  /// The outline of a matrix, or null if its numbers are wanted; see [#outlined(Checkpoint, Device,
  /// Outline)].
  @Nullable Tensor outline(Shape shape, DType stored, DType keep) {
    return outline == null ? null : outline.of(shape, stored, keep);
  }

  /// A matrix that is prepared already, or null.
  ///
  /// @param key names it: the same key always means the same numbers of this checkpoint
  /// @param shape `[out, in]`
  @Nullable Tensor find(String key, Shape shape) {
    PackedTable.Entry entry = file == null ? null : file.table().entries().get(key);
    return file == null || entry == null || !entry.shape().equals(dims(shape))
        ? made.get(key)
        : packed(file.bytes(entry), entry.dtype(), shape);
  }

  /// Prepares a matrix.
  ///
  /// @param key see [#find]
  /// @param parts `[…, in]`: the matrix, or several parts whose rows it has below each other
  /// @param keep what it is kept as
  /// @param model where it goes if it is not kept on disk, on the device that will use it
  Tensor prepare(String key, List<Tensor> parts, DType keep, Workspace model) {
    long bytes = parts.stream().mapToLong(Tensor::byteSize).sum();
    Tensor prepared = writer == null ? null : written(key, keep, parts);
    if (prepared == null) {
      prepared = prepare(parts, keep, room(bytes, model));
    }
    if (prepared.isPacked()) {
      made.put(key, prepared);
    }
    progress.add(bytes);
    return prepared;
  }

  /// Closes memory with this store: it holds weights that are used where they were made.
  void keep(Scratch space) {
    inUse.add(space);
  }

  private static Tensor prepare(List<Tensor> parts, DType keep, Workspace room) {
    return parts.size() == 1
        ? room.device().prepare(parts.getFirst(), Device.Role.MATRIX, keep, room)
        : room.device().join(parts, keep, room);
  }

  /// Where a packed matrix goes that is not kept on disk: if it is large, into memory of just its
  /// size, since a workspace takes memory ahead.
  private Workspace room(long bytes, Workspace model) {
    if (device.packing() == null || bytes < LARGE) {
      return model;
    }
    Workspace own = new Workspace(device, "model " + checkpoint.name());
    inMemory.add(own);
    return own;
  }

  /// Packs a matrix, writes it and maps what was written; null if that fails or it is not packed.
  private @Nullable Tensor written(String key, DType keep, List<Tensor> parts) {
    Workspace space = scratch;
    PackedFileWriter out = writer;
    if (space == null || out == null) {
      return null;
    }
    long start = space.position();
    try {
      Tensor packed = prepare(parts, keep, space);
      if (!packed.isPacked()) {
        return null;
      }
      device.synchronize();
      MemorySegment kept = out.append(key, packed.dtype(), dims(packed.shape()), bytes(packed));
      return packed(kept, packed.dtype(), packed.shape());
    } catch (IOException e) {
      giveUp(e);
      return null;
    } finally {
      space.rewind(start);
    }
  }

  private Tensor packed(MemorySegment bytes, DType dtype, Shape shape) {
    Memory memory = Memory.wrap(bytes, "model " + checkpoint.name());
    return Tensor.packed(memory, 0, bytes.byteSize(), dtype, shape, device);
  }

  private static List<Integer> dims(Shape shape) {
    return Arrays.stream(shape.toArray()).boxed().toList();
  }

  // ---- the end

  /// Says that all matrices were asked for: the file, if one is written, is completed while the
  /// model is used. A file that lacked some of them is replaced by one that has them too.
  public void finish() {
    progress.end();
    if (file != null && !made.isEmpty()) {
      begin(List.of(file.path()));
      extend(file);
    }
    PackedFileWriter out = writer;
    if (scratch != null) {
      scratch.close();
      scratch = null;
    }
    if (out != null) {
      finishing = Thread.ofPlatform().daemon().name("internvl4j-keep").start(() -> complete(out));
    }
  }

  private void extend(PackedFile old) {
    PackedFileWriter out = writer;
    if (out == null) {
      return;
    }
    try {
      for (Map.Entry<String, PackedTable.Entry> entry : old.table().entries().entrySet()) {
        PackedTable.Entry was = entry.getValue();
        if (!made.containsKey(entry.getKey())) {
          out.append(entry.getKey(), was.dtype(), was.shape(), old.bytes(was));
        }
      }
      for (Map.Entry<String, Tensor> entry : made.entrySet()) {
        Tensor more = entry.getValue();
        out.append(entry.getKey(), more.dtype(), dims(more.shape()), bytes(more));
      }
    } catch (IOException e) {
      giveUp(e);
    }
  }

  private static MemorySegment bytes(Tensor packed) {
    return packed.segment().asSlice(packed.byteOffset(), packed.byteSize());
  }

  private void complete(PackedFileWriter out) {
    try (out) {
      if (!checkpoint.isUnchanged()) {
        throw new IOException("the model changed while it was read");
      }
      out.finish(
          String.valueOf(device.packing()),
          format.toString(),
          String.valueOf(checkpoint.folder()),
          checkpoint.sources());
      PackedFiles.deleteOlder(out.target());
      LOG.log(System.Logger.Level.DEBUG, out.target() + ": written");
    } catch (IOException e) {
      tell(out, e);
    }
  }

  private void giveUp(IOException e) {
    PackedFileWriter out = writer;
    writer = null;
    if (out != null) {
      out.close();
      tell(out, e);
    }
  }

  private static void tell(PackedFileWriter out, IOException e) {
    LOG.log(
        System.Logger.Level.INFO,
        out.target()
            + ": cannot be written: "
            + CheckpointException.reason(e)
            + "; the model works without it");
  }

  /// Waits until the file is complete and unmaps it. A file that was not [#finish]ed is deleted.
  @Override
  public void close() {
    if (finishing != null) {
      Chunks.await(finishing);
    } else if (writer != null) {
      writer.close();
    }
    if (scratch != null) {
      scratch.close();
    }
    inMemory.forEach(Workspace::close);
    inUse.forEach(Scratch::close);
    if (file != null) {
      file.close();
    }
    if (mapped.scope().isAlive()) {
      mapped.close();
    }
  }

  /// Counts bytes.
  private static final class Preparing {
    private final LoadListener listener;
    private final long total;
    private long done;

    Preparing(LoadListener listener, long total) {
      this.listener = listener;
      this.total = total;
    }

    void add(long bytes) {
      done = Math.min(total, done + bytes); // a tied head is read twice
      listener.progress(LoadListener.Stage.PREPARING, done, total);
    }

    void end() {
      if (done > 0) {
        listener.progress(LoadListener.Stage.PREPARING, total, total);
      }
    }
  }
}
