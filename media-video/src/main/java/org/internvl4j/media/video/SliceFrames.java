package org.internvl4j.media.video;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jcodec.codecs.h264.H264Decoder;
import org.jcodec.codecs.h264.POCManager;
import org.jcodec.codecs.h264.decode.DeblockerInput;
import org.jcodec.codecs.h264.decode.SliceDecoder;
import org.jcodec.codecs.h264.decode.SliceReader;
import org.jcodec.codecs.h264.decode.deblock.DeblockingFilter;
import org.jcodec.codecs.h264.io.model.Frame;
import org.jcodec.codecs.h264.io.model.NALUnit;
import org.jcodec.codecs.h264.io.model.NALUnitType;
import org.jcodec.codecs.h264.io.model.SeqParameterSet;
import org.jcodec.codecs.h264.io.model.SliceHeader;
import org.jspecify.annotations.Nullable;

/// Decodes the slices of a frame one after the other, in this thread, with the library's parts: its
/// own decoder of frames starts threads that never end, one a processor and video.
final class SliceFrames {
  private static final int MOST_REFERENCES = 16; // as the standard has it

  final Headers headers = new Headers();
  private final POCManager order = new POCManager();
  private @Nullable References references;

  /// @param units NAL units of one frame, which are written into
  /// @param buffer where the frame goes: its three planes
  /// @return null if there is no slice among them
  @Nullable Frame decode(List<ByteBuffer> units, byte[][] buffer) {
    List<SliceReader> slices = new ArrayList<>();
    for (ByteBuffer unit : units) {
      headers.take(unit);
      if (H264.isSlice(unit)) {
        slices.add(headers.open(unit));
      }
    }
    if (slices.isEmpty()) {
      return null;
    }
    SliceHeader header = slices.getFirst().getSliceHeader();
    NALUnit unit = slices.getFirst().getNALUnit();
    References known = references(header.sps);
    DeblockerInput blocks = new DeblockerInput(header.sps);
    Frame frame =
        H264Decoder.createFrame(
            header.sps,
            buffer,
            header.frameNum,
            header.sliceType,
            blocks.mvs,
            blocks.refsUsed,
            order.calcPOC(header, unit));
    int unfiltered = 0;
    for (SliceReader slice : slices) {
      unfiltered += slice.getSliceHeader().disableDeblockingFilterIdc == 1 ? 1 : 0;
      new SliceDecoder(header.sps, known.shortTerm, known.longTerm, blocks, frame)
          .decodeFromReader(slice);
    }
    filter(frame, blocks, unfiltered, slices.size());
    if (unit.nal_ref_idc != 0) {
      known.add(frame, header, unit.type == NALUnitType.IDR_SLICE);
    }
    return frame;
  }

  /// Smoothes the edges of blocks. The library does so in slices, too, that do not want it.
  private static void filter(Frame frame, DeblockerInput blocks, int unfiltered, int slices) {
    for (SliceHeader covered : blocks.shs) {
      if (covered == null) {
        throw new IllegalArgumentException("a part of the frame is missing");
      }
    }
    if (unfiltered == 0) {
      new DeblockingFilter(0, 8, blocks).deblockFrame(frame);
    } else if (unfiltered < slices) {
      throw new NotInProcessException(
          "MP4 with H.264 of a rare kind (slices that differ in filters)");
    }
  }

  private References references(SeqParameterSet sps) {
    References known = references;
    if (known == null) {
      int most = Math.clamp(sps.numRefFrames, 1, MOST_REFERENCES);
      known = new References(1 << (sps.log2MaxFrameNumMinus4 + 4), most);
      references = known;
    }
    return known;
  }
}
