package org.internvl4j.media.video;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import org.jcodec.codecs.h264.H264Utils;
import org.jcodec.codecs.h264.io.model.SeqParameterSet;
import org.jcodec.common.logging.LogLevel;
import org.jcodec.common.logging.Logger;
import org.jcodec.common.model.Picture;
import org.jcodec.common.model.Rect;
import org.jspecify.annotations.Nullable;

/// The one place where H.264 is decoded. What the library cannot do is asked for before it is
/// tried, and whatever it throws becomes a [VideoException].
final class H264 {
  private static final int SLICE = 1;
  private static final int IDR_SLICE = 5;
  static final int SPS = 7;
  static final int PPS = 8;

  static {
    Logger.setLevel(LogLevel.ERROR); // else it writes to stdout
  }

  private final String name;
  private final Mp4Track track;
  private final SeqParameterSet sps;
  private final byte[][] buffer; // of the library's frame, used again for each
  private SliceFrames decoder = new SliceFrames();

  /// @throws NotInProcessException if this kind of H.264 is not decoded here
  /// @throws VideoException if its header is damaged, or above a limit
  H264(String name, Mp4Track track, VideoOptions options) {
    this.name = name;
    this.track = track;
    this.sps = sps(name, track);
    int width = codedWidth(sps);
    int height = codedHeight(sps);
    options.check(name, width, height, 1);
    this.buffer = new byte[][] {new byte[width * height], chroma(), chroma()};
    restart();
  }

  private byte[] chroma() {
    return new byte[codedWidth(sps) * codedHeight(sps) / 4];
  }

  private static int codedWidth(SeqParameterSet sps) {
    return Math.clamp(sps.picWidthInMbsMinus1 + 1L, 0, 1 << 16) << 4;
  }

  private static int codedHeight(SeqParameterSet sps) {
    return Math.clamp(sps.picHeightInMapUnitsMinus1 + 1L, 0, 1 << 16) << 4;
  }

  private static SeqParameterSet sps(String name, Mp4Track track) {
    try {
      for (ByteBuffer set : track.sets()) {
        if (type(set) == SPS) {
          SeqParameterSet sps = readSps(set);
          Kinds.require(sps);
          return sps;
        }
      }
    } catch (NotInProcessException e) {
      throw e;
    } catch (RuntimeException | Error e) {
      throw damaged(name, "its H.264 header", e);
    }
    throw new NotInProcessException("MP4 with an H.264 header within its frames");
  }

  /// Reads a set without changing it.
  private static SeqParameterSet readSps(ByteBuffer set) {
    ByteBuffer copy = copy(set).position(1);
    H264Utils.unescapeNAL(copy);
    return SeqParameterSet.read(copy);
  }

  static ByteBuffer copy(ByteBuffer from) {
    return ByteBuffer.allocate(from.remaining()).put(from.duplicate()).flip();
  }

  static int type(ByteBuffer unit) {
    return unit.hasRemaining() ? unit.get(unit.position()) & 31 : 0;
  }

  int width() {
    return codedWidth(sps) - 2 * cropped(sps.frameCropLeftOffset, sps.frameCropRightOffset);
  }

  int height() {
    return codedHeight(sps) - 2 * cropped(sps.frameCropTopOffset, sps.frameCropBottomOffset);
  }

  private int cropped(int before, int after) {
    return sps.frameCroppingFlag ? before + after : 0;
  }

  /// How its frames become RGB: as the stream says, else as the container does.
  Colours colours() {
    var vui = sps.vuiParams;
    if (vui == null || !vui.videoSignalTypePresentFlag) {
      return track.colours();
    }
    int matrix =
        vui.colourDescriptionPresentFlag ? vui.matrixCoefficients : track.colours().matrix();
    return new Colours(matrix, vui.videoFullRangeFlag);
  }

  /// Looks at all frames without decoding them.
  ///
  /// @return the track; if the file does not say when its frames are shown, they do
  /// @throws NotInProcessException if a frame is of a kind that is not decoded here
  Mp4Track surveyed(FileChannel file) throws IOException {
    try {
      long[] places = new Survey(file, track, sps).places();
      return track.samples().composed() ? track : track.shownAt(places);
    } catch (NotInProcessException e) {
      throw e;
    } catch (RuntimeException | Error e) {
      throw damaged(name, "a header of its frames", e);
    }
  }

  /// Forgets all frames: the next sample is independent.
  void restart() {
    decoder = new SliceFrames();
    try {
      track.sets().forEach(decoder.headers::take);
    } catch (RuntimeException | Error e) {
      throw damaged(name, "its H.264 header", e);
    }
  }

  /// Whether a sample is decoded without any before it.
  boolean isIndependent(ByteBuffer sample) {
    return units(sample).stream().anyMatch(unit -> type(unit) == IDR_SLICE && isSlice(unit));
  }

  /// Reads the length before a NAL unit.
  static long length(ByteBuffer from, int bytes) {
    long length = 0;
    for (int i = 0; i < bytes; i++) {
      length = length << 8 | (from.get() & 255);
    }
    return length;
  }

  /// Whether a unit is a part of a picture. One that restarts everything and that nothing refers to
  /// is not: the standard knows no such unit, cameras write them, and FFmpeg leaves them out, too.
  static boolean isSlice(ByteBuffer unit) {
    int type = type(unit);
    return type == SLICE || (type == IDR_SLICE && (unit.get(unit.position()) & 0x60) != 0);
  }

  /// The NAL units of a sample.
  private List<ByteBuffer> units(ByteBuffer sample) {
    List<ByteBuffer> units = new ArrayList<>();
    ByteBuffer rest = sample.duplicate();
    while (rest.remaining() >= track.lengthBytes()) {
      long length = length(rest, track.lengthBytes());
      if (length > rest.remaining()) {
        throw new VideoException(
            "%s: a unit of %d bytes in a frame that has %d left; the file is damaged"
                .formatted(name, length, rest.remaining()));
      }
      units.add(rest.slice(rest.position(), (int) length));
      rest.position(rest.position() + (int) length);
    }
    return units;
  }

  /// Decodes a sample; all that it needs were decoded before.
  ///
  /// @param frame what messages call it
  /// @return the frame, or null if the sample holds none
  @Nullable Planes decode(ByteBuffer sample, String frame) {
    List<ByteBuffer> wanted = new ArrayList<>();
    int slices = 0;
    for (ByteBuffer unit : units(sample)) {
      int type = type(unit);
      if (type == SPS) {
        requireSameSize(unit);
      }
      if (isSlice(unit) || type == SPS || type == PPS) {
        wanted.add(copy(unit)); // the library writes into it
        slices += isSlice(unit) ? 1 : 0;
      }
    }
    if (slices == 0) {
      return null;
    }
    try {
      Picture decoded = decoder.decode(wanted, buffer);
      return decoded == null ? null : planes(decoded);
    } catch (NotInProcessException e) {
      throw e;
    } catch (RuntimeException | Error e) {
      throw damaged(name, frame, e);
    }
  }

  /// Parameter sets within frames may repeat or change details, not the size.
  private void requireSameSize(ByteBuffer unit) {
    SeqParameterSet found;
    try {
      found = readSps(unit);
      Kinds.require(found);
    } catch (NotInProcessException e) {
      throw e;
    } catch (RuntimeException | Error e) {
      throw damaged(name, "a header within its frames", e);
    }
    if (codedWidth(found) != codedWidth(sps)
        || codedHeight(found) != codedHeight(sps)
        || found.log2MaxFrameNumMinus4 != sps.log2MaxFrameNumMinus4) {
      throw new VideoException(
          "%s: its frames change from %d x %d to %d x %d pixels, expected one size"
              .formatted(
                  name, codedWidth(sps), codedHeight(sps), codedWidth(found), codedHeight(found)));
    }
  }

  private Planes planes(Picture decoded) {
    Rect crop = decoded.getCrop();
    int left = crop == null ? 0 : crop.getX();
    int top = crop == null ? 0 : crop.getY();
    int halfWidth = (width() + 1) / 2;
    int halfHeight = (height() + 1) / 2;
    return new Planes(
        width(),
        height(),
        plane(decoded, 0, left, top, width(), height()),
        plane(decoded, 1, left / 2, top / 2, halfWidth, halfHeight),
        plane(decoded, 2, left / 2, top / 2, halfWidth, halfHeight));
  }

  /// A part of a plane; the library's samples lie around 0.
  private static byte[] plane(Picture from, int plane, int left, int top, int width, int height) {
    byte[] source = from.getPlaneData(plane);
    int stride = from.getPlaneWidth(plane);
    byte[] part = new byte[width * height];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        part[y * width + x] = (byte) (source[(top + y) * stride + left + x] + 128);
      }
    }
    return part;
  }

  /// The library answers damaged data with exceptions, and errors, of many kinds.
  static VideoException damaged(String name, String what, Throwable e) {
    if (e instanceof VideoException told) {
      return told;
    }
    String why =
        switch (e) {
          case OutOfMemoryError _ -> "more memory than there is";
          case StackOverflowError _ -> "more stack than there is";
          default -> e.getMessage() == null ? "" : e.getMessage();
        };
    return new VideoException(
        "%s: %s cannot be decoded (%s); the file is damaged or of a rare kind, convert it with ffmpeg -i IN -pix_fmt yuv420p OUT.mp4"
            .formatted(name, what, why.lines().findFirst().orElse("the decoder does not say why")),
        e);
  }
}
