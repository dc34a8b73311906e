package org.internvl4j.search;

import java.util.ArrayList;
import java.util.List;

/// Keeps what is told.
class Told implements IndexListener {
  final List<String> lines = new ArrayList<>();

  @Override
  public void done(int done, int total) {}

  @Override
  public void unreadable(String path, String why) {
    lines.add(path + ": " + why);
  }

  @Override
  public void mended(String what) {
    lines.add(what);
  }
}
