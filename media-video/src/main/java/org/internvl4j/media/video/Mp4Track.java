package org.internvl4j.media.video;

import java.io.EOFException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The H.264 track of an MP4 file, as its header tells it; nothing is decoded yet.
///
/// @param samples where the coded frames lie
/// @param shown samples in the order in which they are shown, without those an edit list cuts off
/// @param ticksPerSecond in which [SampleTable] tells time
/// @param lengthBytes bytes of the length before each NAL unit of a sample
/// @param sets sequence and picture parameter sets, NAL units without start codes
/// @param colours as the container tells them
/// @param quarterTurns clockwise, that make frames upright; 0 to 3
record Mp4Track(
    SampleTable samples,
    int[] shown,
    long ticksPerSecond,
    int lengthBytes,
    List<ByteBuffer> sets,
    Colours colours,
    int quarterTurns) {
  private static final int LONGEST_HEADER = 64 << 20; // bytes; an hour has about 3 MiB
  private static final int MOST_ROOTS = 1 << 16;
  private static final int ENTRY_HEAD = 78; // bytes of a sample entry before its boxes

  /// @throws VideoException if the file is damaged or above a limit
  /// @throws NotInProcessException if it is no plain MP4 with H.264
  static Mp4Track of(FileChannel file, String name, VideoOptions options) throws IOException {
    try {
      Mp4Box moov = moov(file, name);
      Mp4Box trak = videoTrack(moov);
      if (moov.child("mvex") != null) {
        throw new NotInProcessException("a fragmented MP4");
      }
      return of(moov, trak, name, options);
    } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new VideoException(
          "%s: its MP4 header contradicts itself (%s); the file is damaged"
              .formatted(name, e.getMessage() == null ? "it is too short" : e.getMessage()),
          e);
    }
  }

  private static Mp4Track of(Mp4Box moov, Mp4Box trak, String name, VideoOptions options) {
    Mp4Box mdia = trak.require("mdia");
    Mp4Box stbl = mdia.require("minf").require("stbl");
    Mp4Box entry = sampleEntry(stbl.require("stsd"));
    Mp4Box avcC = entryBox(entry, "avcC");
    List<ByteBuffer> sets = new ArrayList<>();
    int lengthBytes = readSets(avcC, sets);
    Mp4Box mdhd = mdia.require("mdhd");
    long ticksPerSecond = mdhd.u32(mdhd.version() == 1 ? 20 : 12);
    SampleTable samples = SampleTable.of(stbl, name, options);
    long perSecond = moov.require("mvhd").u32(moov.require("mvhd").version() == 1 ? 20 : 12);
    int[] shown = shown(samples, trak, ticksPerSecond / (double) Math.max(1, perSecond));
    options.check(name, entry.u16(24), entry.u16(26), shown.length);
    if (ticksPerSecond == 0 || samples.ticks() <= 0) {
      throw new VideoException(name + ": its MP4 header tells no time; the file is damaged");
    }
    return new Mp4Track(
        samples,
        shown,
        ticksPerSecond,
        lengthBytes,
        sets,
        Colours.ofContainer(findEntryBox(entry, "colr")),
        quarterTurns(trak.require("tkhd")));
  }

  /// The box that holds the header, read whole.
  private static Mp4Box moov(FileChannel file, String name) throws IOException {
    long at = 0;
    long size = file.size();
    for (int i = 0; i < MOST_ROOTS && at + 8 <= size; i++) {
      ByteBuffer head = read(file, at, (int) Math.min(16, size - at));
      long length = Integer.toUnsignedLong(head.getInt());
      String type = Mp4Box.fourCc(head);
      if (type.equals("moof")) {
        throw new NotInProcessException("a fragmented MP4");
      }
      int headLength = length == 1 ? 16 : 8;
      if (length == 1) {
        length = head.getLong();
      } else if (length == 0) {
        length = size - at;
      }
      if (length < headLength || length > size - at) {
        throw new VideoException(
            "%s: the file has %d bytes, box %s at byte %d needs %d; it looks cut off"
                .formatted(name, size, type, at, length));
      }
      if (type.equals("moov")) {
        if (length > LONGEST_HEADER) {
          throw new VideoException(
              "%s: its MP4 header has %d bytes, more than the limit of %d"
                  .formatted(name, length, LONGEST_HEADER));
        }
        return new Mp4Box("moov", read(file, at + headLength, (int) length - headLength));
      }
      at += length;
    }
    throw new VideoException(name + ": has no MP4 header (moov); the file is cut off or damaged");
  }

  static ByteBuffer read(FileChannel file, long at, int bytes) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(bytes);
    while (target.hasRemaining()) {
      if (file.read(target, at + target.position()) < 0) {
        throw new EOFException("the file ends before byte " + (at + bytes));
      }
    }
    return target.flip();
  }

  private static Mp4Box videoTrack(Mp4Box moov) {
    for (Mp4Box trak : moov.children(0)) {
      if (trak.type().equals("trak")) {
        Mp4Box handler = trak.require("mdia").require("hdlr");
        if (Mp4Box.fourCc(handler.body().duplicate().position(8)).equals("vide")) {
          return trak;
        }
      }
    }
    throw new NotInProcessException("an MP4 without a picture track in its header");
  }

  private static Mp4Box sampleEntry(Mp4Box stsd) {
    List<Mp4Box> entries = stsd.children(8);
    if (entries.size() != 1) {
      throw new NotInProcessException("an MP4 that changes its format");
    }
    Mp4Box entry = entries.getFirst();
    if (!entry.type().equals("avc1") && !entry.type().equals("avc3")) {
      throw new NotInProcessException("MP4 with " + codec(entry.type()));
    }
    return entry;
  }

  private static String codec(String type) {
    return switch (type) {
      case "hvc1", "hev1", "dvh1", "dvhe" -> "HEVC";
      case "av01" -> "AV1";
      case "vp08" -> "VP8";
      case "vp09" -> "VP9";
      case "mp4v" -> "MPEG-4 Visual";
      case "apch", "apcn", "apcs", "apco", "ap4h", "ap4x" -> "ProRes";
      default -> type.replaceAll("[^\\w ]", "?") + " frames";
    };
  }

  private static Mp4Box entryBox(Mp4Box entry, String type) {
    Mp4Box box = findEntryBox(entry, type);
    return box == null ? new Mp4Box(entry.type(), ByteBuffer.allocate(0)).require(type) : box;
  }

  private static @Nullable Mp4Box findEntryBox(Mp4Box entry, String type) {
    for (Mp4Box box : entry.children(ENTRY_HEAD)) {
      if (box.type().equals(type)) {
        return box;
      }
    }
    return null;
  }

  /// Reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1).
  ///
  /// @return bytes of the length before each NAL unit
  private static int readSets(Mp4Box avcC, List<ByteBuffer> sets) {
    ByteBuffer body = avcC.body().duplicate().position(4);
    int lengthBytes = (body.get() & 3) + 1;
    for (int mask : new int[] {31, 255}) {
      int count = body.get() & mask;
      for (int i = 0; i < count; i++) {
        int length = body.getShort() & 0xffff;
        sets.add(body.slice(body.position(), length));
        body.position(body.position() + length);
      }
    }
    return lengthBytes;
  }

  /// The samples that an edit list leaves (ISO/IEC 14496-12, 8.6.6), in the order in which they are
  /// shown.
  ///
  /// @param ticks of the track in one of the movie
  private static int[] shown(SampleTable samples, Mp4Box trak, double ticks) {
    Mp4Box edts = trak.child("edts");
    Mp4Box elst = edts == null ? null : edts.child("elst");
    long from = Long.MIN_VALUE;
    long to = Long.MAX_VALUE;
    if (elst != null) {
      boolean wide = elst.version() == 1;
      int bytes = wide ? 20 : 12;
      int entries = elst.entries(4, bytes);
      for (int i = 0; i < entries; i++) {
        int at = 8 + bytes * i;
        long begin = wide ? elst.body().getLong(at + 8) : elst.body().getInt(at + 4);
        long runs = wide ? elst.body().getLong(at) : elst.u32(at);
        if (begin >= 0 && from >= 0) {
          throw new NotInProcessException("an MP4 that is cut by an edit list");
        }
        if (begin >= 0) { // else nothing is shown for a while
          from = begin;
          to = runs <= 0 ? Long.MAX_VALUE : begin + Math.round(runs * ticks);
        }
      }
    }
    return samples.shown(from, to);
  }

  /// The same track, its samples shown at other times.
  Mp4Track shownAt(long[] times) {
    SampleTable moved = samples.withTimes(times);
    int[] same = shown.clone();
    Arrays.sort(same);
    return new Mp4Track(
        moved, moved.inOrder(same), ticksPerSecond, lengthBytes, sets, colours, quarterTurns);
  }

  /// From the matrix that puts a frame onto the screen; one that does more than turn is left alone.
  private static int quarterTurns(Mp4Box tkhd) {
    int at = tkhd.version() == 1 ? 52 : 40;
    int[] m = {
      tkhd.body().getInt(at),
      tkhd.body().getInt(at + 4),
      tkhd.body().getInt(at + 12),
      tkhd.body().getInt(at + 16)
    };
    if (m[0] == 0 && m[3] == 0 && m[1] != 0 && m[2] != 0 && m[1] > 0 != m[2] > 0) {
      return m[1] > 0 ? 1 : 3;
    }
    return m[1] == 0 && m[2] == 0 && m[0] < 0 && m[3] < 0 ? 2 : 0;
  }

  /// Frames a second on average.
  double framesPerSecond() {
    return samples.sizes().length * (double) ticksPerSecond / samples.ticks();
  }
}
