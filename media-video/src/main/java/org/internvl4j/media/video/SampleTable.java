package org.internvl4j.media.video;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Where the coded frames of a track lie, and when they are shown (ISO/IEC 14496-12, 8.6 and 8.7).
/// A sample is a coded frame; samples are counted from 0 in the order in which they are decoded.
///
/// @param offsets first byte of each sample in the file
/// @param sizes bytes of each sample
/// @param times when each is shown, in ticks
/// @param sync samples that are decoded without others, growing; null if all are
/// @param ticks how long the track runs
/// @param composed whether the file says when samples are shown, not only when they are decoded
record SampleTable(
    long[] offsets,
    int[] sizes,
    long[] times,
    int @Nullable [] sync,
    long ticks,
    boolean composed) {
  static SampleTable of(Mp4Box stbl, String name, VideoOptions options) {
    Mp4Box stsz = stbl.require("stsz");
    long count = stsz.u32(8);
    if (count > options.maxFrames()) {
      options.check(name, 1, 1, count);
    }
    int[] sizes = sizes(stsz, (int) count);
    long[] times = new long[sizes.length];
    long ticks = decodingTimes(stbl.require("stts"), times);
    Mp4Box ctts = stbl.child("ctts");
    if (ctts != null) {
      addCompositionOffsets(ctts, times);
    }
    int[] sync = sync(stbl, sizes.length);
    return new SampleTable(offsets(stbl, sizes), sizes, times, sync, ticks, ctts != null);
  }

  private static int[] sizes(Mp4Box stsz, int count) {
    int[] sizes = new int[count];
    int all = stsz.body().getInt(4);
    if (all == 0 && stsz.entries(8, 4) < count) {
      throw new IndexOutOfBoundsException("box stsz is too short");
    }
    for (int i = 0; i < count; i++) {
      sizes[i] = all != 0 ? all : stsz.body().getInt(12 + 4 * i);
      if (sizes[i] < 0) {
        throw new IndexOutOfBoundsException("a sample of 2 GiB or more");
      }
    }
    return sizes;
  }

  /// Fills in when samples are decoded.
  ///
  /// @return when the last one ends
  private static long decodingTimes(Mp4Box stts, long[] times) {
    int entries = stts.entries(4, 8);
    long now = 0;
    int sample = 0;
    for (int i = 0; i < entries; i++) {
      long run = stts.u32(8 + 8 * i);
      long duration = stts.u32(12 + 8 * i);
      for (long k = 0; k < run && sample < times.length; k++) {
        times[sample++] = now;
        now += duration;
      }
    }
    if (sample < times.length) {
      throw new IndexOutOfBoundsException("box stts knows %d samples".formatted(sample));
    }
    return now;
  }

  private static void addCompositionOffsets(Mp4Box ctts, long[] times) {
    int entries = ctts.entries(4, 8);
    int sample = 0;
    for (int i = 0; i < entries; i++) {
      long run = ctts.u32(8 + 8 * i);
      int offset = ctts.body().getInt(12 + 8 * i); // signed, whatever the version says
      for (long k = 0; k < run && sample < times.length; k++) {
        times[sample++] += offset;
      }
    }
  }

  private static long[] offsets(Mp4Box stbl, int[] sizes) {
    Mp4Box stco = stbl.child("stco");
    Mp4Box chunks = stco == null ? stbl.require("co64") : stco;
    int width = stco == null ? 8 : 4;
    int chunkCount = chunks.entries(4, width);
    Mp4Box stsc = stbl.require("stsc");
    int runs = stsc.entries(4, 12);
    long[] offsets = new long[sizes.length];
    int sample = 0;
    int run = -1;
    for (int chunk = 0; chunk < chunkCount && sample < sizes.length; chunk++) {
      while (run + 1 < runs && stsc.u32(8 + 12 * (run + 1)) <= chunk + 1) {
        run++;
      }
      long at = width == 4 ? chunks.u32(8 + 4 * chunk) : chunks.body().getLong(8 + 8 * chunk);
      long inChunk = run < 0 ? 0 : stsc.u32(12 + 12 * run);
      for (long k = 0; k < inChunk && sample < sizes.length; k++) {
        offsets[sample] = at;
        at += sizes[sample++];
      }
    }
    if (sample < sizes.length) {
      throw new IndexOutOfBoundsException("chunks hold %d samples".formatted(sample));
    }
    return offsets;
  }

  private static int @Nullable [] sync(Mp4Box stbl, int samples) {
    Mp4Box stss = stbl.child("stss");
    if (stss == null) {
      return null;
    }
    int[] sync = new int[stss.entries(4, 4)];
    for (int i = 0; i < sync.length; i++) {
      long sample = stss.u32(8 + 4 * i) - 1;
      if (sample < 0 || sample >= samples || (i > 0 && sample <= sync[i - 1])) {
        throw new IndexOutOfBoundsException("box stss names sample %d".formatted(sample + 1));
      }
      sync[i] = (int) sample;
    }
    return sync;
  }

  /// Samples that are shown from `from` until before `to`, in the order in which they are.
  int[] shown(long from, long to) {
    return inOrder(
        IntStream.range(0, sizes.length)
            .filter(sample -> times[sample] >= from && times[sample] < to)
            .toArray());
  }

  /// Samples, growing, in the order in which they are shown.
  int[] inOrder(int[] samples) {
    for (int i = 1; i < samples.length; i++) {
      if (times[samples[i]] < times[samples[i - 1]]) {
        Comparator<Integer> byTime = Comparator.comparingLong(sample -> times[sample]);
        return Arrays.stream(samples).boxed().sorted(byTime).mapToInt(Integer::intValue).toArray();
      }
    }
    return samples;
  }

  /// The same, shown at other times.
  SampleTable withTimes(long[] other) {
    return new SampleTable(offsets, sizes, other, sync, ticks, true);
  }

  /// The last sample up to `sample` that the file calls independent and that is shown no later; 0
  /// if there is none.
  int syncBefore(int sample) {
    if (sync == null) {
      return sample;
    }
    int at = Arrays.binarySearch(sync, sample);
    for (int i = at >= 0 ? at : -at - 2; i >= 0; i--) {
      if (times[sync[i]] <= times[sample]) {
        return sync[i];
      }
    }
    return 0;
  }
}
