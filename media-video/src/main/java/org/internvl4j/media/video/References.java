package org.internvl4j.media.video;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jcodec.codecs.h264.io.model.Frame;
import org.jcodec.codecs.h264.io.model.RefPicMarking;
import org.jcodec.codecs.h264.io.model.RefPicMarking.Instruction;
import org.jcodec.codecs.h264.io.model.SliceHeader;
import org.jcodec.common.IntObjectMap;
import org.jspecify.annotations.Nullable;

/// The decoded frames that later ones are predicted from (ITU-T H.264, 8.2.5). They are copies,
/// whose memory is used again: the library's frames know the frames that they came from, and would
/// keep all of them.
final class References {
  final @Nullable Frame[] shortTerm; // by frame number
  final IntObjectMap<Frame> longTerm = new IntObjectMap<>();
  private final int most;
  private final Deque<Frame> unused = new ArrayDeque<>();

  /// @param frameNumbers how many frame numbers there are
  /// @param most most frames that are kept
  References(int frameNumbers, int most) {
    this.shortTerm = new Frame[frameNumbers];
    this.most = Math.max(1, most);
  }

  /// Takes a reference frame in, and lets go of others as its header says.
  void add(Frame decoded, SliceHeader header, boolean idr) {
    Frame kept = copy(decoded);
    if (idr) {
      clear();
      if (header.refPicMarkingIDR.isUseForlongTerm()) {
        keepLong(0, kept);
      } else {
        keepShort(header.frameNum, kept);
      }
    } else if (header.refPicMarkingNonIDR == null) {
      slide(header.frameNum);
      keepShort(header.frameNum, kept);
    } else {
      mark(header.refPicMarkingNonIDR, header.frameNum, kept);
    }
  }

  private Frame copy(Frame decoded) {
    Frame copy = unused.isEmpty() ? Frame.createFrame(decoded) : unused.removeFirst();
    copy.copyFromFrame(decoded);
    copy.setShortTerm(true);
    return copy;
  }

  private void keepShort(int number, Frame frame) {
    drop(shortTerm[number]);
    shortTerm[number] = frame;
  }

  private void keepLong(int index, Frame frame) {
    drop(longTerm.get(index));
    frame.setShortTerm(false);
    longTerm.put(index, frame);
  }

  private void drop(@Nullable Frame frame) {
    if (frame != null) {
      unused.addLast(frame);
    }
  }

  private void clear() {
    for (int i = 0; i < shortTerm.length; i++) {
      dropShort(i);
    }
    for (int index : longTerm.keys()) {
      dropLong(index);
    }
  }

  private void dropShort(int number) {
    drop(shortTerm[number]);
    shortTerm[number] = null;
  }

  private void dropLong(int index) {
    drop(longTerm.get(index));
    longTerm.remove(index);
  }

  /// The sliding window: the oldest short-term frame goes if there is no room for another
  /// (8.2.5.3).
  private void slide(int current) {
    int oldest = -1;
    int kept = longTerm.size();
    for (int i = 1; i <= shortTerm.length; i++) {
      int number = (current + i) % shortTerm.length; // the one after the current is the oldest
      if (shortTerm[number] != null) {
        kept++;
        oldest = oldest < 0 ? number : oldest;
      }
    }
    if (kept >= most && oldest >= 0) {
      dropShort(oldest);
    }
  }

  /// What the header says about each frame (8.2.5.4).
  private void mark(RefPicMarking marking, int current, Frame kept) {
    boolean isLong = false;
    int number = current;
    for (Instruction said : marking.getInstructions()) {
      int of = Math.floorMod(current - said.getArg1(), shortTerm.length);
      switch (said.getType()) {
        case REMOVE_SHORT -> dropShort(of);
        case REMOVE_LONG -> dropLong(said.getArg1());
        case CONVERT_INTO_LONG -> {
          Frame frame = shortTerm[of];
          shortTerm[of] = null;
          if (frame != null) {
            keepLong(said.getArg2(), frame);
          }
        }
        case TRUNK_LONG ->
            Arrays.stream(longTerm.keys())
                .filter(index -> index > said.getArg1())
                .forEach(this::dropLong);
        case CLEAR -> {
          clear();
          number = 0;
        }
        case MARK_LONG -> {
          keepLong(said.getArg1(), kept);
          isLong = true;
        }
      }
    }
    if (!isLong) {
      keepShort(number, kept);
    }
  }
}
