package org.internvl4j.loader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Where the files of a checkpoint come from.
sealed interface Source {
  /// The largest file that is read whole.
  int MAX_FILE_BYTES = 100_000_000;

  /// What people call the model.
  String name();

  /// The names of its files, sorted.
  Set<String> names();

  /// The folder on disk; null for files in memory.
  @Nullable Path folder();

  /// A whole file, or null if there is none of this name.
  byte @Nullable [] read(String file);

  /// A file of tensors, in place: by its ending safetensors or one of `torch.save`.
  TensorFile open(String file, String owner);

  /// A file name without folder: a name in an index must not lead out of the checkpoint.
  static boolean isPlain(String file) {
    return !file.isEmpty()
        && !file.equals(".")
        && !file.equals("..")
        && file.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
  }

  private static boolean isSafeTensors(String file) {
    return file.endsWith(".safetensors");
  }

  /// A folder on disk.
  record Folder(Path path, String name) implements Source {
    @Override
    public Path folder() {
      return path;
    }

    @Override
    public Set<String> names() {
      try (Stream<Path> files = Files.list(path)) {
        Set<String> names = new TreeSet<>();
        files.filter(f -> !Files.isDirectory(f)).forEach(f -> names.add(ModelFolders.fileName(f)));
        return names;
      } catch (IOException e) {
        throw new CheckpointException(path.toString(), "cannot be listed: " + e, e);
      }
    }

    @Override
    public byte @Nullable [] read(String file) {
      Path found = path.resolve(file);
      if (!Files.exists(found, LinkOption.NOFOLLOW_LINKS)) {
        return null;
      }
      requireTarget(found, file);
      try {
        long size = Files.size(found);
        if (size > MAX_FILE_BYTES) {
          throw new CheckpointException(
              file, "has " + size + " bytes, more than the " + MAX_FILE_BYTES + " allowed");
        }
        return Files.readAllBytes(found);
      } catch (IOException e) {
        throw new CheckpointException(file, "cannot be read: " + CheckpointException.reason(e), e);
      }
    }

    @Override
    public TensorFile open(String file, String owner) {
      requireTarget(path.resolve(file), file);
      Path found = path.resolve(file);
      return isSafeTensors(file)
          ? SafeTensors.open(found, file, owner)
          : TorchFile.open(found, file, owner, List.of());
    }

    private static void requireTarget(Path found, String file) {
      if (!Files.exists(found)) {
        throw new CheckpointException(
            file, "links to a file that is not there; the download looks incomplete");
      }
    }
  }

  /// A file of weights alone.
  record Single(Path path, String name) implements Source {
    @Override
    public @Nullable Path folder() {
      return null;
    }

    @Override
    public Set<String> names() {
      return Set.of(name);
    }

    @Override
    public byte @Nullable [] read(String file) {
      return null;
    }

    @Override
    public TensorFile open(String file, String owner) {
      if (Files.isDirectory(path)) {
        throw new CheckpointException(file, "is a folder, expected a file of weights");
      }
      return isSafeTensors(file)
          ? SafeTensors.open(path, file, owner)
          : TorchFile.open(path, file, owner, List.of());
    }
  }

  /// Files in memory.
  record InMemory(String name, Map<String, MemorySegment> files) implements Source {
    @Override
    public @Nullable Path folder() {
      return null;
    }

    @Override
    public Set<String> names() {
      return new TreeSet<>(files.keySet());
    }

    @Override
    public byte @Nullable [] read(String file) {
      MemorySegment bytes = files.get(file);
      return bytes == null ? null : bytes.toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public TensorFile open(String file, String owner) {
      MemorySegment bytes = files.get(file);
      if (bytes == null) {
        throw new CheckpointException(file, "not found");
      }
      return isSafeTensors(file)
          ? SafeTensors.of(bytes, file, owner)
          : TorchFile.of(bytes, file, owner, List.of());
    }
  }
}
