package org.internvl4j.search;

/// Hears how indexing goes on, on the thread that indexes.
public interface IndexListener {
  /// Hears nothing.
  IndexListener NONE =
      new IndexListener() {
        @Override
        public void done(int done, int total) {}

        @Override
        public void unreadable(String path, String why) {}

        @Override
        public void mended(String what) {}
      };

  /// @param done files looked at, of those that are new or have changed
  /// @param total how many there are
  void done(int done, int total);

  /// A file or a folder that cannot be read, and is left out.
  ///
  /// @param why in words that go on behind the path
  void unreadable(String path, String why);

  /// Something was damaged and has been put right.
  void mended(String what);
}
