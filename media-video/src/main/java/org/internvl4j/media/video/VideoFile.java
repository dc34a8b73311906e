package org.internvl4j.media.video;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// Finds out what a file is, and who decodes it.
final class VideoFile {
  private VideoFile() {}

  static Video open(Path file, String name, VideoOptions options) {
    if (Files.isDirectory(file)) {
      throw new VideoException(name + ": is a folder, expected a video file");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size > options.maxBytes()) {
        throw new VideoException(
            "%s: %d bytes long, more than the limit of %d; cut the video, or raise maxBytes in Java"
                .formatted(name, size, options.maxBytes()));
      }
    } catch (IOException e) {
      throw unreadable(name, e);
    }
    return opened(file, name, options);
  }

  /// In this process if that is possible, else by ffmpeg.
  private static Video opened(Path file, String name, VideoOptions options) {
    String kind;
    try {
      kind = kind(file, name);
      if (kind.equals("MP4")) {
        return Mp4Video.open(file, name, options);
      }
    } catch (NotInProcessException e) {
      kind = e.getMessage();
    } catch (IOException e) {
      throw unreadable(name, e);
    }
    Ffmpeg ffmpeg = options.external() ? Ffmpeg.find() : null;
    if (ffmpeg == null) {
      throw new VideoException(
          "%s: is %s; without ffmpeg, which %s, only MP4 with H.264 of common kinds (8 bits, 4:2:0, progressive) is read; %s"
              .formatted(
                  name,
                  kind,
                  options.external() ? "was not found on PATH" : "may not be used here",
                  options.external()
                      ? "install ffmpeg or convert the video"
                      : "convert the video to that"));
    }
    return FfmpegVideo.open(ffmpeg, file, name, options);
  }

  static VideoException unreadable(String name, IOException e) {
    String why =
        switch (e) {
          case NoSuchFileException _ -> "there is no such file";
          case AccessDeniedException _ -> "may not be read; check its permissions";
          case FileSystemException at -> // whose message names the file by its path
              at.getReason() == null ? "cannot be read" : "cannot be read: " + at.getReason();
          default -> "cannot be read: " + e.getMessage();
        };
    return new VideoException(name + ": " + why, e);
  }

  /// What a file is by its first bytes, for people.
  private static String kind(Path file, String name) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(16);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (head.hasRemaining() && channel.read(head) >= 0) {
        // until the buffer is full or the file ends
      }
    }
    if (head.position() == 0) {
      throw new VideoException(name + ": the file is empty, expected a video");
    }
    byte[] bytes = head.array();
    String known = known(new String(bytes, StandardCharsets.ISO_8859_1));
    if (known == null) {
      String first = HexFormat.ofDelimiter(" ").formatHex(bytes, 0, Math.min(8, head.position()));
      return "of no kind that is known here (it begins with " + first + ")";
    }
    return known;
  }

  private static @Nullable String known(String head) {
    if (head.startsWith("\u001aE\u00df\u00a3")) {
      return "Matroska or WebM";
    }
    if (head.startsWith("RIFF")) {
      return head.startsWith("AVI ", 8) ? "AVI" : null;
    }
    return switch (head.substring(4, 8)) {
      case "ftyp", "moov", "mdat", "free", "skip", "wide", "pnot" -> "MP4";
      default -> stream(head);
    };
  }

  private static @Nullable String stream(String head) {
    if (head.startsWith("GIF8")) {
      return "GIF";
    }
    if (head.startsWith("FLV\u0001")) {
      return "Flash video";
    }
    if (head.startsWith("OggS")) {
      return "Ogg";
    }
    if (head.startsWith("0&\u00b2u")) {
      return "Windows Media";
    }
    if (head.startsWith("\u0000\u0000\u0001\u00ba")
        || head.startsWith("\u0000\u0000\u0001\u00b3")) {
      return "MPEG";
    }
    return head.startsWith("G") ? "an MPEG transport stream" : null;
  }
}
