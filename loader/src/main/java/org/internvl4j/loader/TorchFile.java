package org.internvl4j.loader;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.internvl4j.loader.Pickled.View;
import org.internvl4j.loader.SafeTensors.TensorInfo;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;

/// A file that `torch.save` wrote – `pytorch_model.bin`, `.pth`, `.pt` – read without Python and
/// without ever running anything.
///
/// Such a file says by a pickle, a little program, what tensors there are. Here it is read as data:
/// dicts, lists, texts, numbers and tensors are understood; everything else that it wants made is a
/// value that is never made, and an error only if it is asked for. Files from before PyTorch 1.6
/// are read, too; TorchScript programs are not.
///
/// A tensor is called by the keys that lead to it, joined by dots. Weights often lie beside other
/// things, under a key: with no keys given, the top is entered by the first of `state_dict`,
/// `model`, `module` and `model_state_dict` that it has, as long as it holds no tensor itself.
///
/// Tensors are used where they lie in the mapped file, except those whose elements do not lie in
/// order there (transposed ones, say): these are copied when they are first asked for, and their
/// [#info] says where the first element lies and how many bytes all have. Those that show the same
/// elements several times (expanded ones) are refused.
public final class TorchFile implements TensorFile {
  private final MappedFile mapped;
  private final MemorySegment header;
  private final Map<String, View> views;
  private final Map<String, Pickled> others;
  private final Map<String, TensorInfo> infos;
  private final Arena arena;
  private final Map<String, MemorySegment> copies = new ConcurrentHashMap<>();

  @SuppressWarnings("MustBeClosedChecker") // closed with this
  private TorchFile(MappedFile mapped, List<String> keys) {
    this.mapped = mapped;
    try {
      TorchArchive archive = TorchArchive.read(mapped.bytes(), mapped.name());
      StateDict state = StateDict.of(archive.value(), keys, mapped.name());
      this.header = archive.header();
      this.views = state.tensors();
      this.others = state.others();
      this.infos = infos(views, archive.places());
    } catch (RuntimeException e) {
      mapped.close();
      throw e;
    }
    this.arena = Arena.ofShared();
  }

  private static Map<String, TensorInfo> infos(Map<String, View> views, Map<String, Long> places) {
    Map<String, TensorInfo> infos = new LinkedHashMap<>();
    views.forEach((name, view) -> {
      long begin = places.getOrDefault(view.storage().key(), 0L) + view.offset();
      long bytes = view.elements() * (view.type().bits / 8);
      infos.put(name, new TensorInfo(name, view.type().name(), view.shape(), begin, begin + bytes));
    });
    return Collections.unmodifiableMap(infos);
  }

  /// Maps a file and checks what it says about its tensors; reads none.
  ///
  /// @param keys those that lead from the top to the dict of tensors; none: by the rule above
  /// @throws CheckpointException if the file is missing, unreadable, cut off, hostile or no file of
  ///   `torch.save`, or has nothing under these keys
  public static TorchFile open(Path path, String... keys) {
    String name = String.valueOf(path.getFileName());
    return open(path, name, name, List.of(keys));
  }

  /// @param owner what messages say once it is closed
  static TorchFile open(Path path, String name, String owner, List<String> keys) {
    return new TorchFile(MappedFile.open(path, name, owner), keys);
  }

  /// A file that is in memory already.
  ///
  /// @param bytes the whole file; a Java array is copied, native memory is not and must stay open
  /// @param name what messages call it
  /// @param keys as for [#open]
  /// @throws CheckpointException as [#open]
  public static TorchFile of(MemorySegment bytes, String name, String... keys) {
    return of(bytes, name, name, List.of(keys));
  }

  static TorchFile of(MemorySegment bytes, String name, String owner, List<String> keys) {
    return new TorchFile(MappedFile.of(bytes, name, owner), keys);
  }

  @Override
  public String name() {
    return mapped.name();
  }

  @Override
  public Set<String> names() {
    return infos.keySet();
  }

  /// What the file says about a tensor.
  ///
  /// @throws CheckpointException if there is no such tensor: naming what is there instead, or the
  ///   nearest one Whether something is called so that is no tensor to be read: asking for it says
  ///   what it is.
  boolean hasOther(String name) {
    return others.containsKey(name);
  }

  @Override
  public TensorInfo info(String tensor) {
    TensorInfo info = infos.get(tensor);
    if (info != null) {
      return info;
    }
    throw switch (others.get(tensor)) {
      case null -> Nearest.missing(tensor, "not in " + name(), names());
      case View view ->
          new CheckpointException(
              name(),
              "%s is a tensor of %d elements over %d of its storage; save it with .contiguous()"
                  .formatted(tensor, view.elements(), view.span()));
      case Pickled other ->
          new CheckpointException(name(), tensor + " is " + other.what() + ", expected a tensor");
    };
  }

  @Override
  public Tensor tensor(String tensor, Device device) {
    return mapped.tensor(info(tensor), bytes(tensor), device);
  }

  @Override
  public MemorySegment bytes(String tensor) {
    TensorInfo info = info(tensor);
    mapped.requireOpen("torch");
    View view = views.get(tensor);
    if (view == null || view.isContiguous()) {
      return mapped.slice(tensor, info.begin(), info.end());
    }
    return copies.computeIfAbsent(tensor, _ -> copy(info, view));
  }

  private MemorySegment copy(TensorInfo info, View view) {
    int width = view.type().bits / 8;
    MemorySegment from =
        mapped.slice(info.name(), info.begin(), info.begin() + view.span() * width);
    MemorySegment to = arena.allocate(info.bytes(), 64);
    Strided.copy(from, to, width, view.shape(), view.strides());
    return to.asReadOnly();
  }

  MappedFile mapped() {
    return mapped;
  }

  /// The state of the file when it was opened.
  SourceFile source() {
    return mapped.source(header);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
    mapped.close();
  }
}
