package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.internvl4j.loader.json.Json;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// A model folder: `config.json`, the weights in `model.safetensors` or in the shards that
/// `model.safetensors.index.json` lists, and small files beside them. Where there are no
/// safetensors, `pytorch_model.bin` or the shards that `pytorch_model.bin.index.json` lists
/// ([TorchFile]).
///
/// Nothing in a folder is ever executed: pickles are read as data, and what one wants called is
/// never called. Safe for use by several threads until [#close], which ends all its tensors: using
/// one after that throws [IllegalStateException] naming the checkpoint.
public final class Checkpoint implements WeightSource, AutoCloseable {
  private static final String CONFIG = "config.json";

  /// What a model needs beside its weights.
  private static final Pattern SMALL_FILES = Pattern.compile(".+\\.(json|model|txt|py|jinja)");

  private final Source source;
  private final Json config;
  private final Shards shards;

  private Checkpoint(Source source, Json config, Shards shards) {
    this.source = source;
    this.config = config;
    this.shards = shards;
  }

  private static Checkpoint open(Source source) {
    byte[] bytes = source.read(CONFIG);
    if (bytes == null) {
      throw new CheckpointException(
          source.name(),
          source.names().isEmpty()
              ? "is empty, expected config.json and model.safetensors"
              : "has no config.json");
    }
    Json config = Json.parse(bytes, CONFIG);
    return new Checkpoint(source, config, Shards.open(source, "checkpoint " + source.name()));
  }

  /// Opens a folder; maps its weights and checks their headers, reads no weight.
  ///
  /// @throws CheckpointException if the folder, its `config.json` or its weights are missing, cut
  ///   off or contradict each other
  public static Checkpoint open(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new CheckpointException(
          folder.toString(), Files.exists(folder) ? "is not a folder" : "no such folder");
    }
    return open(new Source.Folder(folder, ModelFolders.modelName(folder)));
  }

  /// Opens a file of weights that has no configuration beside it, such as a head that was trained
  /// for a model: [#config] is an empty object.
  ///
  /// @param file safetensors, if it ends so; else one of `torch.save` ([TorchFile])
  /// @throws CheckpointException if it is missing, cut off or of another format
  public static Checkpoint ofFile(Path file) {
    Source source = new Source.Single(file, ModelFolders.fileName(file));
    Json none = Json.parse("{}".getBytes(StandardCharsets.UTF_8), CONFIG);
    return new Checkpoint(
        source, none, Shards.open(source, source.name(), "file " + source.name()));
  }

  /// A checkpoint in memory: a model inside a jar, say. The arrays must not be changed afterwards.
  ///
  /// @param name what messages call it
  /// @param files the files by name, weights included; these are copied into native memory
  public static Checkpoint of(String name, Map<String, byte[]> files) {
    Map<String, MemorySegment> segments = new HashMap<>();
    files.forEach((file, bytes) -> segments.put(file, MemorySegment.ofArray(bytes)));
    return ofSegments(name, segments);
  }

  /// A checkpoint in memory, of any size.
  ///
  /// @param name what messages call it
  /// @param files the files by name; native segments are used in place and must stay open
  public static Checkpoint ofSegments(String name, Map<String, MemorySegment> files) {
    return open(new Source.InMemory(name, Map.copyOf(files)));
  }

  /// Where a model lies that the user names.
  ///
  /// @param model a folder; or `OWNER/NAME`, `NAME` or `OWNER/NAME@REVISION` of a model in a
  ///   Hugging Face cache (`$HF_HUB_CACHE`, `$HF_HOME/hub`, `$XDG_CACHE_HOME/huggingface/hub`,
  ///   `~/.cache/huggingface/hub`); or a folder `models--OWNER--NAME` of one
  /// @return a folder for [#open]
  /// @throws CheckpointException if there is none, naming all places looked at
  public static Path resolve(String model) {
    return ModelFolders.system().find(model);
  }

  /// What people call the model: the folder's name, or the repository's for one in a cache.
  public String name() {
    return source.name();
  }

  /// `config.json`.
  public Json config() {
    return config;
  }

  /// The folder on disk; null for a checkpoint in memory.
  public @Nullable Path folder() {
    return source.folder();
  }

  /// The names of all files of the folder, sorted; not those of folders in it.
  public Set<String> files() {
    return source.names();
  }

  /// A small file of the folder, or null if there is none of this name.
  ///
  /// @param file a name without folder: `tokenizer.json`
  /// @throws CheckpointException if it cannot be read or has more than 100,000,000 bytes
  /// @throws IllegalArgumentException if the name leads elsewhere
  public byte @Nullable [] file(String file) {
    if (!Source.isPlain(file)) {
      throw new IllegalArgumentException("checkpoint: " + file + " is not a plain file name");
    }
    return source.read(file);
  }

  /// A small JSON file of the folder, or null if there is none of this name.
  ///
  /// @throws CheckpointException if it cannot be read or is not JSON
  public @Nullable Json json(String file) {
    byte[] bytes = file(file);
    return bytes == null ? null : Json.parse(bytes, file);
  }

  // ---- tensors

  /// The names of all tensors.
  @Override
  public Set<String> names() {
    return shards.byTensor().keySet();
  }

  /// Whether there is a tensor of this name.
  @Override
  public boolean has(String tensor) {
    return shards.byTensor().containsKey(tensor);
  }

  /// The file that holds a tensor: `model-00002-of-00004.safetensors`.
  ///
  /// @throws CheckpointException if there is no such tensor, naming the nearest one
  public String fileOf(String tensor) {
    return shard(tensor).name();
  }

  /// What the header says about a tensor.
  ///
  /// @throws CheckpointException if there is no such tensor, naming the nearest one
  @Override
  public SafeTensors.TensorInfo info(String tensor) {
    return shard(tensor).info(tensor);
  }

  /// A tensor where it lies in its file; see [TensorFile#tensor].
  public Tensor tensor(String tensor, Device device) {
    return shard(tensor).tensor(tensor, device);
  }

  @Override
  public Tensor tensor(String tensor, Device device, Scratch space) {
    return tensor(tensor, device);
  }

  @Override
  public List<String> stored(String tensor) {
    return List.of(tensor);
  }

  /// The stored bytes of a tensor, read-only, whatever its dtype; see [TensorFile#bytes].
  public MemorySegment bytes(String tensor) {
    return shard(tensor).bytes(tensor);
  }

  /// SHA-256 of what makes the model the one that it is: the files of weights, configuration,
  /// tokenizer and template, each with its name. 64 lower-case hexadecimal digits. Reads all of
  /// them: about a second a gigabyte.
  ///
  /// @throws CheckpointException if one cannot be read, or has shrunk since it was opened
  public String sha256() {
    MessageDigest all = Digests.sha256();
    for (String name : files()) {
      if (SMALL_FILES.matcher(name).matches()) {
        addTo(all, name, MemorySegment.ofArray(Objects.requireNonNull(file(name), name)));
      }
    }
    shards.files().stream()
        .sorted(Comparator.comparing(TensorFile::name))
        .forEach(shard -> addTo(all, shard.name(), Shards.mapped(shard).whole()));
    return HexFormat.of().formatHex(all.digest());
  }

  private static void addTo(MessageDigest all, String name, MemorySegment bytes) {
    all.update((name + "\n" + bytes.byteSize() + "\n").getBytes(StandardCharsets.UTF_8));
    Digests.update(all, bytes);
  }

  /// Begins to read a tensor from disk.
  void willNeed(String tensor) {
    TensorFile shard = shard(tensor);
    Shards.mapped(shard).willNeed(shard.info(tensor));
  }

  /// Says that a tensor will hardly be read again: it need not stay in memory.
  void release(String tensor) {
    TensorFile shard = shard(tensor);
    Shards.mapped(shard).release(shard.info(tensor));
  }

  /// The state of the files of weights when they were opened.
  List<SourceFile> sources() {
    return shards.files().stream()
        .map(Shards::source)
        .sorted(Comparator.comparing(SourceFile::name))
        .toList();
  }

  /// Whether the files of weights are still those that were opened.
  boolean isUnchanged() {
    return shards.files().stream().allMatch(f -> Shards.mapped(f).isUnchanged());
  }

  private TensorFile shard(String tensor) {
    TensorFile shard = shards.byTensor().get(tensor);
    if (shard != null) {
      return shard;
    }
    for (TensorFile file : shards.files()) {
      if (file instanceof TorchFile torch && torch.hasOther(tensor)) {
        return torch; // which says what it is
      }
    }
    throw Nearest.missing(tensor, "not in this checkpoint", names());
  }

  @Override
  public void close() {
    shards.close();
  }
}
