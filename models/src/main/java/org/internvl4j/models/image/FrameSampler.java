package org.internvl4j.models.image;

/// Which frames of a clip a model sees.
///
/// [#uniform] is the sampler of the model cards and of the MVBench evaluation; the others belong to
/// the training code, to transformers and to the MSR-VTT evaluation. Frames are counted from 0.
public final class FrameSampler {
  private static final double FROM_THE_START = -100_000;
  private static final double TO_THE_END = 100_000;

  private FrameSampler() {}

  /// The middle frames of `segments` equal stretches of the whole clip.
  ///
  /// @param frames frames of the clip, at least 1
  /// @param segments frames wanted, at least 1; short clips repeat frames
  /// @return `[segments]`, growing, each in 0 to `frames - 1`
  public static int[] uniform(int frames, int segments) {
    return uniform(frames, 1, FROM_THE_START, TO_THE_END, segments);
  }

  /// The middle frames of `segments` equal stretches of a part of the clip (`get_index` of the
  /// reference): `trunc(first + seg / 2 + rint(seg · k))` with `seg = (last - first) / segments`.
  /// Halves round to even.
  ///
  /// @param frames frames of the clip, at least 1
  /// @param fps average frames per second, above 0
  /// @param start seconds; before the clip means its first frame
  /// @param end seconds; behind the clip means its last frame
  /// @param segments frames wanted, at least 1
  /// @return `[segments]`, growing, each in 0 to `frames - 1`
  /// @throws IllegalArgumentException if an argument is out of range or the part holds no frame
  public static int[] uniform(int frames, double fps, double start, double end, int segments) {
    check(frames, segments);
    if (!(fps > 0) || !Double.isFinite(fps) || Double.isNaN(start) || Double.isNaN(end)) {
      throw new IllegalArgumentException(
          "frames: expected finite times and fps above 0, found %s fps, %s s to %s s"
              .formatted(fps, start, end));
    }
    double first = Math.max(0, Math.rint(start * fps));
    double last = Math.min(Math.rint(end * fps), frames - 1);
    if (first > last) {
      throw new IllegalArgumentException(
          "frames: %s s to %s s holds no frame of a clip of %d frames at %s fps"
              .formatted(start, end, frames, fps));
    }
    double segment = (last - first) / segments;
    int[] indices = new int[segments];
    for (int k = 0; k < segments; k++) {
      indices[k] = (int) (first + segment / 2 + Math.rint(segment * k));
    }
    return indices;
  }

  /// The floored middles of `count` equal intervals (`sample='middle'` of the training code); all
  /// frames if the clip has no more.
  public static int[] middle(int frames, int count) {
    check(frames, count);
    int wanted = Math.min(frames, count);
    int[] indices = new int[wanted];
    for (int k = 0; k < wanted; k++) {
      int from = bound(frames, wanted, k);
      int to = bound(frames, wanted, k + 1) - 1;
      indices[k] = (from + to) / 2;
    }
    return indices;
  }

  /// Point `k` of numpy's `linspace(0, frames, intervals + 1)`, truncated.
  private static int bound(int frames, int intervals, int k) {
    return k == intervals ? frames : (int) (k * ((double) frames / intervals));
  }

  /// The indices of transformers' video processor: `trunc(shift + k · total / count)`, with `shift
  /// = total / count / 2` if `initialShift`, else 0.
  ///
  /// @throws IllegalArgumentException if more frames are wanted than there are
  public static int[] evenlySpaced(int frames, int count, boolean initialShift) {
    check(frames, count);
    if (count > frames) {
      throw new IllegalArgumentException(
          "frames: %d wanted of a clip of %d; ask for fewer".formatted(count, frames));
    }
    double step = (double) frames / count;
    double shift = initialShift ? step / 2 : 0;
    int[] indices = new int[count];
    for (int k = 0; k < count; k++) {
      indices[k] = (int) (float) (shift + k * step); // torch.arange keeps float32
    }
    return indices;
  }

  private static void check(int frames, int count) {
    if (frames < 1 || count < 1) {
      throw new IllegalArgumentException(
          "frames: expected a clip of at least one frame and at least one wanted, found %d and %d"
              .formatted(frames, count));
    }
  }
}
