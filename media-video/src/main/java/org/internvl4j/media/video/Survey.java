package org.internvl4j.media.video;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.Comparator;
import org.jcodec.codecs.h264.POCManager;
import org.jcodec.codecs.h264.io.model.NALUnit;
import org.jcodec.codecs.h264.io.model.NALUnitType;
import org.jcodec.codecs.h264.io.model.RefPicMarking.InstrType;
import org.jcodec.codecs.h264.io.model.SeqParameterSet;
import org.jcodec.codecs.h264.io.model.SliceHeader;
import org.jspecify.annotations.Nullable;

/// Looks at all frames of a file without decoding them: at the header of the first slice of each.
/// Finds out whether all are of a kind that is decoded here, and in which order they are shown
/// (ITU-T H.264, 8.2.1).
final class Survey {
  private final FileChannel file;
  private final Mp4Track track;
  private final SeqParameterSet sps;
  private final Headers headers = new Headers();
  private final POCManager counter = new POCManager();

  Survey(FileChannel file, Mp4Track track, SeqParameterSet sps) {
    this.file = file;
    this.track = track;
    this.sps = sps;
    track.sets().forEach(headers::take);
  }

  /// When each sample is shown: its place among all.
  long[] places() throws IOException {
    int count = track.samples().sizes().length;
    int[] period = new int[count]; // begins where everything before is shown
    int[] order = new int[count];
    int now = 0;
    for (int sample = 0; sample < count; sample++) {
      ByteBuffer unit = firstSlice(sample);
      if (unit != null) {
        NALUnit kind = NALUnit.read(unit.duplicate());
        SliceHeader header = headers.read(unit);
        Kinds.require(header);
        now += kind.type == NALUnitType.IDR_SLICE ? 1 : 0;
        order[sample] =
            sps.picOrderCntType == 0 ? counter.calcPOC(header, kind) : 0; // 2: as decoded
        if (clears(header)) {
          now++;
          order[sample] = 0;
        }
      }
      period[sample] = now;
    }
    Integer[] shown = new Integer[count];
    Arrays.setAll(shown, sample -> sample);
    Comparator<Integer> byPeriod = Comparator.comparingInt(sample -> period[sample]);
    Arrays.sort(shown, byPeriod.thenComparingInt(sample -> order[sample]));
    long[] places = new long[count];
    for (int place = 0; place < count; place++) {
      places[shown[place]] = place;
    }
    return places;
  }

  private static boolean clears(SliceHeader header) {
    return header.refPicMarkingNonIDR != null
        && Arrays.stream(header.refPicMarkingNonIDR.getInstructions())
            .anyMatch(said -> said.getType() == InstrType.CLEAR);
  }

  /// The begin of the first slice of a sample, or null if it has none.
  private @Nullable ByteBuffer firstSlice(int sample) throws IOException {
    long at = track.samples().offsets()[sample];
    long end = Math.min(at + track.samples().sizes()[sample], file.size());
    while (at >= 0 && at + track.lengthBytes() < end) {
      int readable = (int) Math.min(Headers.LONGEST + track.lengthBytes(), end - at);
      ByteBuffer head = Mp4Track.read(file, at, readable);
      long length = H264.length(head, track.lengthBytes());
      if (H264.isSlice(head)) {
        return head.slice();
      }
      headers.take(head.limit((int) Math.min(head.limit(), track.lengthBytes() + length)));
      at += track.lengthBytes() + length;
    }
    return null;
  }
}
