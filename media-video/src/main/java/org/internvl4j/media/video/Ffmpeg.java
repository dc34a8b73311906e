package org.internvl4j.media.video;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The programs `ffmpeg` and `ffprobe`, started without a shell.
///
/// They may open the one file that they are given and their own pipes, and take it only for one of
/// the containers listed here: not for a playlist, which could name other files.
record Ffmpeg(Path ffmpeg, Path ffprobe) {
  private static final String CONTAINERS =
      "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,live_flv,asf,ogg,gif,mpegvideo,h264,hevc,m4v,ivf,av1,obu,nut,mxf,dv,rm";
  private static final int LONGEST_COMPLAINT = 4096;

  /// What a program writes is read by this.
  @FunctionalInterface
  interface Reader<T> {
    T read(InputStream out) throws IOException;
  }

  /// The programs in the folder that `internvl4j.ffmpeg` names, or else on PATH; null if there are
  /// none.
  static @Nullable Ffmpeg find() {
    String told = System.getProperty("internvl4j.ffmpeg");
    String folders = told == null ? System.getenv().getOrDefault("PATH", "") : told;
    for (String folder : folders.split(File.pathSeparator, -1)) {
      if (folder.isBlank() || !Path.of(folder).isAbsolute()) {
        continue; // a program in the current folder is not meant
      }
      for (String suffix : List.of("", ".exe")) {
        Path ffmpeg = Path.of(folder, "ffmpeg" + suffix);
        Path ffprobe = Path.of(folder, "ffprobe" + suffix);
        if (Files.isExecutable(ffmpeg) && Files.isExecutable(ffprobe)) {
          return new Ffmpeg(ffmpeg, ffprobe);
        }
      }
    }
    return null;
  }

  /// The options that name the input, for both programs.
  static List<String> input(Path file) {
    return List.of(
        "-hide_banner",
        "-v",
        "error",
        "-protocol_whitelist",
        "file,pipe",
        "-format_whitelist",
        CONTAINERS,
        "-i",
        "file:" + file.toAbsolutePath());
  }

  /// Runs a program to its end.
  ///
  /// @param reader reads its output in a thread of its own
  /// @throws VideoException if it fails or takes too long
  /// @throws CancellationException if this thread is interrupted
  static <T> T run(
      Path program, List<String> options, String name, VideoOptions limits, Reader<T> reader) {
    List<String> command = new ArrayList<>(options);
    command.addFirst(program.toString());
    Process process;
    try {
      process = new ProcessBuilder(command).start();
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new VideoException(
          "%s: %s cannot be started: %s".formatted(name, program, e.getMessage()), e);
    }
    CompletableFuture<Boolean> ended = new CompletableFuture<>();
    CompletableFuture<Void> alarm =
        ended
            .completeOnTimeout(false, limits.deadline().toMillis(), TimeUnit.MILLISECONDS)
            .thenAccept(inTime -> {
              if (!inTime) {
                process.destroyForcibly();
              }
            });
    try {
      T result = talk(process, name, command.get(command.indexOf("-i") + 1), reader);
      if (!ended.complete(true) && !ended.join()) {
        throw new VideoException(
            "%s: ffmpeg takes longer than %d s; ask for fewer frames or raise the deadline"
                .formatted(name, limits.deadline().toSeconds()));
      }
      return result;
    } catch (VideoException e) {
      if (ended.isDone() && !ended.join()) {
        throw new VideoException(
            "%s: ffmpeg takes longer than %d s; ask for fewer frames or raise the deadline"
                .formatted(name, limits.deadline().toSeconds()),
            e);
      }
      throw e;
    } finally {
      ended.complete(true);
      alarm.join();
      process.destroyForcibly();
    }
  }

  /// @param input as the program was told, for which sentences say `name`
  private static <T> T talk(Process process, String name, String input, Reader<T> reader) {
    FutureTask<T> out = new FutureTask<>(() -> reader.read(process.getInputStream()));
    FutureTask<String> complaint = new FutureTask<>(() -> complaint(process.getErrorStream()));
    Thread.ofVirtual().start(out);
    Thread.ofVirtual().start(complaint);
    try {
      T result = out.get();
      process.getInputStream().close();
      int code = process.waitFor();
      String said = complaint.get();
      if (code != 0) {
        throw new VideoException(
            "%s: ffmpeg cannot decode it: %s".formatted(name, said.replace(input, name)));
      }
      return result;
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new CancellationException(name + ": decoding was interrupted");
    } catch (IOException e) {
      throw new VideoException("%s: ffmpeg fell silent: %s".formatted(name, e.getMessage()), e);
    } catch (ExecutionException e) {
      process.destroyForcibly();
      switch (e.getCause()) {
        case null -> throw new AssertionError("a failure without a cause", e);
        case RuntimeException own -> throw own;
        case Error own -> throw own;
        case Throwable other ->
            throw new VideoException(
                "%s: ffmpeg fell silent: %s".formatted(name, other.getMessage()), other);
      }
    }
  }

  /// The first line that a program complains with; all others are read, so that it does not wait.
  private static String complaint(InputStream err) throws IOException {
    String begin = new String(err.readNBytes(LONGEST_COMPLAINT), StandardCharsets.UTF_8);
    err.transferTo(OutputStream.nullOutputStream());
    return begin
        .lines()
        .filter(line -> !line.isBlank())
        .findFirst()
        .map(line -> line.replaceFirst("^\\[[^]]*] *", "").replaceAll("\\p{Cntrl}", " ").strip())
        .orElse("it gives no reason");
  }
}
