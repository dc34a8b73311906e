package org.internvl4j.search;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A place of a log where an entry does not fit its checksum though whole ones stand behind it: the
/// file was damaged, where an end alone that is not whole is of somebody who writes or was stopped.
///
/// @param at byte where the damaged entry begins
/// @param before entries before it, which are kept
/// @param behind whole entries behind it, which are lost: what they say hangs on those before them
record Damage(Path log, long at, int before, int behind) {
  private static final int WINDOW = 1 << 20;
  private static final int LONGEST = EntryLog.HEAD + EntryLog.MOST_BYTES;

  /// Looks for whole entries behind the last checked one.
  ///
  /// @param end behind the last checked entry
  /// @param before how many those are
  /// @return null if there are none, or an entry that was being written is whole by now
  static @Nullable Damage find(Path log, FileChannel file, long end, int before)
      throws IOException {
    ByteBuffer window = ByteBuffer.allocate(WINDOW).order(ByteOrder.LITTLE_ENDIAN);
    int behind = 0;
    long at = end;
    while (true) {
      fill(window.clear(), file, at);
      boolean last = window.limit() < WINDOW;
      int from = 0;
      while (from < (last ? window.limit() : WINDOW - LONGEST)) {
        int bytes = EntryLog.whole(window, from);
        if (bytes > 0 && at + from == end) {
          return null;
        }
        behind += bytes > 0 ? 1 : 0;
        from += Math.max(1, bytes);
      }
      if (last) {
        return behind == 0 ? null : new Damage(log, end, before, behind);
      }
      at += from;
    }
  }

  private static void fill(ByteBuffer window, FileChannel file, long at) throws IOException {
    while (window.hasRemaining() && file.read(window, at + window.position()) >= 0) {}
    window.flip();
  }

  /// What whoever searches is told.
  String remark() {
    return what("used", "not used")
        + "; run 'internvl index' with the same folders again, which embeds their pictures anew";
  }

  /// What whoever indexes is told.
  String mended() {
    return what("kept", "lost") + "; their pictures are embedded again as they are found";
  }

  private String what(String first, String second) {
    return "the entry at byte %d of %s is damaged; %s: %d before it, %s: %d whole ones behind it"
        .formatted(at, log.getFileName(), first, before, second, behind);
  }
}
