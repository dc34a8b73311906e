package org.internvl4j.media.video;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jcodec.codecs.common.biari.MDecoder;
import org.jcodec.codecs.h264.H264Utils;
import org.jcodec.codecs.h264.decode.SliceHeaderReader;
import org.jcodec.codecs.h264.decode.SliceReader;
import org.jcodec.codecs.h264.decode.aso.MapManager;
import org.jcodec.codecs.h264.decode.aso.Mapper;
import org.jcodec.codecs.h264.io.CABAC;
import org.jcodec.codecs.h264.io.CAVLC;
import org.jcodec.codecs.h264.io.model.NALUnit;
import org.jcodec.codecs.h264.io.model.PictureParameterSet;
import org.jcodec.codecs.h264.io.model.SeqParameterSet;
import org.jcodec.codecs.h264.io.model.SliceHeader;
import org.jcodec.common.io.BitReader;

/// Reads the headers of slices, with the parameter sets that they name.
///
/// Two lists of a header go on until a number ends them, and the library, which reads zeros behind
/// the last byte, would never stop. So a copy of the header is read first with the two numbers
/// behind it, and refused if they were needed.
final class Headers {
  /// Bytes of a slice that hold its header.
  static final int LONGEST = 1024;

  /// Ones, each of them a 0, so that every number before them ends; then 3 and 3, and ones again.
  private static final byte[] END = new byte[32];

  static {
    Arrays.fill(END, (byte) 0xff);
    END[24] = 0b0010_0001;
    END[25] = 0b0011_1111;
  }

  private final Map<Integer, SeqParameterSet> sequences = new HashMap<>();
  private final Map<Integer, PictureParameterSet> pictures = new HashMap<>();

  /// Takes a parameter set, and no other NAL unit.
  void take(ByteBuffer unit) {
    int type = H264.type(unit);
    if (type == H264.SPS || type == H264.PPS) {
      ByteBuffer copy = H264.copy(unit).position(1);
      H264Utils.unescapeNAL(copy);
      if (type == H264.SPS) {
        SeqParameterSet sps = SeqParameterSet.read(copy);
        sequences.put(sps.seqParameterSetId, sps);
      } else {
        PictureParameterSet pps = PictureParameterSet.read(copy);
        pictures.put(pps.picParameterSetId, pps);
      }
    }
  }

  /// Reads the header of a slice.
  ///
  /// @param unit a NAL unit, or its first [#LONGEST] bytes; not changed
  SliceHeader read(ByteBuffer unit) {
    int length = Math.min(LONGEST, unit.remaining());
    ByteBuffer copy = H264.copy(unit.duplicate().limit(unit.position() + length));
    NALUnit kind = NALUnit.read(copy);
    H264Utils.unescapeNAL(copy);
    int there = copy.remaining();
    BitReader bits =
        BitReader.createBitReader(
            ByteBuffer.allocate(there + END.length).put(copy).put(END).flip());
    SliceHeader header = SliceHeaderReader.readPart1(bits);
    PictureParameterSet pps = pictures.get(header.picParameterSetId);
    SeqParameterSet sps = pps == null ? null : sequences.get(pps.seqParameterSetId);
    if (pps == null || sps == null) {
      throw new IllegalArgumentException("no parameter set " + header.picParameterSetId);
    }
    header.sps = sps;
    header.pps = pps;
    SliceHeaderReader.readPart2(header, kind, sps, pps, bits);
    if (bits.position() > 8 * there) {
      throw new IllegalArgumentException("the header of a slice has no end");
    }
    return header;
  }

  /// A reader of a slice, its header read: the library's, but that it does not read on for ever.
  ///
  /// @param unit a NAL unit, which is written into
  /// @throws NotInProcessException if it is of a kind that is not decoded here
  SliceReader open(ByteBuffer unit) {
    SliceHeader known = read(unit);
    Kinds.require(known);
    SeqParameterSet sps = known.sps;
    PictureParameterSet pps = known.pps;
    NALUnit kind = NALUnit.read(unit);
    H264Utils.unescapeNAL(unit);
    BitReader bits = BitReader.createBitReader(unit);
    SliceHeader header = SliceHeaderReader.readPart1(bits);
    header.sps = sps;
    header.pps = pps;
    SliceHeaderReader.readPart2(header, kind, sps, pps, bits);
    CAVLC[] lengths = {
      new CAVLC(sps, pps, 2, 2), new CAVLC(sps, pps, 1, 1), new CAVLC(sps, pps, 1, 1)
    };
    CABAC contexts = new CABAC(sps.picWidthInMbsMinus1 + 1);
    MDecoder decoder = null;
    if (pps.entropyCodingModeFlag) {
      bits.terminate();
      int[][] states = new int[2][1024];
      int qp = pps.picInitQpMinus26 + 26 + header.sliceQpDelta;
      contexts.initModels(states, header.sliceType, header.cabacInitIdc, qp);
      decoder = new SliceBits(unit, states);
    }
    Mapper mapper = new MapManager(sps, pps).getMapper(header);
    return new SliceReader(pps, contexts, lengths, decoder, bits, mapper, header, kind);
  }
}
