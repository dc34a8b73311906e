package org.internvl4j.media.video;

import java.io.Serial;

/// A video is of a kind that this process does not decode, but ffmpeg may. The message says which:
/// `MP4 with HEVC`.
final class NotInProcessException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  NotInProcessException(String kind) {
    super(kind);
  }
}
