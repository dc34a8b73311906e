package org.internvl4j.loader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where files of prepared matrices lie, and which there are.
///
/// Beside a model: `MODEL/.internvl4j/PACKING-FORMAT.bin`. For a model whose folder cannot be
/// written to: `USER/NAME-HASH/PACKING-FORMAT.bin`. In `USER/known` there is a note of each model
/// that has files beside it, so that they can be found.
///
/// @param userFolder `$XDG_CACHE_HOME/internvl4j`, see [CachePolicy]
public record PackedFiles(Path userFolder) {
  /// What a file is good for.
  public enum State {
    /// It fits its model; its contents are checked whenever it is used.
    VALID,
    /// Its model has changed or is gone.
    STALE,
    /// Another version of this library wrote it, or another program.
    FOREIGN,
    /// It is not as it was written.
    DAMAGED,
    /// It is being written.
    WRITING,
    /// It was being written by a process that died.
    LEFT
  }

  /// A file that was found.
  ///
  /// @param model the folder of its model; null if it does not say
  /// @param contents packing and format; empty if it does not say
  /// @param why what is wrong with it; empty if nothing is
  public record Found(
      Path path,
      @Nullable Path model,
      String contents,
      long bytes,
      Instant modified,
      State state,
      String why) {}

  private static final String BESIDE = ".internvl4j";
  private static final String KNOWN = "known";
  private static final String ENDING = ".bin";

  // ---- places

  /// Where a file may lie, the better place first.
  List<Path> paths(Path model, String packing, WeightFormat format) {
    String name = packing + "-" + format + ENDING;
    Path real = real(model);
    return List.of(real.resolve(BESIDE).resolve(name), inUserFolder(real).resolve(name));
  }

  private Path inUserFolder(Path real) {
    return userFolder.resolve(ModelFolders.modelName(real) + "-" + hash(real));
  }

  private static Path real(Path folder) {
    try {
      return folder.toRealPath();
    } catch (IOException e) {
      return folder.toAbsolutePath().normalize();
    }
  }

  /// Two models of one name are unlikely to share it, and would only make each other stale.
  private static String hash(Path path) {
    byte[] text = path.toString().getBytes(StandardCharsets.UTF_8);
    return Integer.toHexString(Chunks.crc(MemorySegment.ofArray(text)))
        + Integer.toHexString(path.toString().hashCode());
  }

  /// Begins to write a file of at most `bytes`.
  ///
  /// @return null if somebody else writes it at the moment
  /// @throws IOException if it cannot be written, or there is no room for it
  @Nullable Temporary begin(Path path, long bytes) throws IOException {
    Path folder = path.resolveSibling("").toAbsolutePath();
    Files.createDirectories(folder);
    Temporary begun = Temporary.begin(path);
    long room = Files.getFileStore(folder).getUsableSpace();
    if (begun != null && room < bytes) {
      begun.close();
      throw new IOException("it needs %d MiB, %d are free".formatted(bytes >> 20, room >> 20));
    }
    if (begun != null && folder.endsWith(BESIDE)) {
      note(folder.resolveSibling(""));
    }
    return begun;
  }

  private void note(Path model) {
    try {
      Path known = Files.createDirectories(userFolder.resolve(KNOWN));
      Files.writeString(known.resolve(hash(model)), model.toString());
    } catch (IOException e) {
      // then it is found by naming the model
    }
  }

  /// Deletes what an older packing of the same kind left beside `path`.
  static void deleteOlder(Path path) throws IOException {
    String name = ModelFolders.fileName(path); // panels-32.1-q8.bin
    int dash = name.lastIndexOf('-');
    int dot = name.lastIndexOf('.', dash);
    if (dot < 0) {
      return;
    }
    String kind = name.substring(0, dot + 1);
    String format = name.substring(dash);
    try (DirectoryStream<Path> files = Files.newDirectoryStream(path.resolveSibling(""))) {
      for (Path other : files) {
        String file = ModelFolders.fileName(other);
        boolean older = file.startsWith(kind) && file.endsWith(format) && !file.equals(name);
        if (older && Files.isRegularFile(other)) {
          Files.deleteIfExists(other);
        }
      }
    }
  }

  // ---- what there is

  /// The files of one model.
  ///
  /// @throws IOException if a folder cannot be listed
  public List<Found> of(Path model) throws IOException {
    Path real = real(model);
    List<Found> found = new ArrayList<>();
    add(found, real.resolve(BESIDE), real);
    add(found, inUserFolder(real), real);
    return found;
  }

  /// All files that this user's programs have made and that are still there.
  ///
  /// @throws IOException if a folder cannot be listed
  public List<Found> all() throws IOException {
    List<Found> found = new ArrayList<>();
    for (Path note : list(userFolder.resolve(KNOWN))) {
      Path model = Files.isRegularFile(note) ? noted(note) : null;
      if (model != null) {
        try {
          add(found, model.resolve(BESIDE), model);
        } catch (AccessDeniedException e) {
          // of a model that is another user's by now; naming it says so
        }
      }
    }
    for (Path folder : list(userFolder)) {
      if (!folder.endsWith(KNOWN)) {
        add(found, folder, null);
      }
    }
    return found;
  }

  private static @Nullable Path noted(Path note) throws IOException {
    try {
      return Path.of(Files.readString(note));
    } catch (InvalidPathException
        | NoSuchFileException
        | AccessDeniedException
        | CharacterCodingException e) {
      return null;
    }
  }

  private static List<Path> list(Path folder) throws IOException {
    List<Path> paths = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      files.forEach(paths::add);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    }
    paths.sort(null);
    return paths;
  }

  private static void add(List<Found> found, Path folder, @Nullable Path model) throws IOException {
    for (Path path : list(folder)) {
      boolean named = path.toString().endsWith(ENDING) || Temporary.isName(path);
      if (named && Files.isRegularFile(path)) {
        try {
          found.add(look(path, model));
        } catch (NoSuchFileException e) {
          // it was finished or deleted meanwhile
        }
      }
    }
  }

  private static Found look(Path path, @Nullable Path model) throws IOException {
    long bytes = Files.size(path);
    Instant modified = Files.getLastModifiedTime(path).toInstant();
    if (Temporary.isName(path)) {
      boolean live = Temporary.isLive(path, false);
      String why = live ? "a process is writing it" : "the process that wrote it is gone";
      return new Found(path, model, "", bytes, modified, live ? State.WRITING : State.LEFT, why);
    }
    try (PackedFile file = PackedFile.open(path)) {
      PackedTable table = file.table();
      Path made = model == null ? Path.of(table.model()) : model;
      String contents = table.packing() + " " + table.format();
      try {
        file.requireFresh(sources(made));
        return new Found(path, made, contents, bytes, modified, State.VALID, "");
      } catch (UnusablePackedFile e) {
        return new Found(path, made, contents, bytes, modified, e.state(), e.what());
      }
    } catch (UnusablePackedFile | InvalidPathException e) {
      State state = e instanceof UnusablePackedFile u ? u.state() : State.DAMAGED;
      return new Found(path, model, "", bytes, modified, state, String.valueOf(e.getMessage()));
    }
  }

  private static List<SourceFile> sources(Path model) throws UnusablePackedFile {
    try (Checkpoint checkpoint = Checkpoint.open(model)) {
      return checkpoint.sources();
    } catch (CheckpointException e) {
      throw new UnusablePackedFile(State.STALE, "its model cannot be opened: " + e.getMessage());
    }
  }

  /// Deletes a file, unless it is being written; and its folder, if it is empty then. Programs that
  /// have mapped it keep working.
  ///
  /// @return whether it was deleted
  /// @throws IOException if that failed
  public boolean delete(Found found) throws IOException {
    Path path = found.path();
    if (Temporary.isName(path) && Temporary.isLive(path, false)) {
      return false;
    }
    boolean deleted = Files.deleteIfExists(path);
    Path folder = path.resolveSibling("").toAbsolutePath();
    if (list(folder).isEmpty()) {
      Files.deleteIfExists(folder);
      if (folder.endsWith(BESIDE)) {
        Files.deleteIfExists(userFolder.resolve(KNOWN).resolve(hash(folder.resolveSibling(""))));
      }
    }
    return deleted;
  }
}
