package org.internvl4j.media.video;

import java.util.Set;
import org.jcodec.codecs.h264.io.model.PictureParameterSet;
import org.jcodec.codecs.h264.io.model.SeqParameterSet;
import org.jcodec.codecs.h264.io.model.SliceHeader;
import org.jcodec.codecs.h264.io.model.SliceType;
import org.jcodec.common.model.ColorSpace;

/// Which kinds of H.264 are decoded here. The library takes more of them, and decodes some wrongly
/// without a word: whatever was found to differ from the standard's samples is refused by name.
final class Kinds {
  /// Baseline, Main and High: 8 bits, 4:2:0.
  private static final Set<Integer> PROFILES = Set.of(66, 77, 100);

  private static final int LONG_TERM = 2;

  private Kinds() {}

  /// @throws NotInProcessException if it is another kind
  /// @throws IllegalArgumentException if a number is out of its range
  static void require(SeqParameterSet sps) {
    refuse(!PROFILES.contains(sps.profileIdc), "profile " + sps.profileIdc);
    refuse(sps.bitDepthLumaMinus8 != 0 || sps.bitDepthChromaMinus8 != 0, "more than 8 bits");
    refuse(sps.chromaFormatIdc != ColorSpace.YUV420J, "another chroma format than 4:2:0");
    refuse(!sps.frameMbsOnlyFlag, "interlaced fields");
    refuse(sps.qpprimeYZeroTransformBypassFlag, "lossless blocks");
    refuse(sps.scalingMatrix != null, "scaling matrices");
    refuse(sps.picOrderCntType == 1, "picture order counts of type 1");
    boolean sane =
        sps.log2MaxFrameNumMinus4 >= 0
            && sps.log2MaxFrameNumMinus4 <= 12
            && sps.log2MaxPicOrderCntLsbMinus4 >= 0
            && sps.log2MaxPicOrderCntLsbMinus4 <= 12
            && sps.numRefFrames <= 16;
    if (!sane) {
      throw new IllegalArgumentException("a number out of its range");
    }
  }

  /// @throws NotInProcessException if it is another kind
  /// @throws IllegalArgumentException if a number is out of its range
  static void require(SliceHeader header) {
    require(header.pps);
    refuse(
        header.sliceType == SliceType.B && !header.directSpatialMvPredFlag,
        "motion that is predicted in time");
    refuse(
        header.sliceType == SliceType.SP || header.sliceType == SliceType.SI, "switching slices");
    for (int[][] list : header.refPicReordering) {
      if (list != null) {
        for (int way : list[0]) {
          refuse(way == LONG_TERM, "reordered long-term frames");
        }
      }
    }
    for (int most : header.numRefIdxActiveMinus1) {
      if (most < 0 || most > 31) {
        throw new IllegalArgumentException("a slice with " + (most + 1L) + " reference frames");
      }
    }
  }

  private static void require(PictureParameterSet pps) {
    refuse(pps.constrainedIntraPredFlag, "constrained intra prediction");
    refuse(pps.extended != null && pps.extended.scalingMatrix != null, "scaling matrices");
    refuse(pps.numSliceGroupsMinus1 != 0, "slice groups");
    refuse(pps.redundantPicCntPresentFlag, "redundant pictures");
    for (int most : pps.numRefIdxActiveMinus1) {
      if (most < 0 || most > 31) {
        throw new IllegalArgumentException("slices with " + (most + 1L) + " reference frames");
      }
    }
  }

  private static void refuse(boolean is, String what) {
    if (is) {
      throw new NotInProcessException("MP4 with H.264 of a rare kind (" + what + ")");
    }
  }
}
